/* Absorbed images whose sources were read: what the destruction of their objects does is known (docs/decisions/029). */
#ifndef CASTIRON_EXAMINED_H
#define CASTIRON_EXAMINED_H

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

/* True if an image that is not examined has gone live; if an object of a type that is noted was made; or if such a type
 * could not be watched. */
bool examined_lacks_image(void);

/* Whether a class is derived from a type that is noted: nobody sees its objects being made. */
bool examined_is_noted(PyTypeObject *type);

#endif
