#include "imports/loader.h"

#include <stdbool.h>
#include <string.h>

#include "imports/early_loader.h"
#include "imports/import_state.h"
#include "imports/long_lived.h"
#include "imports/methods.h"
#include "imports/module.h"
#include "payload/payload.h"
#include "series.h"
#include "tree/tree.h"

/* Specs. */

/* Where an ordinary interpreter would keep the bytecode: <folder>/__pycache__/<name>.cpython-313.pyc. */
static PyObject *cached_path(PyObject *path)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(path);
    Py_ssize_t slash = PyUnicode_FindChar(path, '/', 0, length, -1), dot = length - 3;
    if (slash < 0 || dot <= slash)
        return Py_NewRef(Py_None);
    PyObject *folder = PyUnicode_Substring(path, 0, slash), *stem = PyUnicode_Substring(path, slash + 1, dot);
    PyObject *result = NULL;
    if (folder != NULL && stem != NULL)
        result = PyUnicode_FromFormat("%U/__pycache__/%U.cpython-%d%d.pyc", folder, stem, PY_MAJOR_VERSION,
                                      PY_MINOR_VERSION);
    Py_XDECREF(folder);
    Py_XDECREF(stem);
    return result;
}

/* The class that an ordinary interpreter would have used; borrowed. */
static PyObject *class_of(const struct import_state *state, uint32_t index)
{
    uint32_t flags = payload_module(index)->flags;
    if (flags & MODULE_EXTENSION)
        return state->extension_loader;
    return flags & MODULE_SOURCE ? state->source_loader : state->sourceless_loader;
}

PyObject *loader_new(PyObject *name, uint32_t index)
{
    struct import_state *state = import_state();
    PyObject *path = state == NULL ? NULL : module_path(index);
    if (path == NULL)
        return NULL;
    PyObject *self = NULL;
    if (state->external != NULL) {
        self = PyObject_CallFunctionObjArgs(class_of(state, index), name, path, NULL);
    } else {
        self = early_loader_new();
        if (self != NULL &&
            (PyObject_SetAttrString(self, "name", name) < 0 || PyObject_SetAttrString(self, "path", path) < 0))
            Py_CLEAR(self);
    }
    Py_DECREF(path);
    return self;
}

/* As FileLoader has it: the file __init__.py is a package, unless it is imported under that name. */
static bool is_package(PyObject *name, uint32_t index)
{
    static const char own[] = "__init__";
    Py_ssize_t size, tail = sizeof own - 1;
    if (!(payload_module(index)->flags & MODULE_PACKAGE))
        return false;
    const char *text = PyUnicode_AsUTF8AndSize(name, &size);
    if (text == NULL)
        PyErr_Clear();
    return text == NULL || size < tail || strcmp(text + size - tail, own) != 0 ||
           (size > tail && text[size - tail - 1] != '.');
}

static PyObject *search_locations(PyObject *path)
{
    Py_ssize_t slash = PyUnicode_FindChar(path, '/', 0, PyUnicode_GET_LENGTH(path), -1);
    PyObject *folder = PyUnicode_Substring(path, 0, slash);
    PyObject *list = folder == NULL ? NULL : PyList_New(1);
    if (list == NULL)
        Py_XDECREF(folder);
    else
        PyList_SET_ITEM(list, 0, folder);
    return list;
}

PyObject *loader_spec(PyObject *name, uint32_t index)
{
    PyObject *loader = loader_new(name, index);
    if (loader == NULL)
        return NULL;
    PyObject *path = PyObject_GetAttrString(loader, "path");
    PyObject *spec = path == NULL ? NULL : PyObject_CallFunctionObjArgs(import_state()->module_spec, name, loader, NULL);
    Py_DECREF(loader);
    if (spec == NULL) {
        Py_XDECREF(path);
        return NULL;
    }
    PyObject *cached = module_is_extension(index) ? Py_NewRef(Py_None) : cached_path(path);
    int status = -1;
    if (cached != NULL && PyObject_SetAttrString(spec, "origin", path) == 0 &&
        PyObject_SetAttrString(spec, "_set_fileattr", Py_True) == 0)
        status = PyObject_SetAttrString(spec, "_cached", cached);
    Py_XDECREF(cached);
    if (status == 0 && is_package(name, index)) {
        PyObject *locations = search_locations(path);
        status = locations == NULL ? -1 : PyObject_SetAttrString(spec, "submodule_search_locations", locations);
        Py_XDECREF(locations);
    }
    Py_DECREF(path);
    if (status < 0)
        Py_CLEAR(spec);
    return spec;
}

/* Methods. */

/* Whether loading is not overridden: an instance of one of the classes, not of a subclass that compiles in another way. */
static bool is_plain(const struct import_state *state, PyObject *self)
{
    PyObject *type = (PyObject *)Py_TYPE(self);
    return state->external == NULL || type == state->source_loader || type == state->sourceless_loader;
}

/* The module of the payload that a loader loads, or NODE_NONE.  Sets `*path`, a new reference, if there is one. */
static uint32_t module_of(PyObject *self, PyObject **path)
{
    *path = PyObject_GetAttrString(self, "path");
    if (*path == NULL) {
        PyErr_Clear();
        return NODE_NONE;
    }
    uint32_t index = module_at(*path);
    if (index == NODE_NONE)
        Py_CLEAR(*path);
    return index;
}

/* The method that importlib._bootstrap_external has: for what is not in the payload. */
static PyObject *ordinary(PyObject *method, PyObject *self, PyObject *argument)
{
    if (method == NULL) { /* of an early loader, whose module always is */
        PyErr_Format(PyExc_ImportError, "%R is not in the executable", self);
        return NULL;
    }
    return PyObject_CallFunctionObjArgs(method, self, argument, NULL);
}

static PyObject *run_code(const struct import_state *state, uint32_t index, PyObject *path, PyObject *module)
{
    PyObject *names = PyObject_GetAttrString(module, "__dict__");
    PyObject *code = names == NULL ? NULL : module_read_code(index, path);
    PyObject *result = NULL;
    if (code != NULL)
        result = PyObject_CallFunctionObjArgs(state->without_frames, state->exec_function, code, names, NULL);
    Py_XDECREF(code);
    Py_XDECREF(names);
    return result;
}

static PyObject *run_extension(const struct import_state *state, const char *function, PyObject *argument)
{
    PyObject *call = PyObject_GetAttrString(state->imp, function);
    PyObject *result = call == NULL ? NULL : PyObject_CallFunctionObjArgs(state->without_frames, call, argument, NULL);
    Py_XDECREF(call);
    return result;
}

static int (*when_executed)(PyObject *name, PyObject *module);

static PyObject *exec_module(PyObject *self, PyObject *module)
{
    struct import_state *state = import_state();
    if (state == NULL)
        return NULL;
    PyObject *path, *result;
    uint32_t index = module_of(self, &path);
    if (index == NODE_NONE)
        return ordinary(state->exec_module, self, module);
    if (!is_plain(state, self))
        result = ordinary(state->exec_module, self, module);
    else if (module_is_extension(index))
        result = run_extension(state, "exec_dynamic", module);
    else
        result = run_code(state, index, path, module);
    Py_DECREF(path);
    PyObject *name = result == NULL ? NULL : PyObject_GetAttrString(self, "name");
    int status = name == NULL ? -1 : when_executed(name, module);
    Py_XDECREF(name);
    if (status < 0)
        Py_CLEAR(result);
    else
        long_lived_promote(index);
    return result;
}

/* As importlib's _check_name. */
static bool check_name(PyObject *self, PyObject *name)
{
    PyObject *own = PyObject_GetAttrString(self, "name");
    int equal = own == NULL ? -1 : name == Py_None ? 1 : PyObject_RichCompareBool(own, name, Py_EQ);
    if (equal == 0) {
        PyObject *message = PyUnicode_FromFormat("loader for %U cannot handle %S", own, name);
        if (message != NULL)
            PyErr_SetImportError(message, name, NULL);
        Py_XDECREF(message);
    }
    Py_XDECREF(own);
    return equal == 1;
}

static PyObject *find_code(PyObject *self, PyObject *args, PyObject *keywords, PyObject *method)
{
    static char *names[] = {"fullname", NULL};
    PyObject *name, *path, *result = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O:get_code", names, &name))
        return NULL;
    uint32_t index = is_plain(import_state(), self) ? module_of(self, &path) : NODE_NONE;
    if (index == NODE_NONE)
        return ordinary(method, self, name);
    if (check_name(self, name))
        result = module_is_extension(index) ? Py_NewRef(Py_None) : module_read_code(index, path);
    Py_DECREF(path);
    return result;
}

static PyObject *get_code(PyObject *self, PyObject *args, PyObject *keywords)
{
    struct import_state *state = import_state();
    return state == NULL ? NULL : find_code(self, args, keywords, state->source_get_code);
}

static PyObject *get_sourceless_code(PyObject *self, PyObject *args, PyObject *keywords)
{
    struct import_state *state = import_state();
    return state == NULL ? NULL : find_code(self, args, keywords, state->sourceless_get_code);
}

/* The content of a file, straight from the payload if it is there. */
static PyObject *get_data(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"path", NULL};
    struct import_state *state = import_state();
    PyObject *path, *encoded = NULL;
    if (state == NULL || !PyArg_ParseTupleAndKeywords(args, keywords, "O:get_data", names, &path))
        return NULL;
    if (PyUnicode_FSConverter(path, &encoded)) {
        struct tree_place place = tree_lookup(PyBytes_AS_STRING(encoded));
        Py_DECREF(encoded);
        if (place.kind == TREE_NODE && payload_node(place.node)->kind == NODE_FILE) {
            const Node *node = payload_node(place.node);
            PyObject *result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)node->size);
            if (result != NULL && !payload_read(node, PyBytes_AS_STRING(result))) {
                Py_CLEAR(result);
                PyErr_Format(PyExc_OSError, "%R is damaged in the executable", path);
            }
            return result;
        }
    } else {
        PyErr_Clear(); /* it is not the path of a file: the ordinary method says so */
    }
    if (state->external == NULL) { /* of an early loader, which thereby becomes an ordinary one */
        PyObject *method = PyObject_GetAttrString(self, "get_resource_reader");
        Py_XDECREF(method);
        if (method == NULL)
            return NULL;
    }
    return ordinary(state->file_get_data, self, path);
}

static PyObject *create_module(PyObject *self, PyObject *spec)
{
    PyObject *path;
    uint32_t index = module_of(self, &path);
    if (index == NODE_NONE)
        Py_RETURN_NONE;
    Py_DECREF(path);
    return module_is_extension(index) ? run_extension(import_state(), "create_dynamic", spec) : Py_NewRef(Py_None);
}

static PyMethodDef exec_module_method = {"exec_module", exec_module, METH_O,
                                  "exec_module($self, module, /)\n--\n\nExecute the module."};
static PyMethodDef get_code_method = {"get_code", (PyCFunction)(void (*)(void))get_code, METH_VARARGS | METH_KEYWORDS,
                               "get_code($self, /, fullname)\n--\n\nThe code object of the module."};
static PyMethodDef get_sourceless_code_method = {
    "get_code", (PyCFunction)(void (*)(void))get_sourceless_code, METH_VARARGS | METH_KEYWORDS,
    "get_code($self, /, fullname)\n--\n\nThe code object of the module."};
static PyMethodDef get_data_method = {"get_data", (PyCFunction)(void (*)(void))get_data, METH_VARARGS | METH_KEYWORDS,
                               "get_data($self, /, path)\n--\n\nReturn the data from path as raw bytes."};
static PyMethodDef create_module_method = {"create_module", create_module, METH_O, NULL};

/* The kind of loader an ordinary interpreter uses for the module of an early one: a new reference. */
static PyObject *ordinary_class(PyObject *loader)
{
    PyObject *path;
    uint32_t index = module_of(loader, &path);
    struct import_state *state = import_state();
    if (index != NODE_NONE) {
        Py_DECREF(path);
        return Py_NewRef(class_of(state, index));
    }
    return Py_NewRef(state->source_loader);
}

/* Preparation. */

void loader_when_executed(int (*function)(PyObject *name, PyObject *module))
{
    when_executed = function;
}

int loader_prepare(void)
{
    struct import_state *state = import_state();
    PyObject *bootstrap = state == NULL ? NULL : PyImport_AddModuleRef("_frozen_importlib");
    if (bootstrap == NULL)
        return -1;
    state->module_spec = PyObject_GetAttrString(bootstrap, "ModuleSpec");
    state->without_frames = PyObject_GetAttrString(bootstrap, "_call_with_frames_removed");
    state->imp = PyObject_GetAttrString(bootstrap, "_imp");
    Py_DECREF(bootstrap);
    state->exec_function = Py_XNewRef(PyDict_GetItemString(PyEval_GetBuiltins(), "exec"));
    return state->module_spec != NULL && state->without_frames != NULL && state->imp != NULL &&
                   state->exec_function != NULL
               ? 0
               : -1;
}

/* Puts a method in C in the place of the one that a class has itself; `*before`, a new reference. */
static int replace_method(PyObject *external, const char *class_name, PyMethodDef *method, PyObject **before)
{
    PyObject *type = PyObject_GetAttrString(external, class_name);
    *before = type == NULL ? NULL : PyObject_GetAttrString(type, method->ml_name);
    int status = *before == NULL ? -1 : methods_add(type, method);
    Py_XDECREF(type);
    return status;
}

int loader_adopt(PyObject *external)
{
    struct import_state *state = import_state();
    if (state == NULL || (state->source_loader = PyObject_GetAttrString(external, "SourceFileLoader")) == NULL ||
        (state->sourceless_loader = PyObject_GetAttrString(external, "SourcelessFileLoader")) == NULL ||
        (state->extension_loader = PyObject_GetAttrString(external, "ExtensionFileLoader")) == NULL ||
        replace_method(external, "_LoaderBasics", &exec_module_method, &state->exec_module) < 0 ||
        replace_method(external, "SourceLoader", &get_code_method, &state->source_get_code) < 0 ||
        replace_method(external, "SourcelessFileLoader", &get_sourceless_code_method, &state->sourceless_get_code) < 0 ||
        replace_method(external, "FileLoader", &get_data_method, &state->file_get_data) < 0)
        return -1;
    state->external = Py_NewRef(external);
    return 0;
}

int loader_prepare_early(void)
{
    static PyMethodDef *const early[] = {&create_module_method, &exec_module_method, &get_code_method, &get_data_method};
    return early_loader_prepare(early, sizeof early / sizeof *early);
}

int loader_finish_early(PyObject *external)
{
    return loader_adopt(external) < 0 ? -1 : early_loader_finish(ordinary_class);
}
