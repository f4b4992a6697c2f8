/* CPython's loader of shared libraries (instead of Python/dynload_shlib.c): what it finds is already in the executable.
 *
 * Only the search for the init function is replaced, so everything around it - package context of single-phase modules,
 * multi-phase initialisation, sub-interpreter checks, copies on a second import - is CPython's own.
 */
#include <Python.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "images/images.h"
#include "payload/payload.h"
#include "tree/tree.h"

struct extension {
    const char *name;
    PyObject *(*init)(void);
    uint64_t image;
};

extern const struct extension castiron_extensions[];
extern const uint64_t castiron_extension_count;

/* Linked only into executables that have absorbed images. */
extern int castiron_image_prepare(uint64_t image) __attribute__((weak));
extern const char *castiron_image_problem(int error) __attribute__((weak));
extern const Elf64_Sym *castiron_image_symbol(const struct castiron_image *image, const char *name) __attribute__((weak));

#define TAG "cpython-" Py_STRINGIFY(PY_MAJOR_VERSION) Py_STRINGIFY(PY_MINOR_VERSION) "-" CASTIRON_TARGET

const char *_PyImport_DynLoadFiletab[] = {
    "." TAG ".so",
    ".abi" Py_STRINGIFY(PY_MAJOR_VERSION) ".so",
    ".so",
    NULL,
};

typedef void (*init_function)(void);

static init_function fail(const char *name, const char *path, const char *why)
{
    PyObject *message = PyUnicode_FromFormat("%s: %s", path, why);
    PyObject *module = PyUnicode_FromString(name);
    PyObject *file = PyUnicode_DecodeFSDefault(path);
    if (message != NULL && module != NULL && file != NULL)
        PyErr_SetImportError(message, module, file);
    Py_XDECREF(message);
    Py_XDECREF(module);
    Py_XDECREF(file);
    return NULL;
}

/* The row of the table of extensions for a path of the tree, or NODE_NONE. */
static uint32_t row_of(const char *path)
{
    struct tree_place place = tree_lookup(path);
    if (place.kind != TREE_NODE)
        return NODE_NONE;
    const Node *file = payload_node(place.node);
    uint32_t module = payload_module_of_file(file->parent, payload_text(file->name));
    return module == NODE_NONE ? NODE_NONE : payload_module(module)->extension;
}

/* A file may define more modules than the one it is named after; NULL without an exception if it does not. */
static init_function init_by_name(const struct extension *extension, const char *prefix, const char *name)
{
    char symbol[258];
    snprintf(symbol, sizeof symbol, "%.20s_%.200s", prefix, name);
    const struct castiron_image *image = &castiron_images[extension->image];
    const Elf64_Sym *function = castiron_image_symbol(image, symbol);
    return function == NULL ? NULL : (init_function)(image->base + function->st_value);
}

init_function _PyImport_FindSharedFuncptr(const char *prefix, const char *name, const char *path, FILE *file)
{
    (void)file;
    uint32_t row = row_of(path);
    if (row == NODE_NONE || row >= castiron_extension_count)
        return fail(name, path, "a static executable cannot load shared objects; this one was not linked into it");
    const struct extension *extension = &castiron_extensions[row];
    if (castiron_image_prepare == NULL)
        return fail(name, path, "the executable lacks the code that starts absorbed libraries");
    if (castiron_image_prepare(extension->image) != 0)
        return fail(name, path, castiron_image_problem(errno));
    const char *dot = strrchr(extension->name, '.');
    if (strcmp(dot == NULL ? extension->name : dot + 1, name) != 0)
        return init_by_name(extension, prefix, name);
    return (init_function)extension->init;
}
