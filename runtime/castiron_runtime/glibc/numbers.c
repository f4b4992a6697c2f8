/* Numbers in texts: whole numbers, C23's with 0b prefixes, and the functions that take a locale.
 *
 * musl's locales all write numbers as C's does, so a locale changes nothing.  Whole numbers are read here: the toolchain's strtol leaves
 * `end` where a number became too large. */
#include "gnu.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <wchar.h>
#include <wctype.h>

/* One function for all: the text is read as far as its digits go, also where the number is too large. */
struct number {
    unsigned long long value;
    int negative, overflow;
    size_t length; /* of what was read; 0 if there is no number */
};

static int digit(long c)
{
    if (c >= '0' && c <= '9')
        return (int)c - '0';
    if (c >= 'a' && c <= 'z')
        return (int)c - 'a' + 10;
    return c >= 'A' && c <= 'Z' ? (int)c - 'A' + 10 : 36;
}

/* `binary`: 0b is a prefix, which it is since C23. */
#define READER(name, character, is_space)                                                                   \
    static struct number name(const character *text, int base, int binary)                                 \
    {                                                                                                      \
        struct number number = {0};                                                                        \
        const character *at = text;                                                                        \
        while (is_space(*at))                                                                              \
            at++;                                                                                          \
        number.negative = *at == '-';                                                                      \
        if (*at == '-' || *at == '+')                                                                      \
            at++;                                                                                          \
        if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X') && (base == 0 || base == 16) && digit(at[2]) < 16) { \
            at += 2;                                                                                       \
            base = 16;                                                                                     \
        } else if (binary && at[0] == '0' && (at[1] == 'b' || at[1] == 'B') && (base == 0 || base == 2)     \
            && digit(at[2]) < 2) {                                                                         \
            at += 2;                                                                                       \
            base = 2;                                                                                      \
        } else if (base == 0) {                                                                            \
            base = at[0] == '0' ? 8 : 10;                                                                  \
        }                                                                                                  \
        const character *first = at;                                                                       \
        for (; digit(*at) < base; at++)                                                                    \
            number.overflow |= __builtin_mul_overflow(number.value, (unsigned)base, &number.value)         \
                | __builtin_add_overflow(number.value, (unsigned)digit(*at), &number.value);               \
        number.length = at > first ? (size_t)(at - text) : 0;                                              \
        return number;                                                                                     \
    }

static int is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

READER(read_narrow, char, is_space)
READER(read_wide, wchar_t, iswspace)

/* long and long long have 64 bits both. */
_Static_assert(sizeof(long) == 8 && sizeof(long long) == 8, "one function serves for both");

static long as_signed(struct number number)
{
    if (number.overflow || number.value > (unsigned long)LONG_MAX + (unsigned)number.negative) {
        errno = ERANGE;
        return number.negative ? LONG_MIN : LONG_MAX;
    }
    return (long)(number.negative ? -number.value : number.value);
}

static unsigned long as_unsigned(struct number number)
{
    if (number.overflow) {
        errno = ERANGE;
        return ULONG_MAX;
    }
    return number.negative ? -number.value : number.value;
}

#define FUNCTION(name, result, character, reader, binary, convert)           \
    result name(const character *text, character **end, int base)            \
    {                                                                        \
        if (base < 0 || base == 1 || base > 36) {                            \
            errno = EINVAL;                                                  \
            return 0;                                                        \
        }                                                                    \
        struct number number = reader(text, base, binary);                   \
        if (end)                                                             \
            *end = (character *)text + number.length;                        \
        return convert(number);                                              \
    }

FUNCTION(GNU(strtol), long, char, read_narrow, 0, as_signed)
FUNCTION(GNU(strtoul), unsigned long, char, read_narrow, 0, as_unsigned)
FUNCTION(GNU(wcstol), long, wchar_t, read_wide, 0, as_signed)
FUNCTION(GNU(wcstoul), unsigned long, wchar_t, read_wide, 0, as_unsigned)
FUNCTION(GNU(__isoc23_strtol), long, char, read_narrow, 1, as_signed)
FUNCTION(GNU(__isoc23_strtoul), unsigned long, char, read_narrow, 1, as_unsigned)
FUNCTION(GNU(__isoc23_wcstol), long, wchar_t, read_wide, 1, as_signed)
FUNCTION(GNU(__isoc23_wcstoul), unsigned long, wchar_t, read_wide, 1, as_unsigned)

SAME(strtoll, castiron_gnu_strtol);
SAME(strtoull, castiron_gnu_strtoul);
SAME(strtoimax, castiron_gnu_strtol);
SAME(strtoumax, castiron_gnu_strtoul);
SAME(wcstoll, castiron_gnu_wcstol);
SAME(wcstoull, castiron_gnu_wcstoul);
SAME(wcstoimax, castiron_gnu_wcstol);
SAME(wcstoumax, castiron_gnu_wcstoul);
SAME(__strtol_internal, castiron_gnu_strtol);
SAME(__strtoul_internal, castiron_gnu_strtoul);
SAME(__strtoll_internal, castiron_gnu_strtol);
SAME(__strtoull_internal, castiron_gnu_strtoul);
SAME(__isoc23_strtoll, castiron_gnu___isoc23_strtol);
SAME(__isoc23_strtoull, castiron_gnu___isoc23_strtoul);
SAME(__isoc23_wcstoll, castiron_gnu___isoc23_wcstol);
SAME(__isoc23_wcstoull, castiron_gnu___isoc23_wcstoul);
SAME(__isoc23_strtoimax, castiron_gnu___isoc23_strtol);
SAME(__isoc23_strtoumax, castiron_gnu___isoc23_strtoul);
SAME(__isoc23_wcstoimax, castiron_gnu___isoc23_wcstol);
SAME(__isoc23_wcstoumax, castiron_gnu___isoc23_wcstoul);

/* The locale is one argument more, behind those that the plain function takes. */
SAME(strtol_l, castiron_gnu_strtol);
SAME(__strtol_l, castiron_gnu_strtol);
SAME(strtoul_l, castiron_gnu_strtoul);
SAME(__strtoul_l, castiron_gnu_strtoul);
SAME(strtoll_l, castiron_gnu_strtoll);
SAME(__strtoll_l, castiron_gnu_strtoll);
SAME(strtoull_l, castiron_gnu_strtoull);
SAME(__strtoull_l, castiron_gnu_strtoull);
SAME(strtod_l, strtod);
SAME(__strtod_l, strtod);
SAME(strtof_l, strtof);
SAME(__strtof_l, strtof);
SAME(strtold_l, strtold);
SAME(__strtold_l, strtold);
SAME(wcstol_l, castiron_gnu_wcstol);
SAME(__wcstol_l, castiron_gnu_wcstol);
SAME(wcstoul_l, castiron_gnu_wcstoul);
SAME(__wcstoul_l, castiron_gnu_wcstoul);
SAME(wcstoll_l, castiron_gnu_wcstoll);
SAME(__wcstoll_l, castiron_gnu_wcstoll);
SAME(wcstoull_l, castiron_gnu_wcstoull);
SAME(__wcstoull_l, castiron_gnu_wcstoull);
SAME(wcstod_l, wcstod);
SAME(__wcstod_l, wcstod);
SAME(wcstof_l, wcstof);
SAME(__wcstof_l, wcstof);
SAME(wcstold_l, wcstold);
SAME(__wcstold_l, wcstold);
SAME(__isoc23_strtol_l, castiron_gnu___isoc23_strtol);
SAME(__isoc23_strtoul_l, castiron_gnu___isoc23_strtoul);
SAME(__isoc23_strtoll_l, castiron_gnu___isoc23_strtoll);
SAME(__isoc23_strtoull_l, castiron_gnu___isoc23_strtoull);
SAME(__isoc23_wcstol_l, castiron_gnu___isoc23_wcstol);
SAME(__isoc23_wcstoul_l, castiron_gnu___isoc23_wcstoul);
SAME(__isoc23_wcstoll_l, castiron_gnu___isoc23_wcstoll);
SAME(__isoc23_wcstoull_l, castiron_gnu___isoc23_wcstoull);

/* Old headers call these; the argument more says whether digits are grouped, which no locale here does. */
SAME(__strtod_internal, strtod);
SAME(__strtof_internal, strtof);
SAME(__strtold_internal, strtold);
SAME(__wcstod_internal, wcstod);
SAME(__wcstof_internal, wcstof);
SAME(__wcstold_internal, wcstold);
SAME(__wcstol_internal, castiron_gnu_wcstol);
SAME(__wcstoul_internal, castiron_gnu_wcstoul);
SAME(__wcstoll_internal, castiron_gnu_wcstoll);
SAME(__wcstoull_internal, castiron_gnu_wcstoull);
SAME(strtoq, castiron_gnu_strtoll);
SAME(strtouq, castiron_gnu_strtoull);
SAME(wcstoq, castiron_gnu_wcstoll);
SAME(wcstouq, castiron_gnu_wcstoull);

/* Types of other names for the same formats: _Float32, _Float64, _Float32x (double), _Float64x (long double). */
SAME(strtof32, strtof);
SAME(strtof64, strtod);
SAME(strtof32x, strtod);
SAME(strtof64x, strtold);
SAME(strtof32_l, strtof);
SAME(strtof64_l, strtod);
SAME(strtof32x_l, strtod);
SAME(strtof64x_l, strtold);
SAME(wcstof32, wcstof);
SAME(wcstof64, wcstod);
SAME(wcstof32x, wcstod);
SAME(wcstof64x, wcstold);
