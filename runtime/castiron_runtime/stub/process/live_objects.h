/* What the destruction of the objects that are alive would do. */
#ifndef CASTIRON_LIVE_OBJECTS_H
#define CASTIRON_LIVE_OBJECTS_H

#include <stdbool.h>

/* True if the destruction of an object, or flushing the standard streams, may do anything but give back memory and flush:
 * run code written in Python, write what a file has buffered, warn.  Knows types of CPython and of Python code only; runs no
 * code of the program, and leaves no exception. */
bool live_objects_have_effects(void);

#endif
