/* Numbers of 128 bits (IEEE 754 binary128) as texts, exactly: libquadmath and libgfortran read and write them by glibc.
 *
 * A number is m * 2^e with an m of 113 bits.  As a text: if e is negative, it is m * 5^-e / 10^-e, so its digits are those of a
 * whole number; rounding is done on them.  From a text: digits * 10^e is multiplied by a power of two that leaves more than
 * 113 bits after short divisions by 10^9, whose remainders tell what was left. */
#include "gnu.h"

#include <errno.h>
#include <fenv.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef __float128 real;
typedef unsigned __int128 word128;

enum {
    BITS = 113,
    BIAS = 16383,
    LEAST_EXPONENT = -16382 - 112, /* of the last bit of a subnormal number */
    LIMBS = 2600,                  /* base 10^9 or 2^32: more than any number below needs */
    MOST_DIGITS = 11600,           /* significant ones that decide; more are remembered as "not zero" */
};

struct big {
    int count;
    uint32_t limb[LIMBS];
};

static void multiply(struct big *big, uint32_t factor, uint32_t add, uint64_t base)
{
    uint64_t carry = add;
    for (int i = 0; i < big->count; i++) {
        carry += (uint64_t)big->limb[i] * factor;
        big->limb[i] = (uint32_t)(carry % base);
        carry /= base;
    }
    if (carry && big->count < LIMBS)
        big->limb[big->count++] = (uint32_t)carry;
}

/* The remainder. */
static uint32_t divide(struct big *big, uint32_t divisor)
{
    uint64_t rest = 0;
    for (int i = big->count; i-- > 0;) {
        rest = rest << 32 | big->limb[i];
        big->limb[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
    while (big->count && !big->limb[big->count - 1])
        big->count--;
    return (uint32_t)rest;
}

#define BILLION 1000000000u

/* All decimal digits of m * 2^e, with how many of them stand behind the point. */
static char *decimal_digits(word128 m, int e, int *behind)
{
    struct big *big = malloc(sizeof *big);
    char *digits = malloc(9 * LIMBS + 1);
    if (!big || !digits) {
        free(big);
        free(digits);
        return NULL;
    }
    big->count = 0;
    for (int shift = 96; shift >= 0; shift -= 32) {
        /* m = ((m3 * 2^32 + m2) * 2^32 + ...), in two steps each as the factor has to be below 2^32 */
        uint32_t part = (uint32_t)(m >> shift);
        multiply(big, 1u << 16, part >> 16, BILLION);
        multiply(big, 1u << 16, part & 0xffff, BILLION);
    }
    *behind = e < 0 ? -e : 0;
    for (int left = e; left > 0;) {
        int step = left > 29 ? 29 : left;
        multiply(big, 1u << step, 0, BILLION);
        left -= step;
    }
    for (int left = -e; left > 0;) {
        uint32_t factor = 1;
        int step = 0;
        for (; step < left && step < 12; step++)
            factor *= 5;
        multiply(big, factor, 0, BILLION);
        left -= step;
    }
    char *at = digits;
    for (int i = big->count; i-- > 0;)
        at += snprintf(at, 10, i == big->count - 1 ? "%u" : "%09u", big->limb[i]);
    *at = '\0';
    free(big);
    return digits;
}

/* Keep `keep` digits, rounding to nearest, ties to even; 1 if that made one digit more ("99" to "10" and an exponent). */
static int round_digits(char *digits, int keep)
{
    int length = (int)strlen(digits);
    if (keep >= length)
        return 0;
    if (keep < 0) {
        digits[0] = '\0';
        return 0;
    }
    int rest_is_zero = 1;
    for (int i = keep + 1; i < length; i++)
        rest_is_zero &= digits[i] == '0';
    int odd = keep > 0 && (digits[keep - 1] - '0') % 2;
    int up = digits[keep] > '5' || (digits[keep] == '5' && (!rest_is_zero || odd));
    digits[keep] = '\0';
    if (!up)
        return 0;
    for (int i = keep; i-- > 0;) {
        if (digits[i] != '9') {
            digits[i]++;
            return 0;
        }
        digits[i] = '0';
    }
    if (keep == 0) {
        strcpy(digits, "1");
        return 1;
    }
    digits[0] = '1';
    return 1;
}

struct out {
    char *to;
    size_t size, length;
};

static void put(struct out *out, char c)
{
    if (out->length + 1 < out->size)
        out->to[out->length] = c;
    out->length++;
}

static void put_text(struct out *out, const char *text)
{
    while (*text)
        put(out, *text++);
}

static void put_exponent(struct out *out, char letter, int exponent, int least_digits)
{
    char text[16];
    snprintf(text, sizeof text, "%c%+0*d", letter, least_digits + 1, exponent);
    put_text(out, text);
}

static void put_hexadecimal(struct out *out, word128 m, int e, int precision, int upper)
{
    /* One digit before the point: the number's highest bit. */
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    int exponent = m ? e + BITS - 1 : 0;
    while (m && !(m >> (BITS - 1))) {
        /* A subnormal number keeps the least exponent, as in glibc. */
        exponent = e + BITS - 1;
        break;
    }
    if (precision >= 0 && precision < 28) {
        int drop = 4 * (28 - precision);
        word128 half = (word128)1 << (drop - 1), rest = m & (((word128)1 << drop) - 1);
        m >>= drop;
        if (rest > half || (rest == half && m & 1))
            m++;
        m <<= drop;
    }
    put_text(out, upper ? "0X" : "0x");
    put(out, digits[(int)(m >> (BITS - 1)) & 15]);
    int shown = 28;
    if (precision < 0)
        while (shown > 0 && !(m >> (4 * (28 - shown)) & 15))
            shown--;
    else
        shown = precision;
    if (shown > 0)
        put(out, '.');
    for (int i = 1; i <= shown; i++)
        put(out, i <= 28 ? digits[(int)(m >> (4 * (28 - i))) & 15] : '0');
    put_exponent(out, upper ? 'P' : 'p', exponent, 1);
}

static int put_decimal(struct out *out, word128 m, int e, int precision, char conversion)
{
    int behind, upper = conversion >= 'A' && conversion <= 'Z', kind = conversion | 0x20, style = kind;
    char *digits = decimal_digits(m, e, &behind);
    if (!digits)
        return -1;
    char *first = digits + strspn(digits, "0");
    memmove(digits, first, strlen(first) + 1);
    if (precision < 0)
        precision = 6;
    if (kind == 'g' && precision == 0)
        precision = 1;
    /* Of the first digit: the number is 0.d1d2... * 10^(point). */
    int point = (int)strlen(digits) - behind;
    if (!*digits)
        point = 1;
    int keep = kind == 'f' ? point + precision : kind == 'e' ? precision + 1 : precision;
    point += round_digits(digits, keep);
    int exponent = *digits ? point - 1 : 0;
    if (kind == 'g') {
        style = exponent < -4 || exponent >= precision ? 'e' : 'f';
        precision = style == 'e' ? precision - 1 : precision - 1 - exponent;
        int used = (int)strlen(digits);
        while (used > 0 && digits[used - 1] == '0')
            used--;
        int least = style == 'e' ? used - 1 : used - point;
        if (least < precision)
            precision = least > 0 ? least : 0;
    }
    int length = (int)strlen(digits);
    int start = style == 'e' ? 0 : point > 0 ? 0 : point - 1;
    int before = style == 'e' ? 1 : point > 0 ? point : 1;
    for (int i = 0; i < before; i++)
        put(out, start + i >= 0 && start + i < length ? digits[start + i] : '0');
    if (precision > 0)
        put(out, '.');
    for (int i = before; i < before + precision; i++)
        put(out, start + i >= 0 && start + i < length ? digits[start + i] : '0');
    if (style == 'e')
        put_exponent(out, upper ? 'E' : 'e', exponent, 2);
    free(digits);
    return 0;
}

int GNU(strfromf128)(char *to, size_t size, const char *format, real x)
{
    word128 bits;
    memcpy(&bits, &x, sizeof bits);
    int negative = (int)(bits >> 127), field = (int)(bits >> 112 & 0x7fff), precision = -1;
    word128 m = bits & (((word128)1 << 112) - 1);
    struct out out = {to, size, 0};
    const char *at = format + 1;
    if (*at == '.') {
        precision = 0;
        for (at++; *at >= '0' && *at <= '9'; at++)
            precision = precision < 100000 ? precision * 10 + *at - '0' : precision;
    }
    char conversion = *at;
    int upper = conversion >= 'A' && conversion <= 'Z', kind = conversion | 0x20;
    if (*format != '%' || !strchr("aefg", kind))
        abort(); /* as C23 leaves open, and glibc does */
    if (negative)
        put(&out, '-');
    if (field == 0x7fff) {
        put_text(&out, m ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf"));
    } else {
        int e = (field ? field : 1) - BIAS - 112;
        if (field)
            m |= (word128)1 << 112;
        if (kind == 'a')
            put_hexadecimal(&out, m, e, precision, upper);
        else if (put_decimal(&out, m, e, precision, conversion))
            return -1;
    }
    if (size)
        to[out.length < size ? out.length : size - 1] = '\0';
    return out.length > INT_MAX ? -1 : (int)out.length;
}

/* m * 2^e with `sticky` saying whether more follows, rounded to nearest even. */
static real compose(word128 m, int e, int sticky, int negative)
{
    /* To 113 bits, or fewer where the exponent has reached its end. */
    int length = 0;
    for (word128 rest = m; rest; rest >>= 1)
        length++;
    int drop = length - BITS;
    if (e + drop < LEAST_EXPONENT)
        drop = LEAST_EXPONENT - e;
    int inexact = sticky;
    if (drop > 127) {
        inexact |= m != 0;
        m = 0;
        e += drop;
    } else if (drop > 0) {
        word128 rest = m & (((word128)1 << drop) - 1), half = (word128)1 << (drop - 1);
        m >>= drop;
        e += drop;
        inexact |= rest != 0;
        if (rest > half || (rest == half && (sticky || m & 1)))
            m++;
        if (m >> BITS) {
            m >>= 1;
            e++;
        }
    } else if (drop < 0) {
        m <<= -drop;
        e += drop;
    }
    word128 bits;
    int field = m >> (BITS - 1) ? e + BIAS + 112 : 0;
    if (field >= 0x7fff) {
        bits = (word128)0x7fff << 112;
        errno = ERANGE;
    } else {
        bits = (word128)field << 112 | (m & (((word128)1 << 112) - 1));
        if (field == 0 && inexact)
            errno = ERANGE;
    }
    bits |= (word128)negative << 127;
    real x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static long read_exponent(const char **at, char letter)
{
    const char *next = *at + 1;
    int negative = *next == '-';
    long value = 0;
    if ((**at | 0x20) != letter)
        return 0;
    if (*next == '-' || *next == '+')
        next++;
    if (*next < '0' || *next > '9')
        return 0;
    for (; *next >= '0' && *next <= '9'; next++)
        value = value < 1000000 ? value * 10 + *next - '0' : value;
    *at = next;
    return negative ? -value : value;
}

static int hexadecimal_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

static real read_hexadecimal(const char *at, const char **end, int negative)
{
    word128 m = 0;
    long e = 0;
    int sticky = 0, seen_point = 0, any = 0;
    for (;; at++) {
        int digit = hexadecimal_digit(*at);
        if (*at == '.' && !seen_point) {
            seen_point = 1;
            continue;
        }
        if (digit < 0)
            break;
        any = 1;
        if (m >> 120) {
            sticky |= digit != 0;
            e += seen_point ? 0 : 4;
        } else {
            m = m << 4 | (unsigned)digit;
            e -= seen_point ? 4 : 0;
        }
    }
    if (!any)
        return 0;
    e += read_exponent(&at, 'p');
    *end = at;
    if (e > 40000)
        e = 40000;
    if (e < -40000)
        e = -40000;
    return m ? compose(m, (int)e, sticky, negative) : (negative ? -(real)0 : 0);
}

static real read_decimal(const char *at, const char **end, int negative)
{
    struct big *big = calloc(1, sizeof *big);
    if (!big) {
        errno = ENOMEM;
        return 0;
    }
    long e = 0, digits = 0;
    int sticky = 0, seen_point = 0, any = 0;
    for (;; at++) {
        if (*at == '.' && !seen_point) {
            seen_point = 1;
            continue;
        }
        if (*at < '0' || *at > '9')
            break;
        any = 1;
        if (digits > MOST_DIGITS) {
            sticky |= *at != '0';
            e += !seen_point;
        } else {
            multiply(big, 10, (uint32_t)(*at - '0'), (uint64_t)1 << 32);
            digits += big->count > 0;
            e -= seen_point;
        }
    }
    real result = negative ? -(real)0 : 0;
    if (any) {
        e += read_exponent(&at, 'e');
        *end = at;
    }
    if (big->count && digits + e > 5000) {
        result = compose((word128)1 << 112, 40000, 1, negative);
    } else if (big->count && digits + e < -5100) {
        result = compose(1, -40000, 1, negative);
    } else if (big->count) {
        int binary = 0;
        for (; e > 0; e -= e > 9 ? 9 : e)
            multiply(big, e > 9 ? BILLION : (uint32_t[]){1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, BILLION}[e], 0,
                (uint64_t)1 << 32);
        if (e < 0) {
            /* Room for 10^-e (log2 10 < 3.33), and for 128 bits above. */
            int limbs = (int)((-e * 333 / 100 + 160) / 32) + 1;
            memmove(big->limb + limbs, big->limb, (size_t)big->count * sizeof *big->limb);
            memset(big->limb, 0, (size_t)limbs * sizeof *big->limb);
            big->count += limbs;
            binary = -32 * limbs;
            for (; e < 0; e += 9) {
                uint32_t divisor = 1;
                for (long i = 0; i < 9 && i < -e; i++)
                    divisor *= 10;
                sticky |= divide(big, divisor) != 0;
                if (e > -9)
                    break;
            }
        }
        /* The highest 128 bits or all. */
        word128 m = 0;
        int taken = 0;
        for (int i = big->count; i-- > 0;) {
            if (taken < 4 && (m >> 96) == 0) {
                m = m << 32 | big->limb[i];
                taken++;
            } else {
                sticky |= big->limb[i] != 0;
                binary += 32;
            }
        }
        /* A lowest bit that stands for what follows keeps rounding right: m has 97 bits or more if anything was left. */
        if ((m >> (BITS + 1)) == 0 && taken == 4) {
            int index = big->count - 5;
            for (int bit = 31; bit >= 0 && index >= 0 && (m >> 127) == 0; bit--) {
                m = m << 1 | (big->limb[index] >> bit & 1);
                binary--;
            }
        }
        result = compose(m, binary, sticky, negative);
    }
    free(big);
    return result;
}

real GNU(strtof128)(const char *text, char **end)
{
    const char *at = text, *behind = text;
    real result = 0;
    while (*at == ' ' || (*at >= '\t' && *at <= '\r'))
        at++;
    int negative = *at == '-';
    if (*at == '-' || *at == '+')
        at++;
    if (strncasecmp(at, "inf", 3) == 0) {
        behind = at + (strncasecmp(at, "infinity", 8) == 0 ? 8 : 3);
        result = negative ? -__builtin_inff() : __builtin_inff();
    } else if (strncasecmp(at, "nan", 3) == 0) {
        behind = at + 3;
        result = negative ? -__builtin_nanf("") : __builtin_nanf("");
    } else if (at[0] == '0' && (at[1] | 0x20) == 'x'
        && (hexadecimal_digit(at[2]) >= 0 || (at[2] == '.' && hexadecimal_digit(at[3]) >= 0))) {
        result = read_hexadecimal(at + 2, &behind, negative);
    } else {
        result = read_decimal(at, &behind, negative);
    }
    if (end)
        *end = (char *)behind;
    return result;
}

SAME(strtof128_l, castiron_gnu_strtof128);
SAME(__strtof128_internal, castiron_gnu_strtof128);
