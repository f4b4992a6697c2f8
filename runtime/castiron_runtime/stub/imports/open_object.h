/* Objects without content of their own on which attributes can be set: CPython's finders are classes, and libraries replace
 * their find_spec. */
#ifndef CASTIRON_OPEN_OBJECT_H
#define CASTIRON_OPEN_OBJECT_H

#include <Python.h>
#include <structmember.h>

#include <stdbool.h>

typedef struct {
    PyObject_HEAD
    PyObject *attributes;
} OpenObject;

int open_object_traverse(PyObject *self, visitproc visit, void *arg);
int open_object_clear(PyObject *self);
void open_object_dealloc(PyObject *self);

/* Whether anything was set on it. */
bool open_object_is_changed(PyObject *self);

extern PyMemberDef open_object_members[];
extern PyGetSetDef open_object_getset[];

#define OPEN_OBJECT_FLAGS (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION)
#define OPEN_OBJECT_SLOTS                                                                                                  \
    {Py_tp_dealloc, open_object_dealloc}, {Py_tp_traverse, open_object_traverse}, {Py_tp_clear, open_object_clear},        \
        {Py_tp_members, open_object_members}, {Py_tp_getset, open_object_getset}

#endif
