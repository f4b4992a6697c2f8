/* importlib._bootstrap_external and zipimport, executed when first needed instead of at every start.
 *
 * An application all of whose modules are in the executable never needs them: that saves a sixth of the start.
 */
#ifndef CASTIRON_BOOTSTRAP_EXTERNAL_H
#define CASTIRON_BOOTSTRAP_EXTERNAL_H

#include <Python.h>

/* Puts placeholders where Py_InitializeMain would put the real things.  Between core and main initialisation.
 * `executed` is called with the module when it was executed; -1 with an exception is its own. */
int bootstrap_external_prepare(int (*executed)(PyObject *module));

/* After main initialisation: what looks different from an ordinary interpreter only while it starts. */
int bootstrap_external_finish(void);

/* A new reference to an attribute of importlib._bootstrap_external, which is executed if it was not yet. */
PyObject *bootstrap_external_attribute(const char *name);

#endif
