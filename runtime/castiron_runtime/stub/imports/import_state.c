#include "imports/import_state.h"

#include <stdlib.h>

static struct import_state main_state; /* lives as long as the process */

static const char key[] = "_castiron.import_state";

static void forget(PyObject *capsule)
{
    struct import_state *state = PyCapsule_GetPointer(capsule, key);
    PyObject **members = (PyObject **)state;
    for (size_t i = 0; i < sizeof *state / sizeof *members; i++)
        Py_CLEAR(members[i]);
    free(state);
}

static struct import_state *make(PyObject *names)
{
    struct import_state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    PyObject *capsule = PyCapsule_New(state, key, forget);
    if (capsule == NULL) {
        free(state);
        return NULL;
    }
    int status = PyDict_SetItemString(names, key, capsule);
    Py_DECREF(capsule);
    return status < 0 ? NULL : state;
}

struct import_state *import_state(void)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    if (interpreter == PyInterpreterState_Main())
        return &main_state;
    PyObject *names = PyInterpreterState_GetDict(interpreter);
    if (names == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "the interpreter has no dictionary for its import system");
        return NULL;
    }
    PyObject *capsule = PyDict_GetItemString(names, key);
    return capsule == NULL ? make(names) : PyCapsule_GetPointer(capsule, key);
}
