/* Bessel functions of long double, which musl does not have: calculated with 113 bits and rounded.
 *
 * Up to 30 by their power series, whose terms cancel no more than 43 bits; beyond by Hankel's asymptotic expansion, whose
 * smallest term is less than exp(-2 x).  Higher orders by recurrence: upward where that is stable, else Miller's downward one.
 * Sources: Abramowitz and Stegun 9.1.10, 9.1.11, 9.1.27, 9.2.5 to 9.2.10, 9.12. */
#include "gnu.h"

#include <math.h>

typedef __float128 real;

#define PI ((real)3.1415926535897932384626433832795029L + (real)-5.0165576126683320235573270803307570e-20L)
#define EULER ((real)0.57721566490153286060651209008240243L + (real)-1.46990677e-20L)
static const real largest_of_series = 30;

/* Sums of one series for J (of order 0 or 1) and of the one that Y has besides. */
static void series(int order, real x, real *j, real *second)
{
    real quarter = -x * x / 4, term = order ? x / 2 : 1, harmonic = order ? 1 : 0;
    *j = term;
    *second = term * harmonic;
    for (int k = 1; k < 200; k++) {
        term *= quarter / ((real)k * (k + order));
        /* order 0: 2 H(k); order 1: H(k) + H(k + 1) */
        harmonic += order ? (real)1 / k + (real)1 / (k + 1) : (real)2 / k;
        *j += term;
        *second += term * harmonic;
        if ((term < 0 ? -term : term) < 1e-40L * (*j < 0 ? -*j : *j) && k > x)
            break;
    }
}

static void hankel(int order, real x, real *p, real *q)
{
    real square = 4 * (real)order * order, term = 1, before = 1e30L;
    *p = 1;
    *q = 0;
    for (int k = 1; k < 200; k++) {
        real odd = 2 * k - 1;
        term *= (square - odd * odd) / (k * 8 * x);
        real size = term < 0 ? -term : term;
        if (size > before || size < 1e-38L)
            break;
        before = size;
        switch (k % 4) {
        case 1: *q += term; break;
        case 2: *p -= term; break;
        case 3: *q -= term; break;
        default: *p += term;
        }
    }
}

/* J and Y of order 0 or 1, for x > 0. */
static void both(int order, long double x, long double *j, long double *y)
{
    if (x <= (long double)largest_of_series) {
        real sum, second;
        series(order, x, &sum, &second);
        *j = (long double)sum;
        /* log(x / 2) has 64 bits; so has what it is multiplied with, at most. */
        real value = (real)logl(x / 2) + EULER;
        real result = order ? (2 * value * sum - 2 / (real)x - second) / PI : (2 * value * sum - second) / PI;
        *y = (long double)result;
        return;
    }
    real p, q;
    hankel(order, x, &p, &q);
    /* cos(x - pi/4) = (cos x + sin x) / sqrt 2, and so on: no digits are lost in the difference. */
    long double sine = sinl(x), cosine = cosl(x), scale = 1 / sqrtl((long double)(PI * (real)x));
    real plus = (real)sine + cosine, minus = (real)sine - cosine;
    real c = order ? minus : plus, s = order ? -plus : minus;
    *j = scale * (long double)(p * c - q * s);
    *y = scale * (long double)(p * s + q * c);
}

static long double j_low(int order, long double x)
{
    if (isnan(x))
        return x;
    if (isinf(x))
        return 0;
    long double j, y;
    if (x == 0)
        return order ? x : 1;
    both(order, fabsl(x), &j, &y);
    return order && x < 0 ? -j : j;
}

static long double y_low(int order, long double x)
{
    if (isnan(x))
        return x;
    if (x <= 0)
        return x == 0 ? -1 / (long double)0 : (x - x) / (x - x);
    if (isinf(x))
        return 0;
    long double j, y;
    both(order, x, &j, &y);
    return y;
}

long double GNU(j0l)(long double x) { return j_low(0, x); }
long double GNU(j1l)(long double x) { return j_low(1, x); }
long double GNU(y0l)(long double x) { return y_low(0, x); }
long double GNU(y1l)(long double x) { return y_low(1, x); }

static long double j_up(int n, long double x)
{
    long double before = j_low(0, x), now = j_low(1, x);
    for (int k = 1; k < n; k++) {
        long double next = 2 * k / x * now - before;
        before = now;
        now = next;
    }
    return now;
}

/* From an order far above, with any start; the sum J0 + 2 (J2 + J4 + ...) = 1 tells the scale. */
static long double j_down(int n, long double x)
{
    int start = 2 * ((n + (int)sqrtl(160.0L * n) + (int)x + 40) / 2);
    real above = 0, now = 1e-30L, sum = 0, wanted = 0;
    for (int k = start; k > 0; k--) {
        real below = 2 * k / (real)x * now - above;
        above = now;
        now = below;
        if (now > 1e300L || now < -1e300L) {
            now *= 1e-300L;
            above *= 1e-300L;
            sum *= 1e-300L;
            wanted *= 1e-300L;
        }
        if ((k - 1) % 2 == 0)
            sum += k == 1 ? now : 2 * now;
        if (k - 1 == n)
            wanted = now;
    }
    return (long double)(wanted / sum);
}

long double GNU(jnl)(int n, long double x)
{
    if (n < 0) {
        n = -n;
        x = -x;
    }
    if (n < 2 || isnan(x) || isinf(x))
        return isinf(x) ? 0 : j_low(n == 0 ? 0 : 1, x);
    long double size = fabsl(x), result;
    if (x == 0)
        return n % 2 ? x : 0;
    result = size > n ? j_up(n, size) : j_down(n, size);
    return x < 0 && n % 2 ? -result : result;
}

long double GNU(ynl)(int n, long double x)
{
    int sign = 1;
    if (n < 0) {
        n = -n;
        sign = n % 2 ? -1 : 1;
    }
    if (n == 0)
        return y_low(0, x);
    if (n == 1 || !(x > 0) || isinf(x))
        return sign * y_low(1, x);
    long double before = y_low(0, x), now = y_low(1, x);
    for (int k = 1; k < n && now != -INFINITY; k++) {
        long double next = 2 * k / x * now - before;
        before = now;
        now = next;
    }
    return sign * now;
}
