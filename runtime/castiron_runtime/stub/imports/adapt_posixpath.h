/* os.path.realpath, told that the executable is a folder, too. */
#ifndef CASTIRON_REAL_PATH_H
#define CASTIRON_REAL_PATH_H

#include <Python.h>

/* To be called with the module posixpath. */
int real_path_adapt(PyObject *module);

#endif
