/* Running a file by its path (`python script.py`, runpy.run_path) if it is a module of the payload: from its code, so that it
 * need not have its source there. */
#ifndef CASTIRON_ADAPT_RUNPY_H
#define CASTIRON_ADAPT_RUNPY_H

#include <Python.h>
#include <stdbool.h>

/* Before Py_RunMain.  In an interpreter of the program's `own`, the current folder is not searched for modules: sys.path begins
 * with the folder of a script that is named by its path, and with nothing for -c, -m and standard input.  Where -m names a
 * module of the current folder, that is searched last. */
int adapt_runpy_prepare(bool own);

/* Of the module runpy. */
int adapt_runpy(PyObject *runpy);

#endif
