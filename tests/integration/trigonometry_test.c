/* Sine, cosine and tangent beside those of long double, and what the standard says of single arguments (C11, F.10.1). */
#define _GNU_SOURCE
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 100000

static unsigned long long seed = 1;

static unsigned long long number(void)
{
    seed = seed * 6364136223846793005 + 1442695040888963407;
    return seed >> 11;
}

static void fail(const char *name, double x)
{
    printf("%s is wrong for %a\n", name, x);
    exit(1);
}

/* Within one unit in the last place of a type with so many digits and this least exponent. */
static int near(long double got, long double exact, int digits, int least)
{
    int exponent = exact == 0 ? least : ilogbl(exact);
    return fabsl(got - exact) <= ldexpl(1, (exponent < least ? least : exponent) - digits + 1);
}

#define NEAR(got, exact) near(got, exact, DBL_MANT_DIG, DBL_MIN_EXP - 1)
#define NEARF(got, exact) near(got, exact, FLT_MANT_DIG, FLT_MIN_EXP - 1)
#define SAME(a, b) (memcmp(&(a), &(b), sizeof(a)) == 0)

static void check(double x)
{
    double s = sin(x), c = cos(x), t = tan(x), s2, c2, mirrored = -sin(-x), even = cos(-x);
    sincos(x, &s2, &c2);
    if (!NEAR(s, sinl(x)))
        fail("sin", x);
    if (!NEAR(c, cosl(x)))
        fail("cos", x);
    if (!NEAR(t, tanl(x)))
        fail("tan", x);
    if (!SAME(s, s2) || !SAME(c, c2))
        fail("sincos", x);
    if (!SAME(s, mirrored) || !SAME(c, even))
        fail("symmetry", x);
}

static void checkf(float x)
{
    float s = sinf(x), c = cosf(x), t = tanf(x), s2, c2, mirrored = -sinf(-x), even = cosf(-x);
    sincosf(x, &s2, &c2);
    if (!NEARF(s, sinl(x)))
        fail("sinf", x);
    if (!NEARF(c, cosl(x)))
        fail("cosf", x);
    if (!NEARF(t, tanl(x)))
        fail("tanf", x);
    if (!SAME(s, s2) || !SAME(c, c2))
        fail("sincosf", x);
    if (!SAME(s, mirrored) || !SAME(c, even))
        fail("symmetry of float", x);
}

static void check_special(void)
{
    double same[] = {0.0, -0.0, 5e-324, -5e-324, 0x1p-1030, DBL_MIN, 0x1p-60, -0x1p-60};
    for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
        volatile double x = same[i];
        double s = sin(x), t = tan(x), c = cos(x);
        if (!SAME(s, same[i]) || !SAME(t, same[i]) || c != 1)
            fail("a function of a small number", x);
        volatile float f = (float)same[i];
        float before = f, sf = sinf(f), tf = tanf(f);
        if (!SAME(sf, before) || !SAME(tf, before) || cosf(f) != 1)
            fail("a function of a small float", f);
    }
    double none[] = {INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
        volatile double x = none[i];
        volatile float f = (float)none[i];
        double s, c;
        float sf, cf;
        feclearexcept(FE_ALL_EXCEPT);
        sincos(x, &s, &c);
        if (!isnan(sin(x)) || !isnan(cos(x)) || !isnan(tan(x)) || !isnan(s) || !isnan(c))
            fail("a function of no number", x);
        sincosf(f, &sf, &cf);
        if (!isnan(sinf(f)) || !isnan(cosf(f)) || !isnan(tanf(f)) || !isnan(sf) || !isnan(cf))
            fail("a function of no float", f);
        if (!fetestexcept(FE_INVALID) != (i == 2))
            fail("the exception FE_INVALID", x);
    }
}

int main(void)
{
    check_special();
    for (int i = 0; i < ROUNDS; i++) {
        int scale = (int)(number() % 90) - 40;
        double x = ldexp((double)number(), scale - 53); /* up to 2**49 */
        check(number() % 2 ? x : -x);
        checkf((float)x);
        double multiple = (double)(number() % 3000000) * M_PI_2; /* cancellation in the reduction */
        check(multiple);
        checkf((float)multiple);
        check(nextafter(multiple, i % 2 ? 0 : INFINITY));
    }
    printf("%d rounds\n", ROUNDS);
    return 0;
}
