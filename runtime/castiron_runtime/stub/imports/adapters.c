#include "imports/adapters.h"

#include <string.h>

#include "imports/adapt_ctypes_util.h"
#include "imports/adapt_posixpath.h"
#include "imports/adapt_runpy.h"
#include "imports/adapt_sysconfigdata.h"
#include "imports/import_state.h"
#include "series.h"

/* Calls module.`function`(our path entry finder's type, module.`argument`) if the module has both. */
static int register_finder(PyObject *module, const char *function, const char *argument)
{
    PyObject *call, *value;
    if (PyObject_GetOptionalAttrString(module, function, &call) <= 0)
        return PyErr_Occurred() ? -1 : 0;
    int status = PyObject_GetOptionalAttrString(module, argument, &value);
    if (status > 0) {
        struct import_state *state = import_state();
        PyObject *result = state == NULL ? NULL : PyObject_CallFunctionObjArgs(call, state->path_entry_type, value, NULL);
        Py_DECREF(value);
        status = result == NULL ? -1 : 0;
        Py_XDECREF(result);
    }
    Py_DECREF(call);
    return status;
}

/* platform.libc_ver() reads the whole executable in search of the C library's name: here, every page of the application.
 * Without arguments it says at once what it finds in an ordinary interpreter with musl. */
static PyObject *libc_version(PyObject *original, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    if (count == 0 && keywords == NULL)
        return Py_BuildValue("(ss)", "libc", "");
    return PyObject_Vectorcall(original, args, (size_t)count, keywords);
}

static PyMethodDef libc_function = {"libc_ver", (PyCFunction)(void (*)(void))libc_version, METH_FASTCALL | METH_KEYWORDS, NULL};

static int replace_libc_version(PyObject *module)
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

int adapters_apply(PyObject *name, PyObject *module)
{
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(name, &length);
    if (text == NULL)
        return -1;
    if (strcmp(text, "ctypes.util") == 0)
        return adapt_ctypes_util(module);
    if (strcmp(text, "posixpath") == 0)
        return adapt_posixpath(module);
    if (strcmp(text, "runpy") == 0)
        return adapt_runpy(module);
    if (strcmp(text, "platform") == 0)
        return replace_libc_version(module);
    static const char variables[] = "_sysconfigdata_";
    if (strncmp(text, variables, sizeof variables - 1) == 0)
        return adapt_sysconfigdata(module);
    static const char resources[] = "pkg_resources"; /* also where it is vendored, as pip does */
    Py_ssize_t size = sizeof resources - 1;
    if (length < size || strcmp(text + length - size, resources) != 0 || (length > size && text[length - size - 1] != '.'))
        return 0;
    /* Distributions and namespace packages in folders of the tree are found as in any other folder. */
    if (register_finder(module, "register_finder", "find_on_path") < 0)
        return -1;
    return register_finder(module, "register_namespace_handler", "file_ns_handler");
}
