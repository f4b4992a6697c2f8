/* Notes whether the program does anything with ctypes.
 *
 * Through it Python code can do what C code can: give a capsule a destructor, put a callback in a hook, write to any
 * address.  All of that takes a call of a C function (ffi_call), or an object that stands for memory: a number, an array, a
 * structure, a pointer.  Each class of those is made by one of ctypes' own metaclasses (Modules/_ctypes/_ctypes.c).  We
 * come in there, and give it an allocator that takes note.  Classes of function pointers are left alone, as `import ctypes`
 * makes some of their objects itself: such an object can do nothing but call, or be written into memory. */
#include "process/ctypes_use.h"

#include <Python.h>
#include <stdatomic.h>
#include <string.h>

#include "process/ffi_calls.h"
#include "series.h"

enum { METACLASSES = 5 };

/* What makes a class: the metaclasses' tp_init since CPython 3.13, tp_new before. */
#if SERIES_CTYPES_INITIALISES_CLASSES
typedef initproc class_maker;
#define MAKER(metaclass) ((metaclass)->tp_init)
#else
typedef newfunc class_maker;
#define MAKER(metaclass) ((metaclass)->tp_new)
#endif

static struct {
    PyTypeObject *metaclass;
    class_maker original;
} makers[METACLASSES];

static atomic_bool used;

bool ctypes_is_used(void) { return used || ffi_was_called; }

static PyObject *noting_allocator(PyTypeObject *type, Py_ssize_t count)
{
    used = true;
    return PyType_GenericAlloc(type, count);
}

/* Objects of the class are noted.  An allocator that is not the usual one cannot be replaced: then any may have been made. */
static void watch(PyObject *class)
{
    if (class == NULL || !PyType_Check(class))
        return;
    PyTypeObject *type = (PyTypeObject *)class;
    if (type->tp_alloc == PyType_GenericAlloc)
        type->tp_alloc = noting_allocator;
    else if (type->tp_alloc != noting_allocator)
        used = true;
}

/* Numbers have a second class, for the other order of bytes, which the metaclass makes behind its own back. */
static void watch_with_swapped(PyObject *class)
{
    static const char *const names[] = {"__ctype_be__", "__ctype_le__"};
    watch(class);
    PyTypeObject *type = (PyTypeObject *)class;
    for (size_t i = 0; type->tp_dict != NULL && i < sizeof names / sizeof *names; i++)
        watch(PyDict_GetItemString(type->tp_dict, names[i]));
}

/* The original of the metaclass that `type` is or is derived from. */
static class_maker original_for(PyTypeObject *type)
{
    for (size_t i = 0; i < METACLASSES; i++)
        if (makers[i].metaclass != NULL && PyType_IsSubtype(type, makers[i].metaclass))
            return makers[i].original;
    Py_FatalError("a class of ctypes is made by none of its metaclasses");
}

#if SERIES_CTYPES_INITIALISES_CLASSES
static int make_class(PyObject *class, PyObject *args, PyObject *keywords)
{
    int status = original_for(Py_TYPE(class))(class, args, keywords);
    if (status == 0)
        watch_with_swapped(class);
    return status;
}
#else
static PyObject *make_class(PyTypeObject *metaclass, PyObject *args, PyObject *keywords)
{
    PyObject *class = original_for(metaclass)(metaclass, args, keywords);
    if (class != NULL)
        watch_with_swapped(class);
    return class;
}
#endif

/* A metaclass of the program that is derived from one of these and calls super().__init__() gets at the original by the
 * descriptor of the method. */
static bool replace_descriptor(PyTypeObject *metaclass, class_maker original)
{
    if (!SERIES_CTYPES_INITIALISES_CLASSES)
        return true; /* type.__new__ asks for the slot */
    PyObject *method = PyDict_GetItemString(metaclass->tp_dict, "__init__");
    if (method == NULL || !Py_IS_TYPE(method, &PyWrapperDescr_Type))
        return false;
    PyWrapperDescrObject *descriptor = (PyWrapperDescrObject *)method;
    if (descriptor->d_wrapped != (void *)original)
        return false;
    descriptor->d_wrapped = (void *)make_class;
    return true;
}

/* Structure and Union, for example, share a metaclass in some series. */
static bool is_watched(PyTypeObject *metaclass)
{
    for (size_t i = 0; i < METACLASSES; i++)
        if (makers[i].metaclass == metaclass)
            return true;
    return false;
}

static int watch_module(PyObject *module)
{
    static const char *const bases[METACLASSES] = {"Structure", "Union", "_Pointer", "Array", "_SimpleCData"};
    for (size_t i = 0; i < METACLASSES; i++) {
        PyObject *base = PyDict_GetItemString(PyModule_GetDict(module), bases[i]);
        if (base == NULL || !PyType_Check(base)) {
            used = true;
            continue;
        }
        PyTypeObject *metaclass = Py_TYPE(base);
        if (is_watched(metaclass))
            continue;
        /* Executed again, with metaclasses of its own; those of the first time still make classes. */
        if (makers[i].metaclass != NULL) {
            used = true;
            continue;
        }
        class_maker original = MAKER(metaclass);
        if (!replace_descriptor(metaclass, original)) {
            used = true;
            continue;
        }
        makers[i].metaclass = metaclass;
        makers[i].original = original;
        MAKER(metaclass) = make_class;
    }
    return 0;
}

PyObject *__real_PyInit__ctypes(void);
PyObject *__wrap_PyInit__ctypes(void);

PyObject *__wrap_PyInit__ctypes(void)
{
    static atomic_bool asked;
    PyObject *made = __real_PyInit__ctypes();
    if (made == NULL)
        return NULL;
    /* Imported again, by another interpreter or after it was deleted: it may make its classes in other places. */
    if (atomic_exchange(&asked, true)) {
        used = true;
        return made;
    }
    if (!PyObject_TypeCheck(made, &PyModuleDef_Type)) {
        watch_module(made);
        return made;
    }
    PyModuleDef *definition = (PyModuleDef *)made;
    size_t count = 0;
    while (definition->m_slots[count].slot != 0)
        count++;
    PyModuleDef_Slot *slots = PyMem_RawCalloc(count + 2, sizeof *slots);
    if (slots == NULL) {
        used = true;
        return made;
    }
    memcpy(slots, definition->m_slots, count * sizeof *slots);
    slots[count].slot = Py_mod_exec;
    slots[count].value = (void *)watch_module;
    definition->m_slots = slots;
    return made;
}
