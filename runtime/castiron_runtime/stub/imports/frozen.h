/* Frozen modules: those of the import system. */
#ifndef CASTIRON_FROZEN_H
#define CASTIRON_FROZEN_H

#include <Python.h>
#include <stdbool.h>

/* A new code object of importlib._bootstrap_external; NULL with an exception set. */
PyObject *frozen_bootstrap_external(void);

/* Whether FrozenImporter, which comes before sys.path, may find a module of this name. */
bool frozen_is_test_module(const char *name);

#endif
