/* Modules that must be told of the executable: of its place, or of the types of our loaders and finders. */
#ifndef CASTIRON_ADAPTERS_H
#define CASTIRON_ADAPTERS_H

#include <Python.h>

/* To be called when `module` was executed under the dotted name `name`. */
int adapters_apply(PyObject *name, PyObject *module);

#endif
