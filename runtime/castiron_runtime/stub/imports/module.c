#include "imports/module.h"

#include <limits.h>
#include <marshal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "payload/payload.h"
#include "series.h"
#include "tree/tree.h"

PyObject *module_path(uint32_t index)
{
    const Module *module = payload_module(index);
    char path[2 * PATH_MAX];
    size_t length = tree_node_path(module->folder, path, sizeof path);
    int size = snprintf(path + length, sizeof path - length, "/%s%s", payload_text(module->name),
                        payload_text(module->suffix));
    return PyUnicode_DecodeFSDefaultAndSize(path, (Py_ssize_t)length + size);
}

/* Replaces the file name of the code and all code within it: the payload has it relative to the executable. */
static void complete_filename(PyCodeObject *code, PyObject *from, PyObject *to)
{
    if (code->co_filename != from && PyUnicode_Compare(code->co_filename, from) != 0)
        return;
    Py_SETREF(code->co_filename, Py_NewRef(to));
    PyObject *constants = code->co_consts;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(constants); i++) {
        PyObject *constant = PyTuple_GET_ITEM(constants, i);
        if (PyCode_Check(constant))
            complete_filename((PyCodeObject *)constant, from, to);
    }
}

/* The marshalled code, from where it lies or from a copy that lasts as long as this takes. */
static PyObject *unmarshal(const Module *module, PyObject *path)
{
    if (module->compressed == 0)
        return PyMarshal_ReadObjectFromString(payload_data(module->code), (Py_ssize_t)module->code_size);
    char *buffer = PyMem_Malloc(module->code_size);
    if (buffer == NULL)
        return PyErr_NoMemory();
    PyObject *code = NULL;
    if (payload_read_code(module, buffer))
        code = PyMarshal_ReadObjectFromString(buffer, (Py_ssize_t)module->code_size);
    else
        PyErr_Format(PyExc_ImportError, "the bytecode of %R in the executable is damaged", path);
    PyMem_Free(buffer);
    return code;
}

/* Tells the system now and then that this process needs no page of the payload: nobody reads the bytecode of a module twice, and
 * what is needed of the rest comes back, as all of it is in the file. */
static void count_read(uint64_t size)
{
    enum { MOST_READ = 2 << 20 /* bytes */ };
    static uint64_t read;
    if (__atomic_add_fetch(&read, size, __ATOMIC_RELAXED) < MOST_READ)
        return;
    __atomic_store_n(&read, 0, __ATOMIC_RELAXED);
    const uintptr_t page = CASTIRON_PAGE_SIZE, payload = (uintptr_t)payload_header();
    uintptr_t start = (payload + page - 1) & -page, end = (payload + payload_header()->size) & -page;
    if (end > start)
        madvise((void *)start, end - start, MADV_DONTNEED);
}

PyObject *module_read_code(uint32_t index, PyObject *path)
{
    const Module *module = payload_module(index);
    PyObject *code = unmarshal(module, path);
    if (code == NULL)
        return NULL;
    count_read(module->compressed ? module->compressed : module->code_size);
    if (!PyCode_Check(code)) {
        PyErr_Format(PyExc_ImportError, "the bytecode of %R in the executable is damaged", path);
        Py_DECREF(code);
        return NULL;
    }
    PyObject *from = Py_NewRef(((PyCodeObject *)code)->co_filename);
    complete_filename((PyCodeObject *)code, from, path);
    Py_DECREF(from);
    return code;
}

PyObject *module_code(uint32_t index)
{
    PyObject *path = module_path(index);
    PyObject *code = path == NULL ? NULL : module_read_code(index, path);
    Py_XDECREF(path);
    return code;
}

uint32_t module_at(PyObject *path)
{
    PyObject *encoded = NULL;
    if (!PyUnicode_Check(path) || !PyUnicode_FSConverter(path, &encoded)) {
        PyErr_Clear();
        return NODE_NONE;
    }
    char *text = PyBytes_AS_STRING(encoded), *slash = strrchr(text, '/');
    uint32_t index = NODE_NONE;
    if (slash != NULL && tree_is_path(text)) {
        *slash = '\0'; /* the file itself is in the tree only if its source is */
        struct tree_place root = {.kind = TREE_NODE, .node = NODE_ROOT};
        struct tree_place place = tree_is_path(text) ? tree_lookup(text) : root;
        if (place.kind == TREE_NODE && payload_node(place.node)->kind == NODE_FOLDER)
            index = payload_module_of_file(place.node, slash + 1);
    }
    Py_DECREF(encoded);
    return index;
}

bool module_is_extension(uint32_t index)
{
    return (payload_module(index)->flags & MODULE_EXTENSION) != 0;
}
