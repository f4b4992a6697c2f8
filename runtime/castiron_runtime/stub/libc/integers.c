/* Texts of integers, and a seed.
 *
 * The C library's strtol and its relatives (Zig's, which stand in for musl's) end at the digit with which the number becomes
 * too large; all digits belong to it (C23 7.24.2.8, paragraph 5).  Its srand48 takes 16 of the seed's 32 bits. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

/* The value of a digit in bases up to 36; more for what is none. */
static unsigned digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 10;
    return c >= 'A' && c <= 'Z' ? (unsigned)(c - 'A') + 10 : 36;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The number at the beginning of a text, of which `most` and below zero `least` may be the largest, as for strtoumax.  What is
 * too large is one of these two, and ERANGE. */
static uintmax_t number(const char *text, char **end, int base, uintmax_t most, uintmax_t least)
{
    const char *at = text;
    uintmax_t value = 0;
    bool too_large = false;
    if (end != NULL)
        *end = (char *)text;
    if (base < 0 || base == 1 || base > 36) {
        errno = EINVAL;
        return 0;
    }
    while (is_space(*at))
        at++;
    bool negative = *at == '-';
    if (*at == '-' || *at == '+')
        at++;
    if ((base == 0 || base == 16) && at[0] == '0' && (at[1] | 0x20) == 'x' && digit(at[2]) < 16) {
        at += 2;
        base = 16;
    }
    if (base == 0)
        base = *at == '0' ? 8 : 10;
    if (digit(*at) >= (unsigned)base)
        return 0;
    uintmax_t limit = negative ? least : most;
    for (; digit(*at) < (unsigned)base; at++) {
        too_large = too_large || __builtin_mul_overflow(value, (uintmax_t)base, &value) ||
                    __builtin_add_overflow(value, digit(*at), &value) || value > limit;
    }
    if (end != NULL)
        *end = (char *)at;
    if (too_large) {
        errno = ERANGE;
        value = limit;
    }
    return negative && !(too_large && least == most) ? -value : value;
}

#define SIGNED(name, type, largest)                                                                                    \
    type name(const char *restrict text, char **restrict end, int base)                                                \
    {                                                                                                                  \
        return (type)number(text, end, base, (uintmax_t)(largest), (uintmax_t)(largest) + 1);                          \
    }                                                                                                                  \
    type __##name##_internal(const char *restrict text, char **restrict end, int base) __attribute__((alias(#name)));
#define UNSIGNED(name, type, largest)                                                                                  \
    type name(const char *restrict text, char **restrict end, int base)                                                \
    {                                                                                                                  \
        return (type)number(text, end, base, (largest), (largest));                                                    \
    }                                                                                                                  \
    type __##name##_internal(const char *restrict text, char **restrict end, int base) __attribute__((alias(#name)));

SIGNED(strtol, long, LONG_MAX)
SIGNED(strtoll, long long, LLONG_MAX)
SIGNED(strtoimax, intmax_t, INTMAX_MAX)
UNSIGNED(strtoul, unsigned long, ULONG_MAX)
UNSIGNED(strtoull, unsigned long long, ULLONG_MAX)
UNSIGNED(strtoumax, uintmax_t, UINTMAX_MAX)

void srand48(long seed)
{
    unsigned short state[] = {0x330E, (unsigned short)seed, (unsigned short)(seed >> 16)};
    seed48(state);
}
