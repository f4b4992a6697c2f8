/* Numbers as text where printf takes too much of the stack: in children of vfork and posix_spawn. */
#ifndef CASTIRON_DECIMAL_H
#define CASTIRON_DECIMAL_H

#include <stdint.h>

/* Writes a number in decimal and a zero byte; returns where the zero byte is.  At most 21 bytes. */
char *decimal_write(uint64_t number, char *text);

#endif
