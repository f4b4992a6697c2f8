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

/* Of long double: arguments, and their sines, cosines and tangents, calculated with 5,200 digits. */
static const long double large[][4] = {
    {0x1.921fb54442d1846ap+0L, 0x1p+0L, -0x1.d9cceba3f91f1976p-66L, -0x1.14a3c09b557b46bep+65L},
    {-0x1.3b473991fd609p+26L, 0x1.c5173679828fac3ap-2L, -0x1.cb2717edbad441f2p-1L, -0x1.f93d8079ffa0930ep-2L},
    {0x1.2e8c41e5802cp+27L, -0x1.27a167783de5a64ap-1L, 0x1.a206ece318a1c280p-1L, -0x1.6a16ab1646314c4cp-1L},
    {0x1.efd3994487073p+29L, -0x1.4f4dcd705baf4d50p-1L, 0x1.82ee3b5a4b95c29ep-1L, -0x1.bbaf8fc7afa99af6p-1L},
    {0x1.3c782a1db248cp+30L, 0x1.2e3e1232b52e3870p-1L, 0x1.9d458dac4718f044p-1L, 0x1.76724e53e717050cp-1L},
    {0x1.921fb54442d1846ap+40L, 0x1.d9cceba3f91f088ep-26L, 0x1.ffffffffffffc932p-1L, 0x1.d9cceba3f91f3b46p-26L},
    {0x1.59a54122a6397p+61L, 0x1.6cf162f4d879fab2p-2L, 0x1.de617a8b8194d750p-1L, 0x1.86970dc45bb94634p-2L},
    {0x1.c637ef7fdf725p+215L, 0x1.6aebcf3348c2bb54p-1L, -0x1.6927704d1da4ea7ep-1L, -0x1.0140a86bae0c5710p+0L},
    {0x1p+1000L, -0x1.460b8ae1c886e4dap-3L, 0x1.f9785160c8815178p-1L, -0x1.4a41d560c08cbe60p-3L},
    {0x1.8p+16000L, -0x1.d5b6474a53d8f152p-1L, -0x1.9780b128a41470f4p-2L, 0x1.2714b81f8277b582p+1L},
};

static void check_long(void)
{
    for (size_t i = 0; i < sizeof(large) / sizeof(*large); i++) {
        volatile long double x = large[i][0];
        long double s, c;
        sincosl(x, &s, &c);
        if (!near(s, large[i][1], LDBL_MANT_DIG, LDBL_MIN_EXP - 1) || !near(c, large[i][2], LDBL_MANT_DIG, LDBL_MIN_EXP - 1))
            fail("sincosl", (double)x);
        if (sinl(x) != s || cosl(x) != c || !near(tanl(x), large[i][3], LDBL_MANT_DIG, LDBL_MIN_EXP - 1))
            fail("sinl, cosl or tanl", (double)x);
    }
}

int main(void)
{
    check_special();
    check_long();
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
