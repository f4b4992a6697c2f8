/* os.path.realpath(path, strict=True) through the executable.
 *
 * Since 3.13.4 it looks at every folder of the path itself and refuses what is none; the root of the tree is a file to lstat.
 * Source: Lib/posixpath.py of CPython. */
#include "imports/adapt.h"

#include "series.h"
#include "tree/tree.h"

/* Of an existing file, or of one that need not exist: true if the tree has it or it may be missing; else an exception. */
static bool is_there(PyObject *path, bool required)
{
    PyObject *posix = PyImport_ImportModule("posix");
    PyObject *status = posix == NULL ? NULL : PyObject_CallMethod(posix, "lstat", "O", path);
    Py_XDECREF(posix);
    bool there = status != NULL;
    if (!there && !required && PyErr_ExceptionMatches(PyExc_FileNotFoundError)) {
        PyErr_Clear();
        there = true;
    }
    Py_XDECREF(status);
    return there;
}

static bool is_in_tree(PyObject *path)
{
    PyObject *bytes;
    if (!PyUnicode_FSConverter(path, &bytes)) {
        PyErr_Clear();
        return false;
    }
    bool result = tree_is_path(PyBytes_AS_STRING(bytes));
    Py_DECREF(bytes);
    return result;
}

static PyObject *real_path(PyObject *original, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *result = PyObject_Vectorcall(original, args, (size_t)count, keywords);
    if (result != NULL || count != 1 || !PyErr_ExceptionMatches(PyExc_NotADirectoryError))
        return result;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    result = PyObject_CallOneArg(original, args[0]); /* not strict: links are followed all the same */
    if (result == NULL || !is_in_tree(result)) {
        Py_XDECREF(result);
        PyErr_Restore(type, value, traceback); /* and takes the place of another exception */
        return NULL;
    }
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    /* The other kind of strictness is an object of its own, os.path.ALLOW_MISSING. */
    bool required = keywords == NULL || PyTuple_GET_SIZE(keywords) != 1 || PyLong_Check(args[count]);
    if (!is_there(result, required))
        Py_CLEAR(result);
    return result;
}

static PyMethodDef function = {"realpath", (PyCFunction)(void (*)(void))real_path, METH_FASTCALL | METH_KEYWORDS,
                               "realpath($module, /, filename, *, strict=False)\n--\n\n"
                               "Return the canonical path of the specified filename, eliminating any\n"
                               "symbolic links encountered in the path."};

int adapt_posixpath(PyObject *module)
{
    PyObject *original;
    if (PyObject_GetOptionalAttrString(module, "realpath", &original) <= 0)
        return PyErr_Occurred() ? -1 : 0;
    PyObject *name = PyUnicode_FromString("posixpath");
    PyObject *replaced = name == NULL ? NULL : PyCFunction_NewEx(&function, original, name);
    int status = replaced == NULL ? -1 : PyObject_SetAttrString(module, "realpath", replaced);
    Py_XDECREF(replaced);
    Py_XDECREF(name);
    Py_DECREF(original);
    return status;
}
