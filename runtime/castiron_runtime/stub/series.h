/* What differs between the series of CPython that the stub is compiled for; nothing else asks for PY_VERSION_HEX.
 *
 * Where an older series lacks something of CPython 3.13, it is here by 3.13's name, so that the rest of the stub is written
 * once.  Where the difference is one of behaviour, a function here hides it.  Source of each: the changes of the C API in
 * CPython's Doc/whatsnew/3.12.rst and 3.13.rst; of what is internal, the file of CPython that the comment names.
 */
#ifndef CASTIRON_SERIES_H
#define CASTIRON_SERIES_H

#include <Python.h>
#include <stdbool.h>

/* "3.13", and where its standard library lies below a prefix. */
#define SERIES Py_STRINGIFY(PY_MAJOR_VERSION) "." Py_STRINGIFY(PY_MINOR_VERSION)
#define SERIES_LIBRARY "lib/python" SERIES

/* --- the public interface of CPython --- */

#if PY_VERSION_HEX < 0x030C0000
#define FRAME_STATE_SUSPENDED(state) ((state) == -1) /* FRAME_SUSPENDED of pycore_frame.h */

static inline PyCodeObject *PyGen_GetCode(PyGenObject *generator)
{
    return (PyCodeObject *)Py_NewRef((PyObject *)generator->gi_code);
}

typedef int (*gcvisitobjects_t)(PyObject *object, void *argument);

void PyUnstable_GC_VisitObjects(gcvisitobjects_t callback, void *argument);
#endif

#if PY_VERSION_HEX < 0x030D0000
static inline PyObject *PyImport_AddModuleRef(const char *name)
{
    return Py_XNewRef(PyImport_AddModule(name));
}

/* 1 and a new reference, 0 and NULL without an exception if there is no such attribute, -1 and NULL with one. */
static inline int PyObject_GetOptionalAttrString(PyObject *object, const char *name, PyObject **result)
{
    *result = PyObject_GetAttrString(object, name);
    if (*result != NULL)
        return 1;
    if (!PyErr_ExceptionMatches(PyExc_AttributeError))
        return -1;
    PyErr_Clear();
    return 0;
}
#endif

/* --- behaviour --- */

/* Modules that every CPython of the series has compiled in, sorted: these come before sys.path.  The other built-in
 * modules of the executable are files in lib-dynload elsewhere, and there come last. */
extern const char *const series_always_builtin[];
extern const size_t series_always_builtin_count;

/* Modules that CPython has imported before an application starts, sorted: an application's own modules of these names are
 * not found by `import`, and so they are not here, where some of them are imported later. */
extern const char *const series_always_standard[];
extern const size_t series_always_standard_count;

/* Says that sys.stdout could not be flushed, with the exception that is set, as CPython does at its end. */
void series_complain_of_output(PyObject *standard_output);

/* What runpy._get_code_from_file returns, made of the code and the path of a file.  Takes the reference to `code`, which
 * may be NULL. */
PyObject *series_code_from_file(PyObject *code, PyObject *path);

/* Entries of the exception table that the compiler gives every generator: one that turns StopIteration into
 * RuntimeError. */
enum { SERIES_GENERATOR_ENTRIES = PY_VERSION_HEX >= 0x030C0000 };

/* Whether the metaclasses of ctypes make a class in tp_init (3.13), or in tp_new.  Source: Modules/_ctypes/_ctypes.c */
#define SERIES_CTYPES_INITIALISES_CLASSES (PY_VERSION_HEX >= 0x030D0000)

/* --- the inside of the interpreter, for files with Py_BUILD_CORE --- */

#ifdef Py_BUILD_CORE
#include "pycore_runtime.h"

/* The step of an interpreter's start that ends with its path hooks: `prefix` and the name of the function, which is
 * wrapped (stub.toml).  Source: Python/pylifecycle.c, init_interp_main. */
#if PY_VERSION_HEX >= 0x030C0000
#define SERIES_INIT_PATH_HOOKS(prefix) prefix##__PyImport_InitExternal
#else
#define SERIES_INIT_PATH_HOOKS(prefix) prefix##__PyImportZip_Init
#endif

/* The type of views of objects whose class defines __release_buffer__; NULL before there was such a method. */
#if PY_VERSION_HEX >= 0x030C0000
#include "pycore_typeobject.h"

#define SERIES_BUFFER_WRAPPER (&_PyBufferWrapper_Type)
#else
#define SERIES_BUFFER_WRAPPER ((PyTypeObject *)NULL)

static inline void _PyInterpreterState_SetFinalizing(PyInterpreterState *interpreter, PyThreadState *thread)
{
    (void)interpreter; /* only the runtime knows that it ends */
    (void)thread;
}
#endif

/* The flag that Ctrl-C ended the program. */
#if PY_VERSION_HEX >= 0x030D0000
#define unhandled_interrupt _PyRuntime.signals.unhandled_keyboard_interrupt
#else
#include "pycore_pylifecycle.h"

#define unhandled_interrupt _Py_UnhandledKeyboardInterrupt

/* Sub-interpreters of these do not ask whether the main one is running. */
static inline void _PyInterpreterState_SetRunningMain(PyInterpreterState *interpreter)
{
    (void)interpreter;
}

static inline void _PyInterpreterState_SetNotRunningMain(PyInterpreterState *interpreter)
{
    (void)interpreter;
}
#endif

/* Whether C code left something to be called at the end of the interpreter (Py_AtExit, PyUnstable_AtExit). */
bool series_has_exit_functions(const PyInterpreterState *interpreter);

/* Whether an audit hook in C was added to the process (PySys_AddAuditHook). */
bool series_has_audit_hooks(void);

/* Whether a tool of sys.monitoring is in use. */
bool series_has_monitoring_tools(const PyInterpreterState *interpreter);
#endif

#endif
