/* Loaders of modules that are imported before importlib._bootstrap_external was executed.
 *
 * There are no classes for loaders until then.  These load modules, and become the standard library's as soon as anybody
 * asks them for anything else: that executes the module. */
#ifndef CASTIRON_EARLY_LOADER_H
#define CASTIRON_EARLY_LOADER_H

#include <Python.h>

/* Makes their class, with methods that load.  Between core and main initialisation, once. */
int early_loader_prepare(PyMethodDef *const loading[], size_t count);

/* A new loader without name and path. */
PyObject *early_loader_new(void);

/* Gives all of them their real classes, of which `class_of` returns new references, and forgets them. */
int early_loader_finish(PyObject *(*class_of)(PyObject *loader));

#endif
