#include "loader.h"

#include <limits.h>
#include <marshal.h>
#include <stdbool.h>
#include <string.h>

#include "adapters.h"
#include "executable.h"
#include "external.h"
#include "payload.h"
#include "series.h"
#include "tree.h"

typedef struct {
    PyObject_HEAD
    PyObject *name;
    PyObject *path;
    PyObject *ordinary; /* the standard library's loader of the same module, made when it is needed */
    PyObject *attributes;
    uint32_t index;
} Loader;

static PyObject *type;
static PyObject *module_spec;   /* importlib._bootstrap.ModuleSpec */
static PyObject *without_frames; /* importlib._bootstrap._call_with_frames_removed: keeps us out of tracebacks */
static PyObject *exec_function;  /* builtins.exec */
static PyObject *imp;

/* Paths and code. */

PyObject *loader_module_path(uint32_t index)
{
    const Module *module = payload_module(index);
    char path[2 * PATH_MAX];
    size_t length = tree_node_path(module->folder, path, sizeof path);
    int size = snprintf(path + length, sizeof path - length, "/%s%s", payload_text(module->name),
                        payload_text(module->suffix));
    return PyUnicode_DecodeFSDefaultAndSize(path, (Py_ssize_t)length + size);
}

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

/* Replaces the file name of the code and all code within it: the payload has it relative to the executable. */
static void complete_filename(PyCodeObject *code, PyObject *from, PyObject *to)
{
    if (code->co_filename != from && PyUnicode_Compare(code->co_filename, from) != 0)
        return;
    Py_SETREF(code->co_filename, Py_NewRef(to));
    PyObject *constants = code->co_consts;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(constants); i++) {
        PyObject *constant = PyTuple_GET_ITEM(constants, i);
        if (PyCode_Check(constant))
            complete_filename((PyCodeObject *)constant, from, to);
    }
}

static PyObject *read_code(uint32_t index, PyObject *path)
{
    const Module *module = payload_module(index);
    PyObject *code = PyMarshal_ReadObjectFromString(payload_data(module->code), (Py_ssize_t)module->code_size);
    if (code == NULL)
        return NULL;
    if (!PyCode_Check(code)) {
        PyErr_Format(PyExc_ImportError, "the bytecode of %R in the executable is damaged", path);
        Py_DECREF(code);
        return NULL;
    }
    PyObject *from = Py_NewRef(((PyCodeObject *)code)->co_filename);
    complete_filename((PyCodeObject *)code, from, path);
    Py_DECREF(from);
    return code;
}

PyObject *loader_code(uint32_t index)
{
    PyObject *path = loader_module_path(index);
    PyObject *code = path == NULL ? NULL : read_code(index, path);
    Py_XDECREF(path);
    return code;
}

/* Specs. */

PyObject *loader_new(PyObject *name, uint32_t index)
{
    PyTypeObject *loader_class = (PyTypeObject *)type;
    Loader *self = (Loader *)loader_class->tp_alloc(loader_class, 0);
    if (self == NULL)
        return NULL;
    self->name = Py_NewRef(name);
    self->index = index;
    self->path = loader_module_path(index);
    if (self->path == NULL)
        Py_CLEAR(self);
    return (PyObject *)self;
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

static bool is_extension(uint32_t index)
{
    return (payload_module(index)->flags & MODULE_EXTENSION) != 0;
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
    PyObject *path = ((Loader *)loader)->path;
    PyObject *spec = PyObject_CallFunctionObjArgs(module_spec, name, loader, NULL);
    Py_DECREF(loader);
    if (spec == NULL)
        return NULL;
    PyObject *cached = is_extension(index) ? Py_NewRef(Py_None) : cached_path(path);
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
    if (status < 0)
        Py_CLEAR(spec);
    return spec;
}

/* The type. */

static int visit(PyObject *object, visitproc visit, void *arg)
{
    Loader *self = (Loader *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->ordinary);
    Py_VISIT(self->attributes);
    return 0;
}

static int clear(PyObject *object)
{
    Loader *self = (Loader *)object;
    Py_CLEAR(self->ordinary);
    Py_CLEAR(self->attributes);
    return 0;
}

static void dealloc(PyObject *object)
{
    PyTypeObject *loader_class = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    clear(object);
    Py_CLEAR(((Loader *)object)->name);
    Py_CLEAR(((Loader *)object)->path);
    loader_class->tp_free(object);
    Py_DECREF(loader_class);
}

/* The class that an ordinary interpreter would have used. */
static PyObject *ordinary_class(PyObject *self)
{
    const Module *module = payload_module(((Loader *)self)->index);
    if (module->flags & MODULE_EXTENSION)
        return external_attribute("ExtensionFileLoader");
    return external_attribute(module->flags & MODULE_SOURCE ? "SourceFileLoader" : "SourcelessFileLoader");
}

static PyObject *ordinary_loader(PyObject *object)
{
    Loader *self = (Loader *)object;
    if (self->ordinary == NULL) {
        PyObject *loader_class = ordinary_class(object);
        if (loader_class == NULL)
            return NULL;
        self->ordinary = PyObject_CallFunctionObjArgs(loader_class, self->name, self->path, NULL);
        Py_DECREF(loader_class);
    }
    return self->ordinary;
}

/* What is not done here (get_source, get_resource_reader, path_stats ...) the ordinary loader does: the files it reads
 * are in the tree. */
static PyObject *get_attribute(PyObject *self, PyObject *name)
{
    PyObject *own = PyObject_GenericGetAttr(self, name);
    if (own != NULL || !PyErr_ExceptionMatches(PyExc_AttributeError))
        return own;
    PyErr_Clear();
    PyObject *loader = ordinary_loader(self);
    return loader == NULL ? NULL : PyObject_GetAttr(loader, name);
}

/* isinstance(loader, SourceFileLoader) is what many libraries ask before they work with a loader as with any other. */
static PyObject *get_class(PyObject *self, void *unused)
{
    (void)unused;
    return ordinary_class(self);
}

static PyObject *get_name(PyObject *self, void *unused)
{
    (void)unused;
    return Py_NewRef(((Loader *)self)->name);
}

static PyObject *get_path(PyObject *self, void *unused)
{
    (void)unused;
    return Py_NewRef(((Loader *)self)->path);
}

/* importlib's _check_name: the methods take no name, None, or the loader's own. */
static bool check_name(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    PyObject *own = ((Loader *)self)->name;
    if (count > 1) {
        PyErr_SetString(PyExc_TypeError, "expected at most one argument: the module's name");
        return false;
    }
    if (count == 0 || args[0] == Py_None)
        return true;
    int equal = PyObject_RichCompareBool(args[0], own, Py_EQ);
    if (equal == 0) {
        PyObject *message = PyUnicode_FromFormat("loader for %U cannot handle %S", own, args[0]);
        if (message != NULL)
            PyErr_SetImportError(message, args[0], NULL);
        Py_XDECREF(message);
    }
    return equal == 1;
}

static PyObject *get_filename(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    return check_name(self, args, count) ? Py_NewRef(((Loader *)self)->path) : NULL;
}

static PyObject *method_is_package(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    (void)args;
    (void)count; /* as FileLoader's: any name */
    return PyBool_FromLong(is_package(((Loader *)self)->name, ((Loader *)self)->index));
}

static PyObject *get_code(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    if (!check_name(self, args, count))
        return NULL;
    uint32_t index = ((Loader *)self)->index;
    return is_extension(index) ? Py_NewRef(Py_None) : read_code(index, ((Loader *)self)->path);
}

/* The content of a file, straight from the payload if it is there. */
static PyObject *get_data(PyObject *self, PyObject *path)
{
    PyObject *text = PyOS_FSPath(path);
    PyObject *encoded = NULL;
    if (text == NULL || !PyUnicode_FSConverter(text, &encoded)) {
        Py_XDECREF(text);
        return NULL;
    }
    PyObject *result = NULL;
    if (tree_begins(PyBytes_AS_STRING(encoded))) {
        struct tree_place place;
        tree_locate(AT_FDCWD, PyBytes_AS_STRING(encoded), &place);
        if (place.kind == TREE_INSIDE && payload_node(place.node)->kind == NODE_FILE) {
            const Node *node = payload_node(place.node);
            result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)node->size);
            if (result != NULL && !payload_read(node, PyBytes_AS_STRING(result))) {
                Py_CLEAR(result);
                PyErr_Format(PyExc_OSError, "%R is damaged in the executable", path);
            }
            goto done;
        }
    }
    PyObject *loader = ordinary_loader(self);
    if (loader != NULL)
        result = PyObject_CallMethod(loader, "get_data", "O", text);
done:
    Py_DECREF(text);
    Py_DECREF(encoded);
    return result;
}

static PyObject *create_module(PyObject *self, PyObject *spec)
{
    if (!is_extension(((Loader *)self)->index))
        Py_RETURN_NONE;
    PyObject *create = PyObject_GetAttrString(imp, "create_dynamic");
    if (create == NULL)
        return NULL;
    PyObject *module = PyObject_CallFunctionObjArgs(without_frames, create, spec, NULL);
    Py_DECREF(create);
    return module;
}

static PyObject *exec_extension(PyObject *module)
{
    PyObject *execute = PyObject_GetAttrString(imp, "exec_dynamic");
    if (execute == NULL)
        return NULL;
    PyObject *result = PyObject_CallFunctionObjArgs(without_frames, execute, module, NULL);
    Py_DECREF(execute);
    return result;
}

static PyObject *exec_module(PyObject *object, PyObject *module)
{
    Loader *self = (Loader *)object;
    PyObject *result = NULL;
    if (is_extension(self->index)) {
        result = exec_extension(module);
    } else {
        PyObject *names = PyObject_GetAttrString(module, "__dict__");
        PyObject *code = names == NULL ? NULL : read_code(self->index, self->path);
        if (code != NULL)
            result = PyObject_CallFunctionObjArgs(without_frames, exec_function, code, names, NULL);
        Py_XDECREF(code);
        Py_XDECREF(names);
    }
    if (result == NULL)
        return NULL;
    Py_DECREF(result);
    if (adapters_apply(self->name, module) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *represent(PyObject *self)
{
    return PyUnicode_FromFormat("<castiron loader of %R at %R>", ((Loader *)self)->name, ((Loader *)self)->path);
}

/* Two loaders of the same module of the payload under the same name are as good as one. */
static PyObject *compare(PyObject *self, PyObject *other, int operation)
{
    if ((operation != Py_EQ && operation != Py_NE) || (PyObject *)Py_TYPE(other) != type)
        Py_RETURN_NOTIMPLEMENTED;
    Loader *one = (Loader *)self, *two = (Loader *)other;
    bool equal = one->index == two->index && PyUnicode_Compare(one->name, two->name) == 0;
    return PyBool_FromLong(equal == (operation == Py_EQ));
}

static Py_hash_t hash(PyObject *self)
{
    return PyObject_Hash(((Loader *)self)->path);
}

static PyMethodDef methods[] = {
    {"create_module", create_module, METH_O, NULL},
    {"exec_module", exec_module, METH_O, NULL},
    {"get_code", (PyCFunction)(void (*)(void))get_code, METH_FASTCALL, NULL},
    {"get_data", get_data, METH_O, NULL},
    {"get_filename", (PyCFunction)(void (*)(void))get_filename, METH_FASTCALL, NULL},
    {"is_package", (PyCFunction)(void (*)(void))method_is_package, METH_FASTCALL, NULL},
    {0},
};
static PyGetSetDef attributes[] = {
    {"__class__", get_class, NULL, NULL, NULL},
    {"name", get_name, NULL, NULL, NULL},
    {"path", get_path, NULL, NULL, NULL},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {0},
};
static PyMemberDef members[] = {
    {"__dictoffset__", Py_T_PYSSIZET, offsetof(Loader, attributes), Py_READONLY, NULL},
    {0},
};
static PyType_Slot slots[] = {
    {Py_tp_dealloc, dealloc},
    {Py_tp_traverse, visit},
    {Py_tp_clear, clear},
    {Py_tp_repr, represent},
    {Py_tp_hash, hash},
    {Py_tp_richcompare, compare},
    {Py_tp_getattro, get_attribute},
    {Py_tp_methods, methods},
    {Py_tp_getset, attributes},
    {Py_tp_members, members},
    {0, NULL},
};
static PyType_Spec spec = {
    .name = "_castiron.Loader",
    .basicsize = sizeof(Loader),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

int loader_prepare(void)
{
    PyObject *bootstrap = PyImport_AddModuleRef("_frozen_importlib");
    if (bootstrap == NULL)
        return -1;
    module_spec = PyObject_GetAttrString(bootstrap, "ModuleSpec");
    without_frames = PyObject_GetAttrString(bootstrap, "_call_with_frames_removed");
    imp = PyObject_GetAttrString(bootstrap, "_imp");
    Py_DECREF(bootstrap);
    exec_function = PyDict_GetItemString(PyEval_GetBuiltins(), "exec");
    Py_XINCREF(exec_function);
    type = PyType_FromSpec(&spec);
    return module_spec != NULL && without_frames != NULL && imp != NULL && exec_function != NULL && type != NULL ? 0 : -1;
}

PyObject *loader_type(void)
{
    return type;
}
