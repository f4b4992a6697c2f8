/* Loaders of modules that are imported before importlib._bootstrap_external was executed: they become the standard
 * library's as soon as it is. */
#ifndef CASTIRON_EARLY_LOADER_H
#define CASTIRON_EARLY_LOADER_H

#include <Python.h>

/* Prepares the class.  Between core and main initialisation, once: only the main interpreter starts without it. */
int early_loader_prepare(void);

/* A new loader without name and path. */
PyObject *early_loader_new(void);

/* Gives all of them their real classes, and forgets them. */
int early_loader_finish(void);

#endif
