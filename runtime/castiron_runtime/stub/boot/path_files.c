#include "boot/path_files.h"

#include <Python.h>
#include <limits.h>
#include <stdio.h>

#include "process/executable.h"
#include "series.h"

int path_files_process(void)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/" SERIES_LIBRARY "/site-packages", executable_path());
    PyObject *site = PyImport_ImportModule("site");
    PyObject *folder = PyUnicode_DecodeFSDefault(path);
    PyObject *result = site == NULL || folder == NULL ? NULL : PyObject_CallMethod(site, "addsitedir", "O", folder);
    Py_XDECREF(result);
    Py_XDECREF(folder);
    Py_XDECREF(site);
    return result == NULL ? -1 : 0;
}
