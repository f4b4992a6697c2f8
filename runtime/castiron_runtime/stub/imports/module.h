/* A module of the payload as Python sees it: the path of its file, and its code. */
#ifndef CASTIRON_MODULE_H
#define CASTIRON_MODULE_H

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

/* The module whose file has a path (any object), or NODE_NONE.  Raises nothing. */
uint32_t module_at(PyObject *path);

/* The absolute path of the module's file; a new reference. */
PyObject *module_path(uint32_t index);

/* A new code object of the module, with absolute file names. */
PyObject *module_code(uint32_t index);

/* Likewise, for callers that have the module's path. */
PyObject *module_read_code(uint32_t index, PyObject *path);

/* Whether it is a shared object that was linked into the executable. */
bool module_is_extension(uint32_t index);

#endif
