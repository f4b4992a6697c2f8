#include "imports/finder.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "imports/frozen.h"
#include "imports/bootstrap_external.h"
#include "imports/import_state.h"
#include "imports/loader.h"
#include "imports/open_object.h"
#include "payload/payload.h"
#include "process/executable.h"
#include "series.h"
#include "tree/tree.h"

static bool is_among(const char *const *sorted, size_t count, const char *name)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(sorted[middle], name);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* The folder of the tree at an entry of a path, or NODE_NONE; whether the entry is in the tree at all. */
static uint32_t folder_at(PyObject *entry, bool *in_tree)
{
    *in_tree = false;
    if (!PyUnicode_Check(entry))
        return NODE_NONE;
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(entry, &size);
    char encoded[PATH_MAX];
    if (text == NULL) {
        /* Not valid UTF-8: the executable may be in such a folder. */
        PyErr_Clear();
        PyObject *bytes = PyUnicode_EncodeFSDefault(entry);
        if (bytes == NULL || (size = PyBytes_GET_SIZE(bytes)) >= (Py_ssize_t)sizeof encoded) {
            PyErr_Clear();
            Py_XDECREF(bytes);
            return NODE_NONE;
        }
        text = memcpy(encoded, PyBytes_AS_STRING(bytes), (size_t)size + 1);
        Py_DECREF(bytes);
    }
    struct tree_place place = tree_lookup(text);
    *in_tree = place.kind != TREE_OUTSIDE;
    if (place.kind != TREE_NODE || payload_node(place.node)->kind != NODE_FOLDER)
        return NODE_NONE;
    return place.node;
}

/* The last component of a dotted name. */
static const char *tail_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot == NULL ? name : dot + 1;
}

/* A module that can be imported; scripts without suffix cannot. */
static uint32_t find_in(uint32_t folder, const char *tail)
{
    /* Imported as `package.__init__`, it is a module of its own. */
    if (strcmp(tail, "__init__") == 0)
        return payload_module_of_file(folder, "__init__.py");
    uint32_t module = payload_find_module(folder, tail, strlen(tail));
    return module != NODE_NONE && payload_module(module)->suffix.length != 0 ? module : NODE_NONE;
}

static bool is_folder(uint32_t folder, const char *tail)
{
    uint32_t child = payload_followed(payload_child(folder, tail, strlen(tail)));
    return child != NODE_NONE && payload_node(child)->kind == NODE_FOLDER;
}

/* Whether the folder holds source that was not compiled into a module, such as plug-ins among the application's data. */
static bool is_only_source(uint32_t folder, const char *tail)
{
    char name[NAME_MAX + 1];
    if (snprintf(name, sizeof name, "%s.py", tail) >= (int)sizeof name)
        return false;
    uint32_t package = payload_followed(payload_child(folder, tail, strlen(tail)));
    return payload_child(folder, name, strlen(name)) != NODE_NONE ||
           (package != NODE_NONE && payload_node(package)->kind == NODE_FOLDER &&
            payload_child(package, "__init__.py", strlen("__init__.py")) != NODE_NONE);
}

/* The module of the standard library, wherever sys.path leads, if CPython would have imported it before; or NODE_NONE. */
static uint32_t find_always_standard(const char *name)
{
    if (!is_among(series_always_standard, series_always_standard_count, name))
        return NODE_NONE;
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/" SERIES_LIBRARY, executable_path());
    struct tree_place place = tree_lookup(path);
    return place.kind == TREE_NODE ? find_in(place.node, name) : NODE_NONE;
}

/* find_spec(fullname, path=None, target=None) of sys.meta_path's first finder.
 *
 * It answers only if the path leads to a module of the payload before it leads anywhere else.  Namespace packages and
 * everything in the file system are PathFinder's, which asks the path entry finders below. */
static PyObject *find_spec(PyObject *self, PyObject *args, PyObject *keywords)
{
    (void)self;
    static char *names[] = {"fullname", "path", "target", NULL};
    PyObject *fullname, *path = Py_None, *target = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "U|OO:find_spec", names, &fullname, &path, &target))
        return NULL;
    Py_ssize_t size;
    const char *name = PyUnicode_AsUTF8AndSize(fullname, &size);
    if (name == NULL || strlen(name) != (size_t)size) {
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    if (frozen_is_test_module(name))
        Py_RETURN_NONE;
    if (path == Py_None) {
        if (is_among(series_always_builtin, series_always_builtin_count, name))
            Py_RETURN_NONE;
        uint32_t standard = find_always_standard(name);
        if (standard != NODE_NONE)
            return loader_spec(fullname, standard);
        path = PySys_GetObject("path");
        if (path == NULL)
            Py_RETURN_NONE;
    }
    const char *tail = tail_of(name);
    if (!PyList_Check(path))
        Py_RETURN_NONE; /* a namespace package's path is computed anew by PathFinder */
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(path); i++) {
        bool in_tree;
        uint32_t folder = folder_at(PyList_GET_ITEM(path, i), &in_tree);
        if (!in_tree)
            Py_RETURN_NONE;
        if (folder == NODE_NONE)
            continue;
        uint32_t module = find_in(folder, tail);
        if (module != NODE_NONE)
            return loader_spec(fullname, module);
        if (is_only_source(folder, tail))
            Py_RETURN_NONE;
    }
    Py_RETURN_NONE;
}

static PyObject *invalidate_caches(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    Py_RETURN_NONE; /* what is in the executable does not change */
}

static PyMethodDef meta_methods[] = {
    {"find_spec", (PyCFunction)(void (*)(void))find_spec, METH_VARARGS | METH_KEYWORDS, NULL},
    {"invalidate_caches", invalidate_caches, METH_NOARGS, NULL},
    {0},
};

static PyType_Slot meta_slots[] = {OPEN_OBJECT_SLOTS, {Py_tp_methods, meta_methods}, {0, NULL}};
static PyType_Spec meta_spec = {
    .name = "_castiron.Finder",
    .basicsize = sizeof(OpenObject),
    .flags = OPEN_OBJECT_FLAGS,
    .slots = meta_slots,
};

/* The finder of one folder of the tree. */
typedef struct {
    PyObject_HEAD
    PyObject *path;
    uint32_t folder;
} PathEntryFinder;

static void path_entry_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_DECREF(((PathEntryFinder *)self)->path);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *path_entry_repr(PyObject *self)
{
    return PyUnicode_FromFormat("CastironPathFinder(%R)", ((PathEntryFinder *)self)->path);
}

static PyObject *path_entry_path(PyObject *self, void *unused)
{
    (void)unused;
    return Py_NewRef(((PathEntryFinder *)self)->path);
}

/* A portion of a namespace package: the folder without an __init__. */
static PyObject *namespace_spec(PyObject *self, PyObject *fullname, const char *tail)
{
    PyObject *bootstrap = PyImport_AddModuleRef("_frozen_importlib");
    if (bootstrap == NULL)
        return NULL;
    PyObject *spec = PyObject_CallMethod(bootstrap, "ModuleSpec", "OO", fullname, Py_None);
    Py_DECREF(bootstrap);
    PyObject *portion = PyUnicode_FromFormat("%U/%s", ((PathEntryFinder *)self)->path, tail);
    PyObject *portions = portion == NULL ? NULL : PyList_New(1);
    if (portions != NULL)
        PyList_SET_ITEM(portions, 0, Py_NewRef(portion));
    if (spec == NULL || portions == NULL ||
        PyObject_SetAttrString(spec, "submodule_search_locations", portions) < 0)
        Py_CLEAR(spec);
    Py_XDECREF(portion);
    Py_XDECREF(portions);
    return spec;
}

/* What the ordinary finder of a folder says: it sees the tree's files as any others. */
static PyObject *file_spec(PyObject *self, PyObject *fullname, PyObject *suffixes)
{
    PyObject *finder = NULL, *result = NULL;
    PyObject *type = bootstrap_external_attribute("FileFinder"), *loader = bootstrap_external_attribute("SourceFileLoader");
    if (type != NULL && loader != NULL)
        finder = PyObject_CallFunction(type, "O(OO)", ((PathEntryFinder *)self)->path, loader, suffixes);
    if (finder != NULL)
        result = PyObject_CallMethod(finder, "find_spec", "O", fullname);
    Py_XDECREF(finder);
    Py_XDECREF(loader);
    Py_XDECREF(type);
    return result;
}

/* A module that is a file of the tree and not compiled; NULL without an exception if there is none.  Its suffix is one
   of importlib.machinery.SOURCE_SUFFIXES, to which compilers of other languages (Hy) add theirs. */
static PyObject *source_spec(PyObject *self, PyObject *fullname, const char *tail)
{
    PyObject *suffixes = bootstrap_external_attribute("SOURCE_SUFFIXES"), *result = NULL;
    if (suffixes != NULL &&
        (is_only_source(((PathEntryFinder *)self)->folder, tail) || PyObject_Length(suffixes) > 1))
        result = file_spec(self, fullname, suffixes);
    Py_XDECREF(suffixes);
    PyObject *loader = result == NULL || result == Py_None ? NULL : PyObject_GetAttrString(result, "loader");
    if (result != NULL && (loader == NULL || loader == Py_None))
        Py_CLEAR(result); /* nothing, or a folder */
    Py_XDECREF(loader);
    return result;
}

static PyObject *path_entry_find_spec(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"fullname", "target", NULL};
    PyObject *fullname, *target = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "U|O:find_spec", names, &fullname, &target))
        return NULL;
    Py_ssize_t size;
    const char *name = PyUnicode_AsUTF8AndSize(fullname, &size);
    if (name == NULL)
        return NULL;
    if (strlen(name) != (size_t)size)
        Py_RETURN_NONE;
    const char *tail = tail_of(name);
    uint32_t folder = ((PathEntryFinder *)self)->folder;
    uint32_t module = find_in(folder, tail);
    if (module != NODE_NONE)
        return loader_spec(fullname, module);
    PyObject *source = source_spec(self, fullname, tail);
    if (source != NULL || PyErr_Occurred())
        return source;
    if (is_folder(folder, tail))
        return namespace_spec(self, fullname, tail);
    Py_RETURN_NONE;
}

/* Appends (prefix + name, is_package); -1 with an exception. */
static int append_module(PyObject *list, const char *prefix, const char *name, bool package)
{
    PyObject *item = Py_BuildValue("(NN)", PyUnicode_FromFormat("%s%s", prefix, name), PyBool_FromLong(package));
    int status = item == NULL ? -1 : PyList_Append(list, item);
    Py_XDECREF(item);
    return status;
}

/* The modules of a child of the folder that is no module of the payload. */
static int append_source(PyObject *list, const char *prefix, uint32_t folder, uint32_t child)
{
    const char *name = payload_text(payload_node(child)->name);
    size_t length = strlen(name);
    child = payload_followed(child);
    bool package = payload_node(child)->kind == NODE_FOLDER;
    if (!package && (length <= 3 || strcmp(name + length - 3, ".py") != 0))
        return 0;
    char tail[NAME_MAX + 1];
    size_t size = package ? length : length - 3;
    if (size >= sizeof tail)
        return 0;
    memcpy(tail, name, size);
    tail[size] = '\0';
    if (strchr(tail, '.') != NULL || strcmp(tail, "__init__") == 0 || find_in(folder, tail) != NODE_NONE)
        return 0;
    if (package && payload_child(child, "__init__.py", strlen("__init__.py")) == NODE_NONE)
        return 0;
    return append_module(list, prefix, tail, package);
}

/* pkgutil's protocol: (name, is_package) of everything that can be imported from the folder, sorted. */
static PyObject *path_entry_iter_modules(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"prefix", NULL};
    const char *prefix = "";
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|s:iter_modules", names, &prefix))
        return NULL;
    uint32_t index = ((PathEntryFinder *)self)->folder;
    const Node *folder = payload_node(index);
    PyObject *result = PyList_New(0);
    int status = result == NULL ? -1 : 0;
    const char *previous = "";
    for (uint32_t i = 0; status == 0 && i < folder->module_count; i++) {
        const Module *module = payload_module(folder->first_module + i);
        const char *name = payload_text(module->name);
        if (module->suffix.length == 0 || strcmp(name, "__init__") == 0 || strcmp(name, previous) == 0)
            continue;
        previous = name;
        status = append_module(result, prefix, name, (module->flags & MODULE_PACKAGE) != 0);
    }
    for (uint64_t i = 0; status == 0 && i < folder->size; i++)
        status = append_source(result, prefix, index, (uint32_t)(folder->start + i));
    if (status < 0 || PyList_Sort(result) < 0)
        Py_CLEAR(result);
    return result;
}

static PyMethodDef path_entry_methods[] = {
    {"find_spec", (PyCFunction)(void (*)(void))path_entry_find_spec, METH_VARARGS | METH_KEYWORDS, NULL},
    {"iter_modules", (PyCFunction)(void (*)(void))path_entry_iter_modules, METH_VARARGS | METH_KEYWORDS, NULL},
    {"invalidate_caches", invalidate_caches, METH_NOARGS, NULL},
    {0},
};
static PyGetSetDef path_entry_attributes[] = {{"path", path_entry_path, NULL, NULL, NULL}, {0}};
static PyType_Slot path_entry_slots[] = {
    {Py_tp_dealloc, path_entry_dealloc},
    {Py_tp_repr, path_entry_repr},
    {Py_tp_methods, path_entry_methods},
    {Py_tp_getset, path_entry_attributes},
    {0, NULL},
};
static PyType_Spec path_entry_spec = {
    .name = "_castiron.PathEntryFinder",
    .basicsize = sizeof(PathEntryFinder),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = path_entry_slots,
};

/* For sys.path_hooks: takes folders of the tree, and nothing else. */
static PyObject *path_hook(PyObject *self, PyObject *path)
{
    (void)self;
    bool in_tree;
    uint32_t folder = folder_at(path, &in_tree);
    if (folder == NODE_NONE) {
        PyErr_Format(PyExc_ImportError, "%R is not a folder in the executable", path);
        return NULL;
    }
    struct import_state *state = import_state();
    PyTypeObject *type = state == NULL ? NULL : (PyTypeObject *)state->path_entry_type;
    PathEntryFinder *finder = type == NULL ? NULL : (PathEntryFinder *)type->tp_alloc(type, 0);
    if (finder == NULL)
        return NULL;
    finder->path = Py_NewRef(path);
    finder->folder = folder;
    return (PyObject *)finder;
}

static PyMethodDef hook_function = {"castiron_path_hook", path_hook, METH_O, NULL};

int finder_install_hook(void)
{
    struct import_state *state = import_state();
    if (state == NULL || (state->path_entry_type = PyType_FromSpec(&path_entry_spec)) == NULL)
        return -1;
    PyObject *hook = PyCFunction_New(&hook_function, NULL), *hooks = PySys_GetObject("path_hooks");
    int status = -1;
    if (hook != NULL && hooks != NULL) {
        /* Before FileFinder's, which is the last one if it is there. */
        Py_ssize_t count = PyList_GET_SIZE(hooks);
        status = PyList_Insert(hooks, count == 0 ? 0 : count - 1, hook);
    }
    Py_XDECREF(hook);
    return status;
}

int finder_install(void)
{
    PyObject *type = PyType_FromSpec(&meta_spec);
    if (type == NULL)
        return -1;
    PyObject *finder = PyType_GenericAlloc((PyTypeObject *)type, 0), *finders = PySys_GetObject("meta_path");
    int status = finder == NULL || finders == NULL ? -1 : PyList_Insert(finders, 0, finder);
    Py_DECREF(type);
    Py_XDECREF(finder);
    return status < 0 ? -1 : finder_install_hook();
}
