/* os.path.realpath, told that the executable is a folder, too. */
#ifndef CASTIRON_ADAPT_POSIXPATH_H
#define CASTIRON_ADAPT_POSIXPATH_H

#include <Python.h>

/* To be called with the module posixpath. */
int adapt_posixpath(PyObject *module);

#endif
