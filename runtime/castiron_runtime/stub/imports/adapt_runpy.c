#define Py_BUILD_CORE
#include "imports/adapt.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include "pycore_pystate.h"

#include "imports/bootstrap_external.h"
#include "imports/loader.h"
#include "imports/module.h"
#include "payload/payload.h"
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
    uint32_t index = module_at(path);
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

/* Whether the working directory has a module or a folder of this name. */
static bool is_in_working_directory(const wchar_t *module)
{
    char name[NAME_MAX + 1], file[NAME_MAX + sizeof ".py"];
    size_t length = wcscspn(module, L".");
    for (size_t i = 0; i < length; i++)
        if (length > NAME_MAX || module[i] > 0x7F)
            return false;
        else
            name[i] = (char)module[i];
    name[length] = '\0';
    snprintf(file, sizeof file, "%s.py", name);
    struct stat status;
    return stat(file, &status) == 0 || (stat(name, &status) == 0 && S_ISDIR(status.st_mode));
}

/* `-m NAME` names a module of the working directory on purpose, as a path names a script: then that folder is searched, but
 * last, so that nothing there comes before what is in the binary. */
static int search_working_directory_last(void)
{
    PyObject *path = PySys_GetObject("path"), *folder = NULL;
    char *current = getcwd(NULL, 0);
    if (current != NULL)
        folder = PyUnicode_DecodeFSDefault(current);
    free(current);
    int status = folder == NULL || path == NULL ? 0 : PyList_Append(path, folder);
    if (folder == NULL)
        PyErr_Clear(); /* the folder was removed, or may not be read: nothing is found in it */
    Py_XDECREF(folder);
    return status;
}

int adapt_runpy_prepare(bool own)
{
    PyConfig *config = (PyConfig *)_Py_GetConfig();
    /* sys.flags, which programs read, was made before. */
    if (own && config->run_filename == NULL)
        config->safe_path = 1;
    if (own && config->run_module != NULL && config->isolated <= 0 && is_in_working_directory(config->run_module))
        return search_working_directory_last();
    if (config->run_filename == NULL)
        return 0;
    /* A folder or an archive is run through sys.path_hooks, which must have the ordinary finders by then. */
    PyObject *finder = bootstrap_external_attribute("PathFinder");
    Py_XDECREF(finder);
    return finder == NULL ? -1 : prepare_module(config);
}

/* _get_code_from_file(fname), of 3.11 (run_name, fname). */
static PyObject *code_from_file(PyObject *original, PyObject *const *args, Py_ssize_t count)
{
    PyObject *path = count == 0 ? NULL : args[count - 1];
    uint32_t index = path == NULL ? NODE_NONE : module_at(path);
    if (index == NODE_NONE || (payload_module(index)->flags & MODULE_EXTENSION) != 0)
        return PyObject_Vectorcall(original, args, (size_t)count, NULL);
    return series_code_from_file(module_code(index), path);
}

static PyMethodDef function = {"_get_code_from_file", (PyCFunction)(void (*)(void))code_from_file, METH_FASTCALL, NULL};

int adapt_runpy(PyObject *runpy)
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
