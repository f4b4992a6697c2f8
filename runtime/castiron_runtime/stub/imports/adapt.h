/* Modules that must be told of the executable when they were executed: of its path, or of the types of our loaders and
 * finders.  Each is in a file of its own, adapt_MODULE.c; adapters.c knows which module is whose.
 *
 * The functions return 0, or -1 with an exception, which is then the import's.  A module that has not what they look for -
 * another version of it, or another module of the same name - stays as it is. */
#ifndef CASTIRON_ADAPT_H
#define CASTIRON_ADAPT_H

#include <Python.h>
#include <stdbool.h>

/* ctypes.util: find_library names what dlopen finds in the executable. */
int adapt_ctypes_util(PyObject *module);

/* pkg_resources: finds distributions and namespace packages in folders of the tree as in any other folder. */
int adapt_pkg_resources(PyObject *module);

/* platform: libc_ver() does not read the whole executable. */
int adapt_platform(PyObject *module);

/* posixpath: realpath(..., strict=True) goes through the executable, which is a file and a folder. */
int adapt_posixpath(PyObject *module);

/* runpy: run_path of a module of the payload runs its code, so that its source need not be there. */
int adapt_runpy(PyObject *module);

/* Before Py_RunMain: likewise for `python script.py`.  In an interpreter of the program's `own`, the working directory is not
 * searched for modules: sys.path begins with the folder of a script that is named by its path, and with nothing for -c, -m and
 * standard input.  Where -m names a module of the working directory, that is searched last. */
int adapt_runpy_prepare(bool own);

/* _sysconfigdata_...: paths in the variables of the interpreter's build lie below sys.prefix. */
int adapt_sysconfigdata(PyObject *module);

#endif
