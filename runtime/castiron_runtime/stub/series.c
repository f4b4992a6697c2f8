#define Py_BUILD_CORE
#include "series.h"

#include "pycore_interp.h"
#if PY_VERSION_HEX >= 0x030D0000
#include "pycore_atexit.h"
#endif

/* Source: Modules/config.c.in, Modules/Setup.bootstrap.in. */
const char *const series_always_builtin[] = {
    "_abc",       "_ast",       "_codecs",     "_collections", "_functools", "_imp",   "_io",       "_locale",
    "_operator",  "_signal",    "_sre",        "_stat",        "_string",
#if PY_VERSION_HEX >= 0x030D0000
    "_suggestions",
#endif
    "_symtable",
#if PY_VERSION_HEX >= 0x030D0000
    "_sysconfig",
#endif
    "_thread",    "_tokenize",  "_tracemalloc",
#if PY_VERSION_HEX >= 0x030C0000
    "_typing",
#endif
    "_warnings",  "_weakref",   "atexit",      "builtins",     "errno",      "faulthandler", "gc",  "itertools",
    "marshal",    "posix",      "pwd",         "sys",          "time",       "zipimport",
};
const size_t series_always_builtin_count = sizeof series_always_builtin / sizeof *series_always_builtin;

/* Source: `python3.13 -I -c "import sys; print(*sorted(sys.modules))"`, less what is built in; 3.11 has the same. */
const char *const series_always_standard[] = {
    "_collections_abc", "_sitebuiltins", "abc",  "codecs", "encodings", "genericpath", "io", "os", "posixpath", "site",
    "stat",
};
const size_t series_always_standard_count = sizeof series_always_standard / sizeof *series_always_standard;

void series_complain_of_output(PyObject *standard_output)
{
#if PY_VERSION_HEX >= 0x030D0000
    (void)standard_output;
    PyErr_FormatUnraisable("Exception ignored on flushing sys.stdout");
#else
    PyErr_WriteUnraisable(standard_output);
#endif
}

PyObject *series_code_from_file(PyObject *code, PyObject *path)
{
#if PY_VERSION_HEX < 0x030C0000
    return code == NULL ? NULL : Py_BuildValue("(NO)", code, path);
#else
    (void)path;
    return code;
#endif
}

bool series_has_exit_functions(const PyInterpreterState *interpreter)
{
#if PY_VERSION_HEX >= 0x030D0000
    return _PyRuntime.atexit.ncallbacks > 0 || interpreter->atexit.ll_callbacks != NULL;
#else
    (void)interpreter;
    return _PyRuntime.nexitfuncs > 0;
#endif
}

bool series_has_audit_hooks(void)
{
#if PY_VERSION_HEX >= 0x030C0000
    return _PyRuntime.audit_hooks.head != NULL;
#else
    return _PyRuntime.audit_hook_head != NULL;
#endif
}

bool series_has_monitoring_tools(const PyInterpreterState *interpreter)
{
#if PY_VERSION_HEX >= 0x030C0000
    for (int i = 0; i < PY_MONITORING_TOOL_IDS; i++)
        if (interpreter->monitoring_tool_names[i] != NULL)
            return true;
#else
    (void)interpreter;
#endif
    return false;
}

#if PY_VERSION_HEX < 0x030C0000
#include "pycore_gc.h"
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
