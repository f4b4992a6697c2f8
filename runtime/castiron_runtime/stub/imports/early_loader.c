#include "imports/early_loader.h"

#include <string.h>

#include "imports/bootstrap_external.h"
#include "imports/methods.h"

static PyObject *type;
static PyObject *made; /* all of them */

/* For everything but loading: executing importlib._bootstrap_external changes the class of `self`. */
static int become_ordinary(PyObject *self)
{
    PyObject *any = bootstrap_external_attribute("SourceFileLoader");
    Py_XDECREF(any);
    if (any != NULL && (PyObject *)Py_TYPE(self) == type) {
        PyErr_SetString(PyExc_RuntimeError, "the import system is being set up");
        return -1;
    }
    return any == NULL ? -1 : 0;
}

static PyObject *get_attribute(PyObject *self, PyObject *name)
{
    return become_ordinary(self) < 0 ? NULL : PyObject_GetAttr(self, name);
}

static PyObject *represent(PyObject *self, PyObject *unused)
{
    (void)unused;
    return become_ordinary(self) < 0 ? NULL : PyObject_Repr(self);
}

static PyObject *equals(PyObject *self, PyObject *other)
{
    return become_ordinary(self) < 0 ? NULL : PyObject_RichCompare(self, other, Py_EQ);
}

static PyObject *hash(PyObject *self, PyObject *unused)
{
    (void)unused;
    Py_hash_t value = become_ordinary(self) < 0 ? -1 : PyObject_Hash(self);
    return value == -1 ? NULL : PyLong_FromSsize_t(value);
}

/* isinstance(loader, SourceFileLoader) asks for it, too. */
static PyObject *get_class(PyObject *self, void *unused)
{
    (void)unused;
    return become_ordinary(self) < 0 ? NULL : Py_NewRef(Py_TYPE(self));
}

static PyMethodDef methods[] = {
    {"__getattr__", get_attribute, METH_O, NULL},
    {"__repr__", represent, METH_NOARGS, NULL},
    {"__eq__", equals, METH_O, NULL},
    {"__hash__", hash, METH_NOARGS, NULL},
};
static PyGetSetDef class_attribute = {"__class__", get_class, NULL, NULL, NULL};

int early_loader_prepare(PyMethodDef *const loading[], size_t count)
{
    /* Made as a class statement makes it, because then an object can be given another such class. */
    type = PyObject_CallFunction((PyObject *)&PyType_Type, "s(){sssN}", "SourceFileLoader", "__module__",
                                 "_frozen_importlib_external", class_attribute.name,
                                 PyDescr_NewGetSet(&PyBaseObject_Type, &class_attribute));
    made = PyList_New(0);
    int status = type == NULL || made == NULL ? -1 : 0;
    for (size_t i = 0; status == 0 && i < count; i++)
        status = methods_add(type, loading[i]);
    for (size_t i = 0; status == 0 && i < sizeof methods / sizeof *methods; i++)
        status = methods_add(type, &methods[i]);
    return status;
}

PyObject *early_loader_new(void)
{
    PyObject *self = PyObject_CallNoArgs(type);
    if (self != NULL && PyList_Append(made, self) < 0)
        Py_CLEAR(self);
    return self;
}

/* self.__class__ = real, by object's own attribute: ours cannot be set. */
static int set_class(PyObject *self, PyObject *real)
{
    const PyGetSetDef *attribute = PyBaseObject_Type.tp_getset;
    while (strcmp(attribute->name, class_attribute.name) != 0)
        attribute++;
    return attribute->set(self, real, attribute->closure);
}

int early_loader_finish(PyObject *(*class_of)(PyObject *loader))
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(made); i++) {
        PyObject *self = PyList_GET_ITEM(made, i), *real = class_of(self);
        int status = real == NULL ? -1 : set_class(self, real);
        Py_XDECREF(real);
        if (status < 0)
            return -1;
    }
    return PyList_SetSlice(made, 0, PyList_GET_SIZE(made), NULL);
}
