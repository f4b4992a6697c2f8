/* What pythonrun.c's flush_io and pylifecycle.c's flush_std_files do, which are static. */
#include "process/standard_streams.h"

#include <Python.h>

#include "series.h"

/* Borrowed; NULL if there is none. */
static PyObject *stream(const char *name)
{
    PyObject *file = PySys_GetObject(name);
    return file == Py_None ? NULL : file;
}

static int flush(PyObject *file)
{
    PyObject *result = PyObject_CallMethod(file, "flush", NULL);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* A stream whose `closed` cannot be read is taken for open. */
static bool is_closed(PyObject *file)
{
    PyObject *closed = PyObject_GetAttrString(file, "closed");
    int result = closed == NULL ? -1 : PyObject_IsTrue(closed);
    Py_XDECREF(closed);
    if (result < 0)
        PyErr_Clear();
    return result > 0;
}

static int flush_unless_closed(PyObject *file)
{
    return file == NULL || is_closed(file) ? 0 : flush(file);
}

void standard_streams_flush_after_program(void)
{
    static const char *const names[] = {"stderr", "stdout"};
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        PyObject *file = Py_XNewRef(stream(names[i]));
        if (file != NULL && flush(file) < 0)
            PyErr_Clear();
        Py_XDECREF(file);
    }
    PyErr_Restore(type, value, traceback);
}

bool standard_streams_flush_at_end(void)
{
    bool flushed = true;
    PyObject *file = Py_XNewRef(stream("stdout"));
    if (flush_unless_closed(file) < 0) {
        series_complain_of_output(file);
        flushed = false;
    }
    Py_XDECREF(file);
    file = Py_XNewRef(stream("stderr"));
    if (flush_unless_closed(file) < 0) {
        PyErr_Clear();
        flushed = false;
    }
    Py_XDECREF(file);
    return flushed;
}
