/* What the linker marks as read-only once it is relocated (PT_GNU_RELRO), made read-only. */
#ifndef CASTIRON_RELRO_H
#define CASTIRON_RELRO_H

#include <stdbool.h>

/* Takes the right to write from those pages.  False, and a message on stderr, if the kernel refuses. */
bool relro_protect(void);

#endif
