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

/* The module has looked for distributions while it was executed, when it did not know our finders: once more. */
static int build_working_set(PyObject *module)
{
    PyObject *build;
    if (PyObject_GetOptionalAttrString(module, "_initialize_master_working_set", &build) <= 0)
        return PyErr_Occurred() ? -1 : 0;
    PyObject *result = PyObject_CallNoArgs(build);
    Py_DECREF(build);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

int adapt_pkg_resources(PyObject *module)
{
    if (register_finder(module, "register_finder", "find_on_path") < 0 ||
        register_finder(module, "register_namespace_handler", "file_ns_handler") < 0)
        return -1;
    return build_working_set(module);
}
