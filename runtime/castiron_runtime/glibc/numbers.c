/* Numbers in texts: the functions of C23, which take 0b prefixes, and those that take a locale.
 *
 * musl's locales all write numbers as C's does, so a locale changes nothing. */
#include "gnu.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <wchar.h>
#include <wctype.h>

/* Where the digits of a binary number begin: behind 0b, if a binary digit follows, the base allows it, and there may be a sign
 * in front.  NULL if the text holds no such number. */
static const char *binary_digits(const char *text, int base, int *negative)
{
    if (base != 0 && base != 2)
        return NULL;
    while (isspace((unsigned char)*text))
        text++;
    *negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    if (text[0] != '0' || (text[1] != 'b' && text[1] != 'B') || (text[2] != '0' && text[2] != '1'))
        return NULL;
    return text + 2;
}

static const wchar_t *wide_binary_digits(const wchar_t *text, int base, int *negative)
{
    if (base != 0 && base != 2)
        return NULL;
    while (iswspace((wint_t)*text))
        text++;
    *negative = *text == L'-';
    if (*text == L'-' || *text == L'+')
        text++;
    if (text[0] != L'0' || (text[1] != L'b' && text[1] != L'B') || (text[2] != L'0' && text[2] != L'1'))
        return NULL;
    return text + 2;
}

/* Digits come without a sign, so a negative number is read as an unsigned one of the same width, and its range is checked here. */
#define SIGNED(name, type, function, wider, find, character, most, least)                       \
    type name(const character *text, character **end, int base)                                 \
    {                                                                                           \
        int negative;                                                                           \
        const character *digits = find(text, base, &negative);                                  \
        if (!digits)                                                                            \
            return function(text, end, base);                                                   \
        int saved = errno;                                                                      \
        errno = 0;                                                                              \
        unsigned type value = wider(digits, end, 2);                                            \
        if (errno == ERANGE || value > (unsigned type)most + (unsigned)negative) {              \
            errno = ERANGE;                                                                     \
            return negative ? least : most;                                                     \
        }                                                                                       \
        errno = saved;                                                                          \
        return negative ? (type)-value : (type)value;                                           \
    }

#define UNSIGNED(name, type, function, find, character)             \
    type name(const character *text, character **end, int base)     \
    {                                                               \
        int negative;                                               \
        const character *digits = find(text, base, &negative);      \
        if (!digits)                                                \
            return function(text, end, base);                       \
        type value = function(digits, end, 2);                      \
        return negative && value != (type)-1 ? -value : value;      \
    }

SIGNED(GNU(__isoc23_strtol), long, strtol, strtoul, binary_digits, char, LONG_MAX, LONG_MIN)
SIGNED(GNU(__isoc23_strtoll), long long, strtoll, strtoull, binary_digits, char, LLONG_MAX, LLONG_MIN)
UNSIGNED(GNU(__isoc23_strtoul), unsigned long, strtoul, binary_digits, char)
UNSIGNED(GNU(__isoc23_strtoull), unsigned long long, strtoull, binary_digits, char)
SIGNED(GNU(__isoc23_wcstol), long, wcstol, wcstoul, wide_binary_digits, wchar_t, LONG_MAX, LONG_MIN)
SIGNED(GNU(__isoc23_wcstoll), long long, wcstoll, wcstoull, wide_binary_digits, wchar_t, LLONG_MAX, LLONG_MIN)
UNSIGNED(GNU(__isoc23_wcstoul), unsigned long, wcstoul, wide_binary_digits, wchar_t)
UNSIGNED(GNU(__isoc23_wcstoull), unsigned long long, wcstoull, wide_binary_digits, wchar_t)

SAME(__isoc23_strtoimax, castiron_gnu___isoc23_strtol);
SAME(__isoc23_strtoumax, castiron_gnu___isoc23_strtoul);
SAME(__isoc23_wcstoimax, castiron_gnu___isoc23_wcstol);
SAME(__isoc23_wcstoumax, castiron_gnu___isoc23_wcstoul);

/* The locale is one argument more, behind those that the plain function takes. */
SAME(strtol_l, strtol);
SAME(__strtol_l, strtol);
SAME(strtoul_l, strtoul);
SAME(__strtoul_l, strtoul);
SAME(strtoll_l, strtoll);
SAME(__strtoll_l, strtoll);
SAME(strtoull_l, strtoull);
SAME(__strtoull_l, strtoull);
SAME(strtod_l, strtod);
SAME(__strtod_l, strtod);
SAME(strtof_l, strtof);
SAME(__strtof_l, strtof);
SAME(strtold_l, strtold);
SAME(__strtold_l, strtold);
SAME(wcstol_l, wcstol);
SAME(__wcstol_l, wcstol);
SAME(wcstoul_l, wcstoul);
SAME(__wcstoul_l, wcstoul);
SAME(wcstoll_l, wcstoll);
SAME(__wcstoll_l, wcstoll);
SAME(wcstoull_l, wcstoull);
SAME(__wcstoull_l, wcstoull);
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
SAME(__wcstol_internal, wcstol);
SAME(__wcstoul_internal, wcstoul);
SAME(__wcstoll_internal, wcstoll);
SAME(__wcstoull_internal, wcstoull);
SAME(strtoq, strtoll);
SAME(strtouq, strtoull);
SAME(wcstoq, wcstoll);
SAME(wcstouq, wcstoull);

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
