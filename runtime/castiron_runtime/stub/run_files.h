/* Running a file by its path (`python script.py`, runpy.run_path) if it is a module of the payload: from its code, so that it
 * need not have its source there. */
#ifndef CASTIRON_RUN_FILES_H
#define CASTIRON_RUN_FILES_H

#include <Python.h>

/* Before Py_RunMain. */
int run_files_prepare(void);

/* Of the module runpy. */
int run_files_adapt(PyObject *runpy);

#endif
