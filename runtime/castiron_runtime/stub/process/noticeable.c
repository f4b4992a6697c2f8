#define Py_BUILD_CORE
#include "process/noticeable.h"

#include <Python.h>

#if PY_VERSION_HEX >= 0x030D0000
#include "pycore_atexit.h"
#endif
#include "pycore_initconfig.h"
#include "pycore_interp.h"
#include "pycore_pystate.h"
#include "pycore_runtime.h"

#include "images/images.h"
#include "process/live_objects.h"

/* Linked only into executables that have absorbed images. */
extern uint64_t castiron_image_live_count(void) CASTIRON_WEAK;

/* Modules of the standard library through which a program makes objects that do something when they are destroyed, and that
 * no look at their types shows. */
static const char *const telling_modules[] = {
    "_ctypes",  /* any function of C: capsules with destructors, callbacks that C code calls at exit() */
    "_dbm",     /* closes its files (dbm_dealloc) */
    "_gdbm",    /* likewise */
    "_sqlite3", /* rolls back, removes write-ahead logs; has no finalizer before 3.13 */
};

/* Their objects are destroyed, too.  (Daemon threads are no reason: CPython leaves alone what their frames hold.) */
static bool has_other_interpreters(const PyInterpreterState *interpreter)
{
    return _PyRuntime.interpreters.head != interpreter || interpreter->next != NULL;
}

/* What C code left for the end of the interpreter.  (What it left for exit() happens in any case.) */
static bool has_exit_functions(const PyInterpreterState *interpreter)
{
#if PY_VERSION_HEX >= 0x030D0000
    return _PyRuntime.atexit.ncallbacks > 0 || interpreter->atexit.ll_callbacks != NULL;
#else
    (void)interpreter;
    return _PyRuntime.nexitfuncs > 0;
#endif
}

/* An extension module of a wheel, or a library, has run.  Objects of its types, of which most are unknown to the garbage
 * collector, may do anything when they are destroyed: write a trailer, remove a file, tell a server. */
static bool has_foreign_code(void)
{
    return castiron_image_live_count != NULL && castiron_image_live_count() > 0;
}

static bool has_telling_module(void)
{
    PyObject *modules = PyImport_GetModuleDict();
    for (size_t i = 0; i < sizeof telling_modules / sizeof *telling_modules; i++)
        if (PyDict_GetItemString(modules, telling_modules[i]) != NULL)
            return true;
    return false;
}

static bool is_empty(PyObject *list)
{
    return list == NULL || (PyList_CheckExact(list) && PyList_GET_SIZE(list) == 0);
}

/* Functions of the program that CPython calls while it collects garbage or runs Python code at the end. */
static bool is_observed(const PyThreadState *thread)
{
    const PyInterpreterState *interpreter = thread->interp;
#if PY_VERSION_HEX >= 0x030C0000
    for (int i = 0; i < PY_MONITORING_TOOL_IDS; i++)
        if (interpreter->monitoring_tool_names[i] != NULL)
            return true;
    const void *audit_hooks = _PyRuntime.audit_hooks.head;
#else
    const void *audit_hooks = _PyRuntime.audit_hook_head;
#endif
    return audit_hooks != NULL || interpreter->audit_hooks != NULL || thread->c_tracefunc != NULL ||
           thread->c_profilefunc != NULL || interpreter->gc.debug != 0 || !is_empty(interpreter->gc.callbacks) ||
           !is_empty(interpreter->gc.garbage) ||
           PySys_GetObject("unraisablehook") != PySys_GetObject("__unraisablehook__");
}

/* Options that make CPython report while it ends. */
static bool is_reported(const PyInterpreterState *interpreter)
{
    const PyConfig *config = _PyInterpreterState_GetConfig((PyInterpreterState *)interpreter);
    return config->verbose || config->malloc_stats || config->dump_refs || config->show_ref_count;
}

bool finalization_is_noticeable(void)
{
    const PyThreadState *thread = _PyThreadState_GET();
    const PyInterpreterState *interpreter = thread->interp;
    return has_foreign_code() || has_exit_functions(interpreter) || has_telling_module() ||
           has_other_interpreters(interpreter) || is_observed(thread) || is_reported(interpreter) ||
           live_objects_are_noticeable();
}
