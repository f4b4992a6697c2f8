/* Logarithms of subnormal numbers: those of Zig's compiler-rt, which stand in for musl's, are off by 1e-10 there. */
#include <float.h>

double __real_log2(double x);
double __real_log10(double x);

enum { SHIFT = 54 };
static const double shift = 0x1p54;
static const double log10_of_shift = 16.255619765854984; /* 54 * log10(2) */

double __wrap_log2(double x)
{
    return x > 0 && x < DBL_MIN ? __real_log2(x * shift) - SHIFT : __real_log2(x);
}

double __wrap_log10(double x)
{
    return x > 0 && x < DBL_MIN ? __real_log10(x * shift) - log10_of_shift : __real_log10(x);
}
