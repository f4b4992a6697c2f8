/* Which modules must be told of the executable (adapt.h). */
#ifndef CASTIRON_ADAPTERS_H
#define CASTIRON_ADAPTERS_H

#include <Python.h>

/* To be called when `module` was executed under the dotted name `name`. */
int adapters_apply(PyObject *name, PyObject *module);

#endif
