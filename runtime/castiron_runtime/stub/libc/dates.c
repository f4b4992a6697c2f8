/* Dates as texts: `time.strftime` calls wcsftime.  The C library formats each number by snprintf and widens what comes out, which takes
 * three times as long as glibc's.  The numbers that stand in nearly every time of a log are written here; a format with
 * anything else in it is the C library's as a whole.  Source: ISO C, strftime: the ranges of struct tm's members. */
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <wchar.h>

size_t __real_wcsftime(wchar_t *restrict to, size_t size, const wchar_t *restrict format, const struct tm *restrict when);

/* A number with its digits; false if it has another number of them. */
static bool number(const struct tm *when, wchar_t conversion, int *value, int *digits)
{
    *digits = 2;
    switch (conversion) {
    case L'Y':
        *digits = 4;
        *value = when->tm_year <= 9999 - 1900 ? when->tm_year + 1900 : -1;
        return *value >= 1000 && *value <= 9999;
    case L'm':
        *value = when->tm_mon >= 0 && when->tm_mon <= 11 ? when->tm_mon + 1 : -1;
        break;
    case L'd':
        *value = when->tm_mday;
        break;
    case L'H':
        *value = when->tm_hour;
        break;
    case L'M':
        *value = when->tm_min;
        break;
    case L'S':
        *value = when->tm_sec;
        break;
    default:
        return false;
    }
    return *value >= 0 && *value <= 99;
}

size_t __wrap_wcsftime(wchar_t *restrict to, size_t size, const wchar_t *restrict format, const struct tm *restrict when)
{
    size_t used = 0;
    for (const wchar_t *at = format; *at != L'\0'; at++) {
        int value = 0, digits = 0;
        if (*at == L'%' && !number(when, *++at, &value, &digits))
            return __real_wcsftime(to, size, format, when);
        const size_t next = used + (digits != 0 ? (size_t)digits : 1);
        if (next >= size)
            return __real_wcsftime(to, size, format, when); /* which says that it does not fit, and leaves what it leaves */
        if (digits == 0)
            to[used] = *at;
        for (size_t place = next; digits > 0; digits--, value /= 10)
            to[--place] = L'0' + value % 10;
        used = next;
    }
    if (used >= size)
        return __real_wcsftime(to, size, format, when);
    to[used] = L'\0';
    return used;
}
