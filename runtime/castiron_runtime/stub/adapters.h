/* Libraries which keep tables of the types of loaders and finders that they know, and must be told of ours. */
#ifndef CASTIRON_ADAPTERS_H
#define CASTIRON_ADAPTERS_H

#include <Python.h>

/* To be called when `module` was executed under the dotted name `name`. */
int adapters_apply(PyObject *name, PyObject *module);

#endif
