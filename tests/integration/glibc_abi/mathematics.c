/* Mathematics beyond what musl has. */
#define _GNU_SOURCE
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

#include "abi.h"

#pragma STDC FENV_ACCESS ON

static void bessel(long double x)
{
    printf("%Lg: %.15Lg %.15Lg %.15Lg %.15Lg", x, j0l(x), j1l(x), y0l(x), y1l(x));
    printf(" %.15Lg %.15Lg %.15Lg %.15Lg\n", jnl(3, x), jnl(20, x), ynl(2, x), ynl(7, x));
}

static sigjmp_buf back;
static void handle(int number) { siglongjmp(back, number); }

void check_mathematics(void)
{
    const long double points[] = {0.1L, 1, 2.5L, 7, 15.75L, 29, 31, 50, 1000};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        bessel(points[i]);
    printf("jnl %Lg %Lg %Lg\n", jnl(-3, 2.5L), jnl(3, -2.5L), jnl(0, 0));
    const double values[] = {0.5, 1.5, 2.5, -0.5, -2.5, 2.4999999, 1e300, -0.2};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        printf("roundeven %g %g ", roundeven(values[i]), (double)roundevenf((float)values[i]));
    printf("\n%a %a %d %ld %ld\n", nextup(1.0), nextdown(1.0), isinf(-INFINITY) != 0, llogb(1e10), llogb(0.0) < 0 ? -1L : 0L);
    printf("%g %g %g %g\n", fmaxmag(-3.0, 2.0), fminmag(-3.0, 2.0), exp10(3.0), (double)significandl(12.0L));
    printf("%g %g %d\n", (double)scalbl(3, 4), gamma(5.5), (int)lgamma(-0.5));
    printf("except %d", fegetexcept());
    printf(" %d", feenableexcept(FE_DIVBYZERO | FE_INVALID));
    printf(" %d", fegetexcept());
    struct sigaction action = {.sa_handler = handle}, old;
    sigaction(SIGFPE, &action, &old);
    int number = sigsetjmp(back, 1);
    if (!number) {
        volatile double zero = 0;
        zero = 1 / zero;
        printf(" not raised");
    }
    printf(" signal %d", number);
    feclearexcept(FE_ALL_EXCEPT);
    printf(" %d", fedisableexcept(FE_ALL_EXCEPT) != 0);
    printf(" %d\n", fegetexcept());
    sigaction(SIGFPE, &old, NULL);
    fesetround(FE_UPWARD);
    printf("rounding %d", fegetround() == FE_UPWARD);
    fesetround(FE_TONEAREST);
    printf(" %d\n", fegetround());
    int sign;
    lgamma_r(-0.5, &sign);
    printf("lgamma_r %d %.15g %.15g %.15g\n", sign, exp(1.0), pow(2.5, 3.1), sin(0.5));
}
