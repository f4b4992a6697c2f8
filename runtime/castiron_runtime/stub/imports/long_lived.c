#define Py_BUILD_CORE
#include "imports/long_lived.h"

#include <Python.h>
#include <stdbool.h>

#include "pycore_gc.h"
#include "pycore_interp.h"
#include "pycore_pystate.h"
#include "pycore_tuple.h"

#include "payload/payload.h"

/* One bit for each module of the payload: whether it has been executed in this process. */
static unsigned char *executed;

/* Whether this is the first time.  Not under the lock of one interpreter: others may have locks of their own. */
static bool is_first(uint32_t module)
{
    unsigned char *bits = __atomic_load_n(&executed, __ATOMIC_ACQUIRE);
    if (bits == NULL) {
        unsigned char *made = PyMem_RawCalloc(payload_header()->module_count / 8 + 1, 1);
        if (made == NULL)
            return false;
        if (__atomic_compare_exchange_n(&executed, &bits, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            bits = made;
        else
            PyMem_RawFree(made);
    }
    const unsigned char bit = (unsigned char)(1u << module % 8);
    return (__atomic_fetch_or(&bits[module / 8], bit, __ATOMIC_RELAXED) & bit) == 0;
}

/* What a program that does without collections, controls them or watches them expects of its objects stays true.  While one
 * is going on, or a walk over all objects (which switches collections off), its lists stay as they are. */
static bool is_ordinary(const struct _gc_runtime_state *collector)
{
    return collector->enabled && collector->generations[0].threshold > 0 && !collector->collecting && collector->debug == 0;
}

/* Moves all of a list to the end of another one. */
static void append(PyGC_Head *from, PyGC_Head *to)
{
    PyGC_Head *first = _PyGCHead_NEXT(from), *last = _PyGCHead_PREV(from), *before = _PyGCHead_PREV(to);
    if (first == from)
        return;
    _PyGCHead_SET_NEXT(before, first);
    _PyGCHead_SET_PREV(first, before);
    _PyGCHead_SET_NEXT(last, to);
    _PyGCHead_SET_PREV(to, last);
    from->_gc_next = from->_gc_prev = (uintptr_t)from;
}

/* As gc_collect_main does with what it keeps of the young, but that it looks for no garbage.  Source: Python/gc.c,
 * Modules/gcmodule.c. */
void long_lived_promote(uint32_t module)
{
    struct _gc_runtime_state *collector = &_PyInterpreterState_GET()->gc;
    if (!is_ordinary(collector) || !is_first(module))
        return;
    PyGC_Head *young = &collector->generations[0].head, *old = &collector->generations[NUM_GENERATIONS - 1].head;
    for (PyGC_Head *next, *item = _PyGCHead_NEXT(young); item != young; item = next) {
        next = _PyGCHead_NEXT(item);
        PyObject *object = (PyObject *)(item + 1);
        if (PyTuple_CheckExact(object))
            _PyTuple_MaybeUntrack(object);
        /* A quarter more than what is old makes a full collection due. */
        collector->long_lived_pending += _PyObject_GC_IS_TRACKED(object);
    }
    append(young, old);
}
