#include "imports/open_object.h"

#include <stddef.h>

int open_object_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((OpenObject *)self)->attributes);
    return 0;
}

int open_object_clear(PyObject *self)
{
    Py_CLEAR(((OpenObject *)self)->attributes);
    return 0;
}

void open_object_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    open_object_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

bool open_object_is_changed(PyObject *self)
{
    PyObject *attributes = ((OpenObject *)self)->attributes;
    return attributes != NULL && PyDict_GET_SIZE(attributes) != 0;
}

PyMemberDef open_object_members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(OpenObject, attributes), READONLY, NULL},
    {0},
};

PyGetSetDef open_object_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {0},
};
