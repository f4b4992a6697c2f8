#include "imports/bootstrap_external.h"

#include <sys/stat.h>

#include "imports/frozen.h"
#include "imports/import_state.h"
#include "imports/open_object.h"
#include "series.h"
#include "tree/tree.h"

static PyObject *module;      /* _frozen_importlib_external */
static PyObject *placeholder; /* stands for PathFinder at the end of sys.meta_path until there is one */
static PyObject *zip_hook;    /* stands for zipimporter at the start of sys.path_hooks until it is imported */
static PyObject *zip_placeholder; /* the module zipimport that Python's start asks for the hook */
static PyThread_type_lock lock; /* held while the real code runs */
static unsigned long runner;    /* the thread that runs it */
static int finished;
static int (*when_executed)(PyObject *module);

static int list_remove(const char *list_name, PyObject *item)
{
    PyObject *list = PySys_GetObject(list_name);
    if (list == NULL || !PyList_Check(list))
        return 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++)
        if (PyList_GET_ITEM(list, i) == item)
            return PyList_SetSlice(list, i, i + 1, NULL);
    return 0;
}

/* Executes the real module in the placeholder's dictionary and installs its finder and path hook. */
static int run(void)
{
    PyObject *names = PyModule_GetDict(module);
    PyObject *bootstrap = PyImport_AddModuleRef("_frozen_importlib");
    PyObject *code = frozen_bootstrap_external();
    /* The package importlib may have renamed the module by now; its classes keep the name that they are known by. */
    PyObject *renamed = Py_XNewRef(PyDict_GetItemString(names, "__name__"));
    PyObject *original = PyUnicode_FromString("_frozen_importlib_external");
    PyObject *result = NULL, *time = NULL;
    int status = -1;
    if (bootstrap == NULL || code == NULL || renamed == NULL || original == NULL ||
        PyDict_SetItemString(names, "__name__", original) < 0 ||
        PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()) < 0)
        goto done;
    result = PyEval_EvalCode(code, names, names);
    if (result == NULL || PyDict_SetItemString(names, "__name__", renamed) < 0)
        goto done;
    Py_SETREF(result, PyObject_CallMethod(module, "_install", "O", bootstrap));
    /* Python has it from the start, by way of zipimport; what makes imports lazy, which needs this module, takes that for
     * granted.  (Not at our start: it opens the file of the time zone.) */
    time = PyImport_ImportModule("time");
    if (result != NULL && time != NULL && PyDict_DelItemString(names, "__getattr__") == 0 && when_executed(module) == 0)
        /* One with a find_spec of somebody else's goes on to lead to PathFinder. */
        status = open_object_is_changed(placeholder) ? 0 : list_remove("meta_path", placeholder);
done:
    Py_XDECREF(time);
    Py_XDECREF(result);
    Py_XDECREF(original);
    Py_XDECREF(renamed);
    Py_XDECREF(code);
    Py_XDECREF(bootstrap);
    return status;
}

/* Runs it once, whichever thread comes first; 0 too within the run itself. */
static int execute(void)
{
    unsigned long self = PyThread_get_thread_ident();
    if (finished || runner == self)
        return 0;
    Py_BEGIN_ALLOW_THREADS
    PyThread_acquire_lock(lock, WAIT_LOCK);
    Py_END_ALLOW_THREADS
    int status = 0;
    if (!finished) {
        runner = self;
        status = run();
        runner = 0;
        finished = status == 0;
    }
    PyThread_release_lock(lock);
    return status;
}

/* importlib._bootstrap calls this while Python starts: there is nothing to install yet. */
static PyObject *placeholder_install(PyObject *self, PyObject *bootstrap)
{
    (void)self;
    (void)bootstrap;
    Py_RETURN_NONE;
}

/* The module's __getattr__: whatever is asked for, it is the real module that has it. */
static PyObject *placeholder_getattr(PyObject *self, PyObject *name)
{
    (void)self;
    /* The import system looks these up, and the answer does not need the code. */
    int plain = PyUnicode_Check(name) && (PyUnicode_CompareWithASCIIString(name, "__path__") == 0 ||
                                          PyUnicode_CompareWithASCIIString(name, "__file__") == 0);
    if (!plain && runner != PyThread_get_thread_ident()) {
        if (execute() < 0)
            return NULL;
        return PyObject_GetAttr(module, name);
    }
    PyErr_Format(PyExc_AttributeError, "module '_frozen_importlib_external' has no attribute %R", name);
    return NULL;
}

PyObject *bootstrap_external_attribute(const char *name)
{
    struct import_state *state = import_state();
    if (state == NULL)
        return NULL;
    if (state->external != NULL)
        return PyObject_GetAttrString(state->external, name);
    if (execute() < 0)
        return NULL;
    return PyObject_GetAttrString(module, name);
}

/* sys.meta_path's last finder: something is not in the executable, so look in the file system. */
static PyObject *placeholder_find_spec(PyObject *self, PyObject *args, PyObject *keywords)
{
    (void)self;
    PyObject *finder = bootstrap_external_attribute("PathFinder");
    if (finder == NULL)
        return NULL;
    PyObject *find_spec = PyObject_GetAttrString(finder, "find_spec");
    PyObject *spec = find_spec == NULL ? NULL : PyObject_Call(find_spec, args, keywords);
    Py_XDECREF(find_spec);
    Py_DECREF(finder);
    return spec;
}

static PyObject *placeholder_invalidate(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    Py_RETURN_NONE;
}

static PyObject *placeholder_attribute(PyObject *self, PyObject *name)
{
    PyObject *own = PyObject_GenericGetAttr(self, name);
    if (own != NULL || !PyErr_ExceptionMatches(PyExc_AttributeError))
        return own;
    /* Such as find_distributions: PathFinder's own. */
    PyErr_Clear();
    PyObject *finder = bootstrap_external_attribute("PathFinder");
    if (finder == NULL)
        return NULL;
    PyObject *result = PyObject_GetAttr(finder, name);
    Py_DECREF(finder);
    return result;
}

static PyMethodDef placeholder_methods[] = {
    {"find_spec", (PyCFunction)(void (*)(void))placeholder_find_spec, METH_VARARGS | METH_KEYWORDS, NULL},
    {"invalidate_caches", placeholder_invalidate, METH_NOARGS, NULL},
    {0},
};
static PyType_Slot placeholder_slots[] = {
    OPEN_OBJECT_SLOTS,
    {Py_tp_methods, placeholder_methods},
    {Py_tp_getattro, placeholder_attribute},
    {0, NULL},
};
static PyType_Spec placeholder_type = {
    .name = "_frozen_importlib_external.PathFinder", /* code looks for it by this name */
    .basicsize = sizeof(OpenObject),
    .flags = OPEN_OBJECT_FLAGS,
    .slots = placeholder_slots,
};

/* Whether a zip archive may be at `path` or above it, as in "plugins.zip/package". */
static int may_be_archive(PyObject *path)
{
    PyObject *encoded = NULL;
    if (!PyUnicode_FSConverter(path, &encoded))
        return -1;
    char *text = PyBytes_AS_STRING(encoded);
    int archive = 0;
    while (strcmp(text, tree_root) != 0) { /* the executable is a file, but no archive */
        struct stat status;
        if (stat(text, &status) == 0) {
            archive = S_ISREG(status.st_mode);
            break;
        }
        char *slash = strrchr(text, '/');
        if (slash == NULL || slash == text)
            break;
        *slash = '\0';
    }
    Py_DECREF(encoded);
    return archive;
}

/* Removes the placeholder from sys.modules, if it is there. */
static int forget_zipimport(void)
{
    PyObject *modules = PyImport_GetModuleDict();
    if (PyDict_GetItemString(modules, "zipimport") != zip_placeholder)
        return 0;
    return PyDict_DelItemString(modules, "zipimport");
}

/* sys.path_hooks' first hook, until a path that may be an archive needs the real zipimporter. */
static PyObject *placeholder_zipimporter(PyObject *self, PyObject *path)
{
    (void)self;
    int archive = may_be_archive(path);
    if (archive < 0)
        return NULL;
    if (!archive) {
        PyErr_Format(PyExc_ImportError, "not a Zip file: %R", path);
        return NULL;
    }
    /* What zipimport imports itself is looked for in the archive, too, if it comes first in sys.path. */
    static int importing;
    if (importing) {
        PyErr_Format(PyExc_ImportError, "zipimport is being imported: %R", path);
        return NULL;
    }
    importing = 1;
    PyObject *zipimport = forget_zipimport() < 0 ? NULL : PyImport_ImportModule("zipimport");
    importing = 0;
    PyObject *importer = zipimport == NULL ? NULL : PyObject_GetAttrString(zipimport, "zipimporter");
    Py_XDECREF(zipimport);
    if (importer == NULL) {
        if (PyErr_ExceptionMatches(PyExc_ImportError))
            return NULL;
        PyErr_Clear();
        PyErr_Format(PyExc_ImportError, "zipimport is not available for %R", path);
        return NULL;
    }
    PyObject *hooks = PySys_GetObject("path_hooks");
    for (Py_ssize_t i = 0; hooks != NULL && PyList_Check(hooks) && i < PyList_GET_SIZE(hooks); i++)
        if (PyList_GET_ITEM(hooks, i) == zip_hook)
            PyList_SetItem(hooks, i, Py_NewRef(importer));
    PyObject *result = PyObject_CallOneArg(importer, path);
    Py_DECREF(importer);
    return result;
}

static PyMethodDef functions[] = {
    {"__getattr__", placeholder_getattr, METH_O, NULL},
    {"_install", placeholder_install, METH_O, NULL},
    {0},
};
static PyMethodDef zip_function = {"zipimporter", placeholder_zipimporter, METH_O, NULL};

int bootstrap_external_prepare(int (*executed)(PyObject *module))
{
    when_executed = executed;
    lock = PyThread_allocate_lock();
    module = PyModule_New("_frozen_importlib_external");
    if (lock == NULL || module == NULL || PyModule_AddFunctions(module, functions) < 0)
        return -1;
    PyObject *modules = PyImport_GetModuleDict();
    if (PyDict_SetItemString(modules, "_frozen_importlib_external", module) < 0)
        return -1;

    PyObject *type = PyType_FromSpec(&placeholder_type);
    if (type == NULL)
        return -1;
    placeholder = PyType_GenericAlloc((PyTypeObject *)type, 0);
    Py_DECREF(type);
    PyObject *finders = PySys_GetObject("meta_path");
    if (placeholder == NULL || finders == NULL || PyList_Append(finders, placeholder) < 0)
        return -1;

    zip_hook = PyCFunction_New(&zip_function, NULL);
    PyObject *zipimport = PyModule_New("zipimport");
    if (zip_hook == NULL || zipimport == NULL || PyObject_SetAttrString(zipimport, "zipimporter", zip_hook) < 0)
        return -1;
    zip_placeholder = zipimport;
    return PyDict_SetItemString(modules, "zipimport", zipimport);
}

/* What _frozen_importlib._setup gives to every frozen module. */
static int describe(void)
{
    PyObject *bootstrap = PyImport_AddModuleRef("_frozen_importlib");
    PyObject *loader = bootstrap == NULL ? NULL : PyObject_GetAttrString(bootstrap, "FrozenImporter");
    PyObject *spec = NULL, *origin = PyUnicode_FromString("frozen"), *fixed = NULL;
    PyObject *original = PyUnicode_FromString("importlib._bootstrap_external");
    if (loader != NULL)
        spec = PyObject_CallMethod(bootstrap, "ModuleSpec", "sO", "_frozen_importlib_external", loader);
    int status = -1;
    if (spec != NULL && origin != NULL && PyObject_SetAttrString(spec, "origin", origin) == 0 &&
        PyObject_SetAttrString(module, "__loader__", loader) == 0 &&
        PyObject_SetAttrString(module, "__spec__", spec) == 0 && original != NULL &&
        PyObject_SetAttrString(module, "__origname__", original) == 0) {
        fixed = PyObject_CallMethod(loader, "_fix_up_module", "O", module); /* makes the spec's loader_state */
        status = fixed == NULL ? -1 : 0;
    }
    Py_XDECREF(fixed);
    Py_XDECREF(original);
    Py_XDECREF(origin);
    Py_XDECREF(spec);
    Py_XDECREF(loader);
    Py_XDECREF(bootstrap);
    return status;
}

int bootstrap_external_finish(void)
{
    if (describe() < 0)
        return -1;
    return forget_zipimport();
}
