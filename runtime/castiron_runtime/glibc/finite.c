/* What programs call that gcc compiled with -ffinite-math-only against glibc before 2.31: the functions without checks of their
 * arguments.  With the checks they do the same. */
#include "gnu.h"

#define FINITE(name)                           \
    SAME(__##name##_finite, name);             \
    SAME(__##name##f_finite, name##f);         \
    SAME(__##name##l_finite, name##l)

FINITE(acos);
FINITE(acosh);
FINITE(asin);
FINITE(atan2);
FINITE(atanh);
FINITE(cosh);
FINITE(exp);
FINITE(exp10);
FINITE(exp2);
FINITE(fmod);
FINITE(hypot);
FINITE(log);
FINITE(log10);
FINITE(log2);
FINITE(pow);
FINITE(remainder);
FINITE(sinh);
FINITE(sqrt);
SAME(__lgamma_r_finite, lgamma_r);
SAME(__lgammaf_r_finite, lgammaf_r);
SAME(__lgammal_r_finite, lgammal_r);
SAME(__gamma_r_finite, lgamma_r);
SAME(__gammaf_r_finite, lgammaf_r);
SAME(__gammal_r_finite, lgammal_r);
SAME(__scalb_finite, scalb);
SAME(__scalbf_finite, scalbf);

#define BESSEL(name)                                    \
    SAME(__##name##_finite, name);                      \
    SAME(__##name##f_finite, name##f);                  \
    SAME(__##name##l_finite, castiron_gnu_##name##l)

BESSEL(j0);
BESSEL(j1);
BESSEL(jn);
BESSEL(y0);
BESSEL(y1);
BESSEL(yn);
