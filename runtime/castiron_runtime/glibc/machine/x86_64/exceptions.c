/* Exceptions of the processor as signals (glibc's fenv.h).  x87 has a mask of its own; bits 7 to 12 of MXCSR are the other. */
#include "gnu.h"

#include <fenv.h>

/* glibc's FE_ALL_EXCEPT: without that of subnormal operands. */
enum { ALL = 61 };

int GNU(fegetexcept)(void)
{
    fenv_t now;
    fegetenv(&now);
    return ~now.__control_word & ALL;
}

static int set_signals(int exceptions, int on)
{
    int before = GNU(fegetexcept)();
    fenv_t now;
    exceptions &= ALL;
    fegetenv(&now);
    now.__control_word = (unsigned short)(on ? now.__control_word & ~exceptions : now.__control_word | exceptions);
    now.__mxcsr = on ? now.__mxcsr & ~((unsigned)exceptions << 7) : now.__mxcsr | (unsigned)exceptions << 7;
    fesetenv(&now);
    return before;
}

int GNU(feenableexcept)(int exceptions) { return set_signals(exceptions, 1); }
int GNU(fedisableexcept)(int exceptions) { return set_signals(exceptions, 0); }
