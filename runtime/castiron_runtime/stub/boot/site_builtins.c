#include "boot/site_builtins.h"

#include <Python.h>
#include <stdbool.h>
#include <string.h>

/* The text of copyright, credits and license is the interpreter's own; of exit and quit and what they do, site.py's. */
static const char *const names[] = {"exit", "quit", "copyright", "credits", "license", "help"};

static const char credits[] = "    Thanks to CWI, CNRI, BeOpen, Zope Corporation, the Python Software Foundation,\n"
                              "    and a cast of thousands for supporting Python development.  See www.python.org\n"
                              "    for more information.";
static const char license[] = "See https://www.python.org/psf/license/";
static const char help[] = "Type help() for interactive help, or help(object) for help about object.";

typedef struct {
    PyObject_HEAD
    const char *name;
} SiteBuiltin;

static PyObject *text_of(const char *name)
{
    if (strcmp(name, "copyright") == 0)
        return Py_XNewRef(PySys_GetObject("copyright"));
    if (strcmp(name, "credits") == 0)
        return PyUnicode_FromString(credits);
    if (strcmp(name, "license") == 0)
        return PyUnicode_FromString(license);
    if (strcmp(name, "help") == 0)
        return PyUnicode_FromString(help);
    return PyUnicode_FromFormat("Use %s() or Ctrl-D (i.e. EOF) to exit", name);
}

static PyObject *represent(PyObject *self)
{
    return text_of(((SiteBuiltin *)self)->name);
}

/* exit(code=None): closes standard input, so that a shell around us does not go on reading, and raises SystemExit. */
static PyObject *quit(PyObject *code)
{
    PyObject *input = PySys_GetObject("stdin");
    PyObject *closed = input == NULL || input == Py_None ? Py_NewRef(Py_None) : PyObject_CallMethod(input, "close", NULL);
    if (closed == NULL)
        PyErr_Clear();
    Py_XDECREF(closed);
    PyErr_SetObject(PyExc_SystemExit, code);
    return NULL;
}

static PyObject *call(PyObject *self, PyObject *args, PyObject *keywords)
{
    const char *name = ((SiteBuiltin *)self)->name;
    if (strcmp(name, "help") == 0) {
        PyObject *pydoc = PyImport_ImportModule("pydoc");
        PyObject *function = pydoc == NULL ? NULL : PyObject_GetAttrString(pydoc, "help");
        Py_XDECREF(pydoc);
        PyObject *result = function == NULL ? NULL : PyObject_Call(function, args, keywords);
        Py_XDECREF(function);
        return result;
    }
    if (strcmp(name, "exit") == 0 || strcmp(name, "quit") == 0) {
        static char *parameters[] = {"code", NULL};
        PyObject *code = Py_None;
        if (!PyArg_ParseTupleAndKeywords(args, keywords, "|O:exit", parameters, &code))
            return NULL;
        return quit(code);
    }
    PyObject *text = text_of(name);
    PyObject *output = PySys_GetObject("stdout");
    int status = text == NULL ? -1 : 0;
    if (status == 0 && output != NULL && output != Py_None)
        status = PyFile_WriteObject(text, output, Py_PRINT_RAW) < 0 ? -1 : PyFile_WriteString("\n", output);
    Py_XDECREF(text);
    return status < 0 ? NULL : Py_NewRef(Py_None);
}

/* For inspect.signature(): that of the object which site.py would have made. */
static PyObject *signature(PyObject *self, void *unused)
{
    (void)unused;
    const char *name = ((SiteBuiltin *)self)->name;
    bool quits = strcmp(name, "exit") == 0 || strcmp(name, "quit") == 0;
    PyObject *inspect = PyDict_GetItemString(PyImport_GetModuleDict(), "inspect");
    if (inspect == NULL) {
        PyErr_SetString(PyExc_AttributeError, "__signature__");
        return NULL;
    }
    PyObject *module = PyImport_ImportModule("_sitebuiltins"), *type = NULL, *function = NULL, *method = NULL, *result = NULL;
    if (module != NULL)
        type = PyObject_GetAttrString(module, quits ? "Quitter" : strcmp(name, "help") == 0 ? "_Helper" : "_Printer");
    if (type != NULL)
        function = PyObject_GetAttrString(type, "__call__");
    if (function != NULL)
        method = PyMethod_New(function, self);
    if (method != NULL)
        result = PyObject_CallMethod(inspect, "signature", "O", method);
    Py_XDECREF(method);
    Py_XDECREF(function);
    Py_XDECREF(type);
    Py_XDECREF(module);
    return result;
}

static void dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyGetSetDef attributes[] = {{"__signature__", signature, NULL, NULL, NULL}, {0}};
static PyType_Slot slots[] = {
    {Py_tp_dealloc, dealloc},
    {Py_tp_call, call},
    {Py_tp_repr, represent},
    {Py_tp_getset, attributes},
    {0, NULL},
};
static PyType_Spec spec = {
    .name = "_sitebuiltins.SiteBuiltin",
    .basicsize = sizeof(SiteBuiltin),
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
        SiteBuiltin *builtin = (SiteBuiltin *)PyType_GenericAlloc((PyTypeObject *)type, 0);
        if (builtin == NULL) {
            status = -1;
        } else {
            builtin->name = names[i];
            status = PyDict_SetItemString(PyEval_GetBuiltins(), names[i], (PyObject *)builtin);
            Py_DECREF(builtin);
        }
    }
    Py_DECREF(type);
    return status;
}
