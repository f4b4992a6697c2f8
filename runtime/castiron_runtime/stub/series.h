/* What CPython 3.13 has and older series that we support have not, by 3.13's names, so that the rest of the stub is
 * written once.  Source of each: the changes of the C API in CPython's Doc/whatsnew/3.12.rst and 3.13.rst. */
#ifndef CASTIRON_SERIES_H
#define CASTIRON_SERIES_H

#include <Python.h>

#if PY_VERSION_HEX < 0x030C0000
#include <structmember.h>

#define Py_T_PYSSIZET T_PYSSIZET
#define Py_READONLY READONLY

#define FRAME_STATE_SUSPENDED(state) ((state) == -1) /* FRAME_SUSPENDED of pycore_frame.h */

static inline PyCodeObject *PyGen_GetCode(PyGenObject *generator)
{
    return (PyCodeObject *)Py_NewRef((PyObject *)generator->gi_code);
}

typedef int (*gcvisitobjects_t)(PyObject *object, void *argument);

void PyUnstable_GC_VisitObjects(gcvisitobjects_t callback, void *argument); /* series.c */
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

/* For files with Py_BUILD_CORE and pycore_runtime.h: the flag that Ctrl-C ended the program. */
#ifdef Py_BUILD_CORE
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
#endif

#endif
