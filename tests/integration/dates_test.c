/* Dates as texts are what the C library itself writes: formats, numbers, and sizes that are too small. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

size_t __wrap_wcsftime(wchar_t *restrict to, size_t size, const wchar_t *restrict format, const struct tm *restrict when);
size_t __real_wcsftime(wchar_t *restrict to, size_t size, const wchar_t *restrict format, const struct tm *restrict when);

static int own;

size_t __real_wcsftime(wchar_t *restrict to, size_t size, const wchar_t *restrict format, const struct tm *restrict when)
{
    own++;
    return wcsftime(to, size, format, when);
}

static const wchar_t *const formats[] = {
    L"", L"x", L"%Y-%m-%d %H:%M:%S", L"%H%M", L"\u00e4%d\U0001f600", L"%Y", L"%S", L"%%", L"%", L"100%", L"%a, %d %b %Y", L"%j %y", L"%5Y",
    L"%+Y", L"%-d", L"%_H", L"%Ey", L"%Om", L"%c", L"%F %T", L"%q",
};
static const int numbers[] = {-1, 0, 1, 9, 10, 11, 12, 23, 31, 59, 60, 61, 99, 100, -2147483647 - 1, 2147483647};
static const int years[] = {-1900, -1901, -901, -900, -899, 0, 69, 124, 8099, 8100, -2147483647 - 1, 2147483647};
#define COUNT(list) (sizeof list / sizeof *list)

int main(void)
{
    int checks = 0, failures = 0;
    for (size_t f = 0; f < COUNT(formats); f++)
        for (size_t n = 0; n < COUNT(numbers); n++)
            for (size_t y = 0; y < COUNT(years); y++)
                for (size_t size = 0; size <= 40; size++) {
                    const int number = numbers[n];
                    const struct tm when = {.tm_year = years[y], .tm_mon = number, .tm_mday = number, .tm_hour = number, .tm_min = number, .tm_sec = number};
                    wchar_t ours[48], theirs[48];
                    wmemset(ours, L'?', COUNT(ours));
                    wmemset(theirs, L'?', COUNT(theirs));
                    const size_t a = __wrap_wcsftime(ours, size, formats[f], &when), b = wcsftime(theirs, size, formats[f], &when);
                    checks++;
                    if (a != b || (a != 0 && wmemcmp(ours, theirs, a + 1) != 0) || wmemcmp(ours + size, theirs + size, COUNT(ours) - size) != 0) {
                        failures++;
                        printf("%ls with %d, %d and size %zu: %zu, %zu\n", formats[f], number, years[y], size, a, b);
                    }
                }
    printf("%d checks, %d failures, %s left to the C library\n", checks, failures, own > 0 && own < checks ? "some" : "all or none");
    return failures != 0;
}
