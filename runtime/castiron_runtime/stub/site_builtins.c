#include "site_builtins.h"

#include <Python.h>
#include <string.h>

typedef struct {
    PyObject_HEAD
    const char *name;
    PyObject *real;
} Lazy;

static const char *const names[] = {"exit", "quit", "copyright", "credits", "license", "help"};

static const char credits[] = "Thanks to CWI, CNRI, BeOpen, Zope Corporation, the Python Software Foundation,\n"
                              "and a cast of thousands for supporting Python development.  See www.python.org\n"
                              "for more information.";
static const char license[] = "See https://www.python.org/psf/license/";

/* What site.py makes of the name. */
static PyObject *make(const char *name)
{
    PyObject *module = PyImport_ImportModule("_sitebuiltins");
    if (module == NULL)
        return NULL;
    PyObject *result = NULL;
    if (strcmp(name, "exit") == 0 || strcmp(name, "quit") == 0) {
        result = PyObject_CallMethod(module, "Quitter", "ss", name, "Ctrl-D (i.e. EOF)");
    } else if (strcmp(name, "help") == 0) {
        result = PyObject_CallMethod(module, "_Helper", NULL);
    } else {
        const char *text = strcmp(name, "credits") == 0 ? credits : license;
        PyObject *shown = strcmp(name, "copyright") == 0 ? Py_XNewRef(PySys_GetObject("copyright")) : PyUnicode_FromString(text);
        if (shown != NULL)
            result = PyObject_CallMethod(module, "_Printer", "sO", name, shown);
        Py_XDECREF(shown);
    }
    Py_DECREF(module);
    return result;
}

static PyObject *real(PyObject *self)
{
    Lazy *lazy = (Lazy *)self;
    if (lazy->real == NULL)
        lazy->real = make(lazy->name);
    return lazy->real;
}

static PyObject *call(PyObject *self, PyObject *args, PyObject *keywords)
{
    PyObject *object = real(self);
    return object == NULL ? NULL : PyObject_Call(object, args, keywords);
}

static PyObject *represent(PyObject *self)
{
    PyObject *object = real(self);
    return object == NULL ? NULL : PyObject_Repr(object);
}

static PyObject *get_attribute(PyObject *self, PyObject *name)
{
    PyObject *object = real(self);
    return object == NULL ? NULL : PyObject_GetAttr(object, name);
}

static void dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(((Lazy *)self)->real);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot slots[] = {
    {Py_tp_dealloc, dealloc},
    {Py_tp_call, call},
    {Py_tp_repr, represent},
    {Py_tp_getattro, get_attribute},
    {0, NULL},
};
static PyType_Spec spec = {
    .name = "_sitebuiltins.Lazy",
    .basicsize = sizeof(Lazy),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

int site_builtins_install(void)
{
    PyObject *type = PyType_FromSpec(&spec);
    if (type == NULL)
        return -1;
    int status = 0;
    for (size_t i = 0; status == 0 && i < sizeof names / sizeof *names; i++) {
        Lazy *lazy = (Lazy *)PyType_GenericAlloc((PyTypeObject *)type, 0);
        if (lazy == NULL)
            status = -1;
        else
            lazy->name = names[i];
        if (status == 0)
            status = PyDict_SetItemString(PyEval_GetBuiltins(), names[i], (PyObject *)lazy);
        Py_XDECREF(lazy);
    }
    Py_DECREF(type);
    return status;
}
