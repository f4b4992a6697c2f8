/* ctypes.util.find_library for a binary that holds all the libraries it can open. */
#ifndef CASTIRON_ADAPT_CTYPES_UTIL_H
#define CASTIRON_ADAPT_CTYPES_UTIL_H

#include <Python.h>

/* Replaces find_library in the module ctypes.util. */
int adapt_ctypes_util(PyObject *module);

#endif
