/* ctypes.util.find_library for a binary that holds all the libraries it can open. */
#ifndef CASTIRON_LIBRARIES_H
#define CASTIRON_LIBRARIES_H

#include <Python.h>

/* Replaces find_library in the module ctypes.util. */
int libraries_adapt(PyObject *module);

#endif
