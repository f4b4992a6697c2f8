#define Py_BUILD_CORE
#include "run_files.h"

#include "pycore_pystate.h"

#include "external.h"
#include "loader.h"
#include "payload.h"
#include "series.h"

/* What Py_RunMain executes in __main__ instead of reading the file. */
static const wchar_t command[] = L"exec(__loader__.get_code('__main__'))";

static int set_main(PyObject *path, uint32_t index)
{
    PyObject *main = PyImport_AddModuleRef("__main__"), *name = PyUnicode_FromString("__main__");
    PyObject *loader = name == NULL ? NULL : loader_new(name, index);
    int status = -1;
    if (main != NULL && loader != NULL && PyObject_SetAttrString(main, "__file__", path) == 0 &&
        PyObject_SetAttrString(main, "__cached__", Py_None) == 0)
        status = PyObject_SetAttrString(main, "__loader__", loader);
    Py_XDECREF(loader);
    Py_XDECREF(name);
    Py_XDECREF(main);
    return status;
}

static int prepare_module(PyConfig *config)
{
    PyObject *path = PyUnicode_FromWideChar(config->run_filename, -1);
    if (path == NULL)
        return -1;
    uint32_t index = loader_module_at(path);
    int status = 0;
    if (index != NODE_NONE && (payload_module(index)->flags & (MODULE_SOURCE | MODULE_EXTENSION)) == 0) {
        status = set_main(path, index);
        if (status == 0) {
            PyMem_RawFree(config->run_filename);
            config->run_filename = NULL;
            status = PyStatus_Exception(PyConfig_SetString(config, &config->run_command, command)) ? -1 : 0;
        }
    }
    Py_DECREF(path);
    return status;
}

int run_files_prepare(bool own)
{
    PyConfig *config = (PyConfig *)_Py_GetConfig();
    /* sys.flags, which programs read, was made before. */
    if (own && config->run_filename == NULL)
        config->safe_path = 1;
    if (config->run_filename == NULL)
        return 0;
    /* A folder or an archive is run through sys.path_hooks, which must have the ordinary finders by then. */
    PyObject *finder = external_attribute("PathFinder");
    Py_XDECREF(finder);
    return finder == NULL ? -1 : prepare_module(config);
}

/* _get_code_from_file(fname), of 3.11 (run_name, fname). */
static PyObject *code_from_file(PyObject *original, PyObject *const *args, Py_ssize_t count)
{
    PyObject *path = count == 0 ? NULL : args[count - 1];
    uint32_t index = path == NULL ? NODE_NONE : loader_module_at(path);
    if (index == NODE_NONE || (payload_module(index)->flags & MODULE_EXTENSION) != 0)
        return PyObject_Vectorcall(original, args, (size_t)count, NULL);
    PyObject *code = loader_code(index);
#if PY_VERSION_HEX < 0x030C0000
    return code == NULL ? NULL : Py_BuildValue("(NO)", code, path);
#else
    return code;
#endif
}

static PyMethodDef function = {"_get_code_from_file", (PyCFunction)(void (*)(void))code_from_file, METH_FASTCALL, NULL};

int run_files_adapt(PyObject *runpy)
{
    PyObject *original;
    if (PyObject_GetOptionalAttrString(runpy, function.ml_name, &original) <= 0)
        return PyErr_Occurred() ? -1 : 0;
    PyObject *replacement = PyCFunction_New(&function, original);
    int status = replacement == NULL ? -1 : PyObject_SetAttrString(runpy, function.ml_name, replacement);
    Py_XDECREF(replacement);
    Py_DECREF(original);
    return status;
}
