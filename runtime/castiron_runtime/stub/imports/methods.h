/* Methods in C for classes that are written in Python. */
#ifndef CASTIRON_METHODS_H
#define CASTIRON_METHODS_H

#include <Python.h>

/* Gives a class a method.  Like a function, it takes any object as `self`: importlib.abc has exec_module from
 * _LoaderBasics. */
static inline int methods_add(PyObject *type, PyMethodDef *method)
{
    PyObject *descriptor = PyDescr_NewMethod(&PyBaseObject_Type, method);
    int status = descriptor == NULL ? -1 : PyObject_SetAttrString(type, method->ml_name, descriptor);
    Py_XDECREF(descriptor);
    return status;
}

#endif
