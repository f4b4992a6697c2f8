#include "imports/adapt.h"

#include "series.h"

/* libc_ver() reads the whole executable in search of the C library's name: here, every page of the application.
 * Without arguments it says at once what it finds in an ordinary interpreter with musl. */
static PyObject *libc_version(PyObject *original, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    if (count == 0 && keywords == NULL)
        return Py_BuildValue("(ss)", "libc", "");
    return PyObject_Vectorcall(original, args, (size_t)count, keywords);
}

static PyMethodDef libc_function = {"libc_ver", (PyCFunction)(void (*)(void))libc_version, METH_FASTCALL | METH_KEYWORDS, NULL};

int adapt_platform(PyObject *module)
{
    PyObject *original;
    if (PyObject_GetOptionalAttrString(module, "libc_ver", &original) <= 0)
        return PyErr_Occurred() ? -1 : 0;
    PyObject *function = PyCFunction_New(&libc_function, original);
    int status = function == NULL ? -1 : PyObject_SetAttrString(module, "libc_ver", function);
    Py_XDECREF(function);
    Py_DECREF(original);
    return status;
}
