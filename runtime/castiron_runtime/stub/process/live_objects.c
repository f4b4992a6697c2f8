/* One walk over all objects that the garbage collector knows.  What is not known to be harmless has effects. */
#define Py_BUILD_CORE
#include "process/live_objects.h"

#include <Python.h>
#include <string.h>

#include "pycore_frame.h"
#include "pycore_interp.h"
#include "pycore_pystate.h"

#include "process/examined.h"
#include "series.h"

/* Linked only into executables that have absorbed images. */
extern int64_t castiron_image_at(const void *address) __attribute__((weak));

enum { STANDARD_STREAMS = 3, LAYERS = 3 };

/* The classes of the io module in C, and the three layers of each standard stream. */
struct io {
    PyTypeObject *text, *reader, *writer, *random, *file, *bytes, *string;
    PyObject *standard[STANDARD_STREAMS * LAYERS];
};

struct walk {
    struct io io;
    bool effects;
};

/* --- files --- */

static PyTypeObject *class_of(PyObject *module, const char *name)
{
    PyObject *type = PyDict_GetItemString(PyModule_GetDict(module), name);
    return type != NULL && PyType_Check(type) ? (PyTypeObject *)type : NULL;
}

static bool find_classes(struct io *io)
{
    PyObject *module = PyDict_GetItemString(PyImport_GetModuleDict(), "_io");
    if (module == NULL || !PyModule_CheckExact(module))
        return false;
    io->text = class_of(module, "TextIOWrapper");
    io->reader = class_of(module, "BufferedReader");
    io->writer = class_of(module, "BufferedWriter");
    io->random = class_of(module, "BufferedRandom");
    io->file = class_of(module, "FileIO");
    io->bytes = class_of(module, "BytesIO");
    io->string = class_of(module, "StringIO");
    return io->text && io->reader && io->writer && io->random && io->file && io->bytes && io->string;
}

static bool is_buffer(const struct io *io, PyObject *object)
{
    return Py_IS_TYPE(object, io->reader) || Py_IS_TYPE(object, io->writer) || Py_IS_TYPE(object, io->random);
}

/* The next layer of an object of a class in C, which holds a reference to it; NULL if it was detached. */
static PyObject *layer_below(PyObject *object, const char *name)
{
    PyObject *below = PyObject_GetAttrString(object, name);
    if (below == NULL)
        PyErr_Clear();
    Py_XDECREF(below);
    return below;
}

/* Notes the layers of sys.stdin, stdout and stderr.  False if one of them is not made of the usual classes: flushing might
 * run Python code, and what that leaves is not known. */
static bool note_standard_streams(struct io *io)
{
    static const char *const names[STANDARD_STREAMS] = {"stdin", "stdout", "stderr"};
    for (size_t i = 0; i < STANDARD_STREAMS; i++) {
        PyObject **layers = &io->standard[i * LAYERS];
        layers[0] = PySys_GetObject(names[i]);
        if (layers[0] == NULL || layers[0] == Py_None || Py_IS_TYPE(layers[0], io->string))
            continue;
        if (!Py_IS_TYPE(layers[0], io->text))
            return false;
        layers[1] = layer_below(layers[0], "buffer");
        if (layers[1] == NULL || !is_buffer(io, layers[1]))
            return false;
        layers[2] = layer_below(layers[1], "raw");
        if (layers[2] == NULL || !Py_IS_TYPE(layers[2], io->file))
            return false;
    }
    return true;
}

static bool is_standard(const struct io *io, PyObject *object)
{
    for (size_t i = 0; i < STANDARD_STREAMS * LAYERS; i++)
        if (io->standard[i] == object)
            return true;
    return false;
}

/* Files that are closed, and files in memory.  An open one flushes, closes its descriptor, perhaps warns. */
static bool is_harmless_file(const struct io *io, PyObject *object)
{
    if (Py_IS_TYPE(object, io->bytes) || Py_IS_TYPE(object, io->string) || is_standard(io, object))
        return true;
    if (Py_IS_TYPE(object, io->text))
        object = layer_below(object, "buffer");
    if (object != NULL && is_buffer(io, object))
        object = layer_below(object, "raw");
    if (object == NULL || !Py_IS_TYPE(object, io->file))
        return false;
    PyObject *closed = PyObject_GetAttrString(object, "closed");
    if (closed == NULL)
        PyErr_Clear();
    Py_XDECREF(closed);
    return closed == Py_True;
}

/* --- generators --- */

/* A suspended generator is closed: what stands in `finally` and `with` runs, and what it delegates to is closed. */
static bool has_cleanup_to_come(PyObject *object)
{
    PyGenObject *generator = (PyGenObject *)object;
    if (!FRAME_STATE_SUSPENDED(generator->gi_frame_state))
        return false;
    PyObject *delegate = PyObject_GetAttrString(object, "gi_yieldfrom");
    if (delegate == NULL)
        PyErr_Clear();
    Py_XDECREF(delegate);
    if (delegate != Py_None)
        return true;
    /* The first byte of each entry of the exception table is marked. */
    PyCodeObject *code = PyGen_GetCode(generator);
    int entries = 0;
    for (Py_ssize_t i = 0; i < PyBytes_GET_SIZE(code->co_exceptiontable); i++)
        entries += (PyBytes_AS_STRING(code->co_exceptiontable)[i] & 0x80) != 0;
    Py_DECREF(code);
    return entries > SERIES_GENERATOR_ENTRIES;
}

static bool is_finished(PyObject *object)
{
    return ((PyGenObject *)object)->gi_frame_state >= FRAME_COMPLETED;
}

/* --- weak references --- */

/* PyWeakref_Check, which looks through the bases of every class, asked for thousands of objects. */
static bool is_weak_reference(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    return type == &_PyWeakref_RefType || type == &_PyWeakref_ProxyType || type == &_PyWeakref_CallableProxyType ||
           ((type->tp_flags & Py_TPFLAGS_HEAPTYPE) != 0 && PyType_IsSubtype(type, &_PyWeakref_RefType));
}

/* Callbacks of the standard library that only remove an entry from a table of the process. */
static bool is_table_keeping(PyObject *callback)
{
    static const struct {
        const char *module, *function;
    } known[] = {
        {"weakref", "WeakValueDictionary.__init__.<locals>.remove"},
        {"weakref", "WeakKeyDictionary.__init__.<locals>.remove"},
        {"_weakrefset", "WeakSet.__init__.<locals>._remove"},
        {"logging", "_removeHandlerRef"},
    };
    if (PyCFunction_CheckExact(callback)) {
        const PyMethodDef *method = ((PyCFunctionObject *)callback)->m_ml;
        /* Modules/_abc.c and _threadmodule.c make these for each reference; no program can get hold of one otherwise. */
        return (castiron_image_at == NULL || castiron_image_at(method) < 0) &&
               (strcmp(method->ml_name, "_destroy") == 0 || strcmp(method->ml_name, "_localdummy_destroyed") == 0 ||
                strcmp(method->ml_name, "clear_locals") == 0);
    }
    if (!PyFunction_Check(callback))
        return false;
    PyFunctionObject *function = (PyFunctionObject *)callback;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (function->func_module != NULL && PyUnicode_Check(function->func_module) &&
            PyUnicode_CompareWithASCIIString(function->func_module, known[i].module) == 0 &&
            PyUnicode_CompareWithASCIIString(function->func_qualname, known[i].function) == 0)
            return true;
    return false;
}

/* --- classes --- */

/* A class with `__del__` whose instances the collector does not know, as they can refer to nothing. */
static bool hides_finalizers(PyTypeObject *type)
{
    if (PyType_IS_GC(type) || (type->tp_finalize == NULL && type->tp_del == NULL))
        return false;
    PyObject *name = PyUnicode_InternFromString("__del__");
    PyObject *finalizer = name == NULL ? NULL : _PyType_Lookup(type, name);
    Py_XDECREF(name);
    return finalizer == NULL || !Py_IS_TYPE(finalizer, &PyWrapperDescr_Type);
}

/* --- warnings --- */

/* Finalizers in C outside of the collector's knowledge (os.scandir's iterators) do nothing else than to warn of what was not
 * closed.  Whether such warnings are shown is what the first filter that is for them says. */
static bool shows_resource_warnings(void)
{
    PyObject *module = PyDict_GetItemString(PyImport_GetModuleDict(), "warnings");
    PyObject *filters = module == NULL || !PyModule_CheckExact(module)
                            ? _PyInterpreterState_GET()->warnings.filters
                            : PyDict_GetItemString(PyModule_GetDict(module), "filters");
    if (filters == NULL || !PyList_CheckExact(filters))
        return true;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(filters); i++) {
        PyObject *filter = PyList_GET_ITEM(filters, i);
        if (!PyTuple_CheckExact(filter) || PyTuple_GET_SIZE(filter) != 5)
            return true;
        PyObject *action = PyTuple_GET_ITEM(filter, 0), *category = PyTuple_GET_ITEM(filter, 2);
        if (!PyUnicode_Check(action) || !PyType_Check(category))
            return true;
        if (!PyType_IsSubtype((PyTypeObject *)PyExc_ResourceWarning, (PyTypeObject *)category))
            continue;
        bool ignored = PyUnicode_CompareWithASCIIString(action, "ignore") == 0;
        bool all = PyTuple_GET_ITEM(filter, 1) == Py_None && PyTuple_GET_ITEM(filter, 3) == Py_None;
        if (!ignored || all)
            return !ignored;
    }
    return true;
}

/* --- the walk --- */

static bool has_effects(const struct io *io, PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type == SERIES_BUFFER_WRAPPER)
        return true;
    if (is_weak_reference(object)) {
        PyObject *callback = ((PyWeakReference *)object)->wr_callback;
        if (callback != NULL && !is_table_keeping(callback))
            return true;
    }
    if (PyType_Check(object) && (hides_finalizers((PyTypeObject *)object) || examined_is_noted((PyTypeObject *)object)))
        return true;
    if (type->tp_finalize == NULL && type->tp_del == NULL)
        return false;
    if (PyGen_CheckExact(object))
        return has_cleanup_to_come(object);
    if (PyCoro_CheckExact(object) || PyAsyncGen_CheckExact(object))
        return !is_finished(object);
    return !is_harmless_file(io, object);
}

static int visit(PyObject *object, void *argument)
{
    struct walk *walk = argument;
    walk->effects = has_effects(&walk->io, object);
    return !walk->effects;
}

bool live_objects_have_effects(void)
{
    struct walk walk = {0};
    if (!find_classes(&walk.io) || !note_standard_streams(&walk.io) || shows_resource_warnings())
        return true;
    PyUnstable_GC_VisitObjects(visit, &walk);
    return walk.effects;
}
