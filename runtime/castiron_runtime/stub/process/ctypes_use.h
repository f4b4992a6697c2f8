/* Whether the program has used ctypes, which many libraries import and never need. */
#ifndef CASTIRON_CTYPES_USE_H
#define CASTIRON_CTYPES_USE_H

#include <stdbool.h>

/* Only in executables that have ctypes.  False as long as no function of C was called through it and no object that can
 * read or write memory was made: what `import ctypes` itself makes, and function pointers that nobody calls, do nothing. */
bool ctypes_is_used(void) __attribute__((weak));

#endif
