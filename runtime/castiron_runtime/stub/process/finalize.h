/* The end of the process. */
#ifndef CASTIRON_FINALIZE_H
#define CASTIRON_FINALIZE_H

#include <stdbool.h>

/* Ends the process as Py_RunMain does after the program has ended with `status`.  Unless `full`, objects are not destroyed
 * one by one if that has no effects (finalize_effects.h). */
_Noreturn void finalize(int status, bool full);

#endif
