#ifndef CASTIRON_FROZEN_H
#define CASTIRON_FROZEN_H

#include <Python.h>

/* A new code object of importlib._bootstrap_external; NULL with an exception set. */
PyObject *frozen_external_code(void);

#endif
