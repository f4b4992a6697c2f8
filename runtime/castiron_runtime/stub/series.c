/* The functions of series.h that need the inside of the interpreter. */
#define Py_BUILD_CORE
#include "series.h"

#if PY_VERSION_HEX < 0x030C0000
#include "pycore_gc.h"
#include "pycore_interp.h"
#include "pycore_pylifecycle.h"
#include "pycore_pystate.h"

static int visit_generation(PyGC_Head *head, gcvisitobjects_t callback, void *argument)
{
    int more = 1;
    for (PyGC_Head *next, *item = _PyGCHead_NEXT(head); more && item != head; item = next) {
        PyObject *object = (PyObject *)(item + 1);
        Py_INCREF(object);
        more = callback(object, argument);
        next = _PyGCHead_NEXT(item);
        Py_DECREF(object);
    }
    return more;
}

void PyUnstable_GC_VisitObjects(gcvisitobjects_t callback, void *argument)
{
    struct _gc_runtime_state *collector = &_PyInterpreterState_GET()->gc;
    int enabled = collector->enabled, more = 1;
    collector->enabled = 0; /* a collection would move objects between the lists */
    for (int i = 0; more && i < NUM_GENERATIONS; i++)
        more = visit_generation(&collector->generations[i].head, callback, argument);
    if (more)
        visit_generation(&collector->permanent_generation.head, callback, argument);
    collector->enabled = enabled;
}

/* Modules frozen as objects: we have none (frozen.c). */
int _Py_Deepfreeze_Init(void)
{
    return 0;
}

void _Py_Deepfreeze_Fini(void)
{
}
#endif
