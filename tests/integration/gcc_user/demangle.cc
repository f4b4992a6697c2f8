// Compiled without any header of a C++ library: all that it uses is in libstdc++.so.6 and libgcc_s.so.1.
#include <Python.h>

namespace std {
class exception {
public:
    virtual ~exception();
    virtual const char *what() const noexcept;
};
void __throw_out_of_range(const char *);
}

extern "C" char *__cxa_demangle(const char *, char *, size_t *, int *);

static PyObject *demangle(PyObject *, PyObject *name) {
    int status = 0;
    char *text = __cxa_demangle(PyUnicode_AsUTF8(name), nullptr, nullptr, &status);
    if (!text) return PyErr_Format(PyExc_ValueError, "status %d", status);
    PyObject *result = PyUnicode_FromString(text);
    free(text);
    return result;
}

static PyObject *caught(PyObject *, PyObject *text) {
    try {
        std::__throw_out_of_range(PyUnicode_AsUTF8(text));
    } catch (const std::exception &error) {
        return PyUnicode_FromString(error.what());
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"demangle", demangle, METH_O, ""}, {"caught", caught, METH_O, ""}, {}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "demangle", "", -1, methods};

PyMODINIT_FUNC PyInit_demangle() { return PyModule_Create(&module); }
