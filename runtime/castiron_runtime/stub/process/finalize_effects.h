/* Whether destroying the objects of the program has effects outside of the process. */
#ifndef CASTIRON_FINALIZE_EFFECTS_H
#define CASTIRON_FINALIZE_EFFECTS_H

#include <stdbool.h>

/* Asked after threads were joined and atexit functions have run.  True if what remains of Py_FinalizeEx, besides flushing the
 * standard streams, may do anything that is seen outside of the process, and whenever that is not known. */
bool finalize_has_effects(void);

#endif
