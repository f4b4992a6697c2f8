#define Py_BUILD_CORE
#include "process/finalize_effects.h"

#include <Python.h>

#include "pycore_initconfig.h"
#include "pycore_interp.h"
#include "pycore_pystate.h"
#include "pycore_runtime.h"

#include "process/ctypes_use.h"
#include "process/examined.h"
#include "process/live_objects.h"
#include "series.h"

/* Modules of the standard library through which a program makes objects that do something when they are destroyed, and that
 * no look at their types shows. */
static const char *const telling_modules[] = {
    "_dbm",     /* closes its files (dbm_dealloc) */
    "_gdbm",    /* likewise */
    "_sqlite3", /* rolls back, removes write-ahead logs; has no finalizer before 3.13 */
};

/* Their objects are destroyed, too.  (Daemon threads are no reason: CPython leaves alone what their frames hold.) */
static bool has_other_interpreters(const PyInterpreterState *interpreter)
{
    return _PyRuntime.interpreters.head != interpreter || interpreter->next != NULL;
}

/* Code has run of which nobody knows what it left to be destroyed.  Objects of the types of an extension module, of which
 * most are unknown to the garbage collector, may do anything then: write a trailer, remove a file, tell a server.  Through
 * ctypes, any function of C can be called: there are capsules with destructors, and callbacks. */
static bool has_foreign_code(void)
{
    return examined_lacks_image() || (ctypes_is_used != NULL && ctypes_is_used());
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
    return series_has_monitoring_tools(interpreter) || series_has_audit_hooks() || interpreter->audit_hooks != NULL ||
           thread->c_tracefunc != NULL || thread->c_profilefunc != NULL || interpreter->gc.debug != 0 ||
           !is_empty(interpreter->gc.callbacks) || !is_empty(interpreter->gc.garbage) ||
           PySys_GetObject("unraisablehook") != PySys_GetObject("__unraisablehook__");
}

/* Options that make CPython report while it ends. */
static bool is_reported(const PyInterpreterState *interpreter)
{
    const PyConfig *config = _PyInterpreterState_GetConfig((PyInterpreterState *)interpreter);
    return config->verbose || config->malloc_stats || config->dump_refs || config->show_ref_count;
}

bool finalize_has_effects(void)
{
    const PyThreadState *thread = _PyThreadState_GET();
    const PyInterpreterState *interpreter = thread->interp;
    /* What C code left for exit() happens in any case. */
    return has_foreign_code() || series_has_exit_functions(interpreter) || has_telling_module() ||
           has_other_interpreters(interpreter) || is_observed(thread) || is_reported(interpreter) ||
           live_objects_have_effects();
}
