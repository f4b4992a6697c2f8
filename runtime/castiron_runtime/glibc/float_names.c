/* Mathematics under the names of the types _Float32, _Float64, _Float32x and _Float64x: those of float, double, double and
 * long double (glibc 2.27). */
#include "gnu.h"

#define NAMES(name)                      \
    SAME(name##f32, name##f);            \
    SAME(name##f64, name);               \
    SAME(name##f32x, name);              \
    SAME(name##f64x, name##l)

NAMES(acos);
NAMES(acosh);
NAMES(asin);
NAMES(asinh);
NAMES(atan);
NAMES(atan2);
NAMES(atanh);
NAMES(cbrt);
NAMES(ceil);
NAMES(copysign);
NAMES(cos);
NAMES(cosh);
NAMES(erf);
NAMES(erfc);
NAMES(exp);
NAMES(exp10);
NAMES(exp2);
NAMES(expm1);
NAMES(fabs);
NAMES(fdim);
NAMES(floor);
NAMES(fma);
NAMES(fmax);
NAMES(fmin);
NAMES(fmod);
NAMES(frexp);
NAMES(hypot);
NAMES(ilogb);
NAMES(ldexp);
NAMES(lgamma);
NAMES(llrint);
NAMES(llround);
NAMES(log);
NAMES(log10);
NAMES(log1p);
NAMES(log2);
NAMES(logb);
NAMES(lrint);
NAMES(lround);
NAMES(modf);
NAMES(nan);
NAMES(nearbyint);
NAMES(nextafter);
NAMES(pow);
NAMES(remainder);
NAMES(remquo);
NAMES(rint);
NAMES(round);
NAMES(scalbln);
NAMES(scalbn);
NAMES(sin);
NAMES(sincos);
NAMES(sinh);
NAMES(sqrt);
NAMES(tan);
NAMES(tanh);
NAMES(tgamma);
NAMES(trunc);

/* Complex ones. */
NAMES(cabs);
NAMES(cacos);
NAMES(cacosh);
NAMES(carg);
NAMES(casin);
NAMES(casinh);
NAMES(catan);
NAMES(catanh);
NAMES(ccos);
NAMES(ccosh);
NAMES(cexp);
NAMES(cimag);
NAMES(clog);
NAMES(conj);
NAMES(cpow);
NAMES(cproj);
NAMES(creal);
NAMES(csin);
NAMES(csinh);
NAMES(csqrt);
NAMES(ctan);
NAMES(ctanh);
