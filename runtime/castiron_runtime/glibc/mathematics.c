/* Mathematics: kinds of numbers under old names, and functions that musl does not have. */
#include "gnu.h"

#include <fenv.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* -1, 0 or 1: which infinity. */
#define KINDS(suffix, type)                                                                \
    int GNU(isinf##suffix)(type x) { return isinf(x) ? (x < 0 ? -1 : 1) : 0; }             \
    int GNU(isnan##suffix)(type x) { return isnan(x); }                                    \
    int GNU(finite##suffix)(type x) { return isfinite(x); }

KINDS(, double)
KINDS(f, float)
KINDS(l, long double)

SAME(__isinf, castiron_gnu_isinf);
SAME(__isinff, castiron_gnu_isinff);
SAME(__isinfl, castiron_gnu_isinfl);
SAME(__isnan, castiron_gnu_isnan);
SAME(__isnanf, castiron_gnu_isnanf);
SAME(__isnanl, castiron_gnu_isnanl);
SAME(__finite, castiron_gnu_finite);
SAME(__finitef, castiron_gnu_finitef);
SAME(__finitel, castiron_gnu_finitel);

SAME(gamma, lgamma);
SAME(gammaf, lgammaf);
SAME(gammal, lgammal);
SAME(pow10, exp10);
SAME(pow10f, exp10f);
SAME(pow10l, exp10l);

long double GNU(significandl)(long double x) { return scalbnl(x, -ilogbl(x)); }

long double GNU(scalbl)(long double x, long double n)
{
    if (isnan(x) || isnan(n))
        return x + n;
    if (!isfinite(n))
        return n > 0 ? x * n : x / -n;
    if (rintl(n) != n)
        return (n - n) / (n - n);
    return scalblnl(x, n > 65000 ? 65000 : n < -65000 ? -65000 : (long)n);
}

int GNU(fesetexcept)(int exceptions)
{
    fexcept_t flags = (fexcept_t)exceptions;
    return fesetexceptflag(&flags, exceptions);
}

int GNU(fetestexceptflag)(const fexcept_t *flags, int exceptions) { return *flags & exceptions; }

/* C23: rounding half to even, whatever the direction of rounding is. */
#define ROUND_EVEN(suffix, type)                                                                       \
    type GNU(roundeven##suffix)(type x)                                                                \
    {                                                                                                  \
        type whole = round##suffix(x), distance = fabs##suffix(x - trunc##suffix(x));                  \
        if (distance == (type)0.5 && fmod##suffix(whole, 2) != 0)                                      \
            whole = copysign##suffix(trunc##suffix(x), x);                                             \
        return whole;                                                                                  \
    }

ROUND_EVEN(, double)
ROUND_EVEN(f, float)
ROUND_EVEN(l, long double)

#define NEXT(suffix, type)                                                                                \
    type GNU(nextup##suffix)(type x) { return nextafter##suffix(x, (type)INFINITY); }                     \
    type GNU(nextdown##suffix)(type x) { return nextafter##suffix(x, -(type)INFINITY); }

NEXT(, double)
NEXT(f, float)
NEXT(l, long double)

/* As ilogb, with a wider result. */
#define EXPONENT(suffix, type)                                                                  \
    long GNU(llogb##suffix)(type x)                                                             \
    {                                                                                           \
        int result = ilogb##suffix(x);                                                          \
        return x == 0 ? -LONG_MAX - 1 : isnan(x) ? -LONG_MAX - 1 : isinf(x) ? LONG_MAX : result; \
    }

EXPONENT(, double)
EXPONENT(f, float)
EXPONENT(l, long double)

/* IEEE 754-2019: a quiet NaN wins here, a number in the forms with _num; -0 is less than 0. */
#define EXTREMES(suffix, type)                                                                                     \
    static type least##suffix(type x, type y) { return x < y || (x == y && signbit(x)) ? x : y; }                   \
    static type most##suffix(type x, type y) { return x > y || (x == y && !signbit(x)) ? x : y; }                   \
    type GNU(fminimum##suffix)(type x, type y) { return isnan(x) || isnan(y) ? x + y : least##suffix(x, y); }       \
    type GNU(fmaximum##suffix)(type x, type y) { return isnan(x) || isnan(y) ? x + y : most##suffix(x, y); }        \
    type GNU(fminimum_num##suffix)(type x, type y)                                                                 \
    {                                                                                                              \
        return isnan(x) ? (isnan(y) ? x + y : y) : isnan(y) ? x : least##suffix(x, y);                             \
    }                                                                                                              \
    type GNU(fmaximum_num##suffix)(type x, type y)                                                                 \
    {                                                                                                              \
        return isnan(x) ? (isnan(y) ? x + y : y) : isnan(y) ? x : most##suffix(x, y);                              \
    }                                                                                                              \
    type GNU(fminmag##suffix)(type x, type y)                                                                      \
    {                                                                                                              \
        type a = fabs##suffix(x), b = fabs##suffix(y);                                                             \
        return a < b ? x : b < a ? y : fmin##suffix(x, y);                                                         \
    }                                                                                                              \
    type GNU(fmaxmag##suffix)(type x, type y)                                                                      \
    {                                                                                                              \
        type a = fabs##suffix(x), b = fabs##suffix(y);                                                             \
        return a > b ? x : b > a ? y : fmax##suffix(x, y);                                                         \
    }

EXTREMES(, double)
EXTREMES(f, float)
EXTREMES(l, long double)

/* Results of a narrower type, rounded once: the wider operation is exact enough where its format has twice the digits. */
#define NARROW(name, from, operation) \
    float GNU(name)(from x, from y) { return (float)(operation); }

static double odd_sum(double x, double y)
{
    /* Rounding to odd keeps what a second rounding needs (Boldo and Melquiond). */
    double sum = x + y;
    double high = sum - x, rest = (x - (sum - high)) + (y - high);
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    if (rest != 0 && isfinite(sum) && !(bits & 1)) {
        bits += (rest > 0) == (sum > 0) ? 1 : (uint64_t)-1;
        memcpy(&sum, &bits, sizeof bits);
    }
    return sum;
}

NARROW(fadd, double, odd_sum(x, y))
NARROW(fsub, double, odd_sum(x, -y))

int GNU(__issignaling)(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return isnan(x) && !(bits & 0x0008000000000000);
}

int GNU(__issignalingf)(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return isnan(x) && !(bits & 0x00400000);
}

int GNU(__issignalingl)(long double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return isnan(x) && !(bits & 0x4000000000000000);
}

/* Equal, with an exception for any NaN. */
#define EQUAL(suffix, type) \
    int GNU(__iseqsig##suffix)(type x, type y) { return x <= y && x >= y; }

EQUAL(, double)
EQUAL(f, float)
EQUAL(l, long double)
