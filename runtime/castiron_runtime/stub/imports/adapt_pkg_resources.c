#include "imports/adapt.h"

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

int adapt_pkg_resources(PyObject *module)
{
    if (register_finder(module, "register_finder", "find_on_path") < 0)
        return -1;
    return register_finder(module, "register_namespace_handler", "file_ns_handler");
}
