#define Py_BUILD_CORE
#include "boot/entry.h"

#include <Python.h>

#include "pycore_pylifecycle.h"
#include "pycore_pystate.h"
#include "pycore_runtime.h"

#include "imports/loader.h"
#include "imports/module.h"
#include "payload/payload.h"
#include "process/standard_streams.h"
#include "series.h"

/* As `python script.py`: runs in __main__, which has a file and no spec. */
static PyObject *run_script(void)
{
    uint32_t index = payload_module_at(payload_text(payload_header()->path));
    if (index == NODE_NONE) {
        PyErr_Format(PyExc_RuntimeError, "%s is not in the executable", payload_text(payload_header()->path));
        return NULL;
    }
    PyObject *main = PyImport_AddModuleRef("__main__");
    PyObject *name = PyUnicode_FromString("__main__");
    PyObject *path = module_path(index);
    PyObject *loader = name == NULL ? NULL : loader_new(name, index);
    PyObject *code = module_code(index);
    PyObject *result = NULL;
    if (main != NULL && path != NULL && loader != NULL && code != NULL) {
        PyObject *names = PyModule_GetDict(main);
        if (PyDict_SetItemString(names, "__file__", path) == 0 &&
            PyDict_SetItemString(names, "__cached__", Py_None) == 0 &&
            PyDict_SetItemString(names, "__loader__", loader) == 0)
            result = PyEval_EvalCode(code, names, names);
    }
    Py_XDECREF(code);
    Py_XDECREF(loader);
    Py_XDECREF(path);
    Py_XDECREF(name);
    Py_XDECREF(main);
    return result;
}

/* As `python -m module`, but sys.argv[0] stays what the program was called. */
static PyObject *run_module(void)
{
    PyObject *runpy = PyImport_ImportModule("runpy");
    if (runpy == NULL)
        return NULL;
    PyObject *result =
        PyObject_CallMethod(runpy, "_run_module_as_main", "sO", payload_text(payload_header()->module), Py_False);
    Py_DECREF(runpy);
    return result;
}

/* As the script that an installer makes of a console_scripts entry point: sys.exit(function()). */
static PyObject *run_function(void)
{
    PyObject *object = PyImport_ImportModule(payload_text(payload_header()->module));
    const char *names = payload_text(payload_header()->function);
    while (object != NULL && *names != '\0') {
        size_t length = strcspn(names, ".");
        PyObject *name = PyUnicode_FromStringAndSize(names, (Py_ssize_t)length);
        Py_SETREF(object, name == NULL ? NULL : PyObject_GetAttr(object, name));
        Py_XDECREF(name);
        names += length + (names[length] == '.');
    }
    if (object == NULL)
        return NULL;
    PyObject *result = PyObject_CallNoArgs(object);
    Py_DECREF(object);
    if (result != NULL) {
        PyErr_SetObject(PyExc_SystemExit, result);
        Py_DECREF(result);
    }
    return NULL;
}

int entry_run(void)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    _PyInterpreterState_SetRunningMain(interpreter);
    PyObject *result = NULL;
    switch (payload_header()->entry_kind) {
    case ENTRY_SCRIPT:
        result = run_script();
        break;
    case ENTRY_MODULE:
        result = run_module();
        break;
    case ENTRY_FUNCTION:
        result = run_function();
        break;
    default:
        PyErr_SetString(PyExc_RuntimeError, "the payload has an unknown kind of entry");
    }
    int status = 0;
    if (payload_header()->entry_kind != ENTRY_MODULE) /* `python -m` does not */
        standard_streams_flush_after_program();
    if (result == NULL) {
        unhandled_interrupt = PyErr_Occurred() == PyExc_KeyboardInterrupt;
        if (!_Py_HandleSystemExit(&status)) {
            PyErr_Print();
            status = 1;
        }
    }
    Py_XDECREF(result);
    /* As CPython's main program: Ctrl-C that came too late for Python code. */
    if (PyErr_CheckSignals() < 0) {
        PyErr_Print();
        status = 1;
    }
    _PyInterpreterState_SetNotRunningMain(interpreter);
    return status;
}
