#include "imports/adapt.h"

#include <stdbool.h>
#include <string.h>

#include "series.h"

/* Whether `text` has `path` at `start`, as a path or the beginning of one: by itself, in a list, after "--prefix=". */
static bool is_path(PyObject *text, Py_ssize_t start, Py_ssize_t end)
{
    const Py_UCS4 before = start == 0 ? ' ' : PyUnicode_READ_CHAR(text, start - 1);
    const Py_UCS4 behind = end == PyUnicode_GET_LENGTH(text) ? ' ' : PyUnicode_READ_CHAR(text, end);
    return before < 128 && strchr(" =:'\"", (int)before) != NULL && behind < 128 && strchr(" /:'\"", (int)behind) != NULL;
}

/* Returns `text` in which every path below `old` lies below `new`. */
static PyObject *with_prefix(PyObject *text, PyObject *old, PyObject *new)
{
    const Py_ssize_t size = PyUnicode_GET_LENGTH(text), width = PyUnicode_GET_LENGTH(old);
    PyObject *result = PyUnicode_FromString("");
    Py_ssize_t done = 0, from = 0;
    while (result != NULL) {
        const Py_ssize_t at = PyUnicode_Find(text, old, from, size, 1);
        if (at == -2) {
            Py_CLEAR(result);
        } else if (at == -1) {
            PyUnicode_AppendAndDel(&result, PyUnicode_Substring(text, done, size));
            break;
        } else if (is_path(text, at, at + width)) {
            PyUnicode_AppendAndDel(&result, PyUnicode_Substring(text, done, at));
            if (result != NULL)
                PyUnicode_Append(&result, new);
            done = at + width;
        }
        from = at + width;
    }
    return result;
}

static int replace_prefix(PyObject *variables, PyObject *old, PyObject *new)
{
    Py_ssize_t position = 0;
    PyObject *key, *value;
    while (PyDict_Next(variables, &position, &key, &value)) {
        if (!PyUnicode_Check(value))
            continue;
        PyObject *text = with_prefix(value, old, new);
        /* The key is there already, so the dictionary may be changed while it is walked through. */
        const int status = text == NULL ? -1 : PyDict_SetItem(variables, key, text);
        Py_XDECREF(text);
        if (status < 0)
            return -1;
    }
    return 0;
}

int adapt_sysconfigdata(PyObject *module)
{
    PyObject *variables, *prefix = PySys_GetObject("prefix");
    if (PyObject_GetOptionalAttrString(module, "build_time_vars", &variables) <= 0)
        return PyErr_Occurred() ? -1 : 0;
    PyObject *built = PyDict_Check(variables) ? PyDict_GetItemString(variables, "prefix") : NULL;
    int status = 0;
    if (built != NULL && PyUnicode_Check(built) && PyUnicode_GET_LENGTH(built) > 1 && prefix != NULL && PyUnicode_Check(prefix)) {
        Py_INCREF(built); /* it is among what is replaced */
        Py_INCREF(prefix);
        status = replace_prefix(variables, built, prefix);
        Py_DECREF(prefix);
        Py_DECREF(built);
    }
    Py_DECREF(variables);
    return status;
}
