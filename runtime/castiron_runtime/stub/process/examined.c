#include "process/examined.h"

#include <stdatomic.h>

#include "images/images.h"

/* An object of this type does something when it is destroyed, unlike those of all other types of its image. */
struct noted_type {
    const char *module, *attribute;
    uint64_t image;
};

/* Written by castiron_link/absorb/table.py; a binary without images has none. */
extern const unsigned char castiron_image_examined[] CASTIRON_WEAK; /* for each image: whether it is */
extern const struct noted_type castiron_noted_types[] CASTIRON_WEAK;
extern const uint64_t castiron_noted_type_count CASTIRON_WEAK;

/* Linked only into executables that have absorbed images. */
extern int castiron_images_live(int (*visit)(uint64_t image, void *data), void *data) CASTIRON_WEAK;

enum { NOTED_AT_MOST = 64 };

static struct {
    PyTypeObject *type;
    const PyModuleDef *definition; /* of its module */
} watched[NOTED_AT_MOST];
static atomic_bool made;

static uint64_t noted_count(void)
{
    return &castiron_noted_type_count == NULL ? 0 : castiron_noted_type_count;
}

static PyObject *noting_allocator(PyTypeObject *type, Py_ssize_t count)
{
    made = true;
    return PyType_GenericAlloc(type, count);
}

/* NULL, without an exception, if it is no type whose objects can be noted when they are made. */
static PyTypeObject *watch(PyObject *module, const char *attribute)
{
    PyObject *found = PyDict_GetItemString(PyModule_GetDict(module), attribute);
    if (found == NULL || !PyType_Check(found))
        return NULL;
    PyTypeObject *type = (PyTypeObject *)found;
    if (type->tp_alloc == PyType_GenericAlloc)
        type->tp_alloc = noting_allocator;
    return type->tp_alloc == noting_allocator ? type : NULL;
}

/* A module that is executed again, perhaps under another name, may make another type with each time: only the first is
 * watched. */
static void watch_types_of(PyObject *module, const PyModuleDef *definition)
{
    if (noted_count() == 0 || !PyModule_Check(module))
        return;
    PyObject *name = PyDict_GetItemString(PyModule_GetDict(module), "__name__");
    for (uint64_t i = 0; i < noted_count() && i < NOTED_AT_MOST; i++) {
        bool again = watched[i].definition == definition;
        if (!again && (name == NULL || !PyUnicode_Check(name) ||
                       PyUnicode_CompareWithASCIIString(name, castiron_noted_types[i].module) != 0))
            continue;
        PyTypeObject *type = watch(module, castiron_noted_types[i].attribute);
        if (watched[i].definition == NULL) {
            watched[i].type = type;
            watched[i].definition = definition;
        } else if (type == NULL || type != watched[i].type) {
            made = true;
        }
    }
}

/* The last that happens to an extension module when it is imported, of either kind of initialisation (--wrap in stub.toml;
 * source: Python/import.c, exec_builtin_or_dynamic).  Before that nobody can have made objects of its types. */
int __real_PyModule_ExecDef(PyObject *module, PyModuleDef *definition);
int __wrap_PyModule_ExecDef(PyObject *module, PyModuleDef *definition);

int __wrap_PyModule_ExecDef(PyObject *module, PyModuleDef *definition)
{
    int status = __real_PyModule_ExecDef(module, definition);
    if (status == 0)
        watch_types_of(module, definition);
    return status;
}

static int is_unknown(uint64_t image, void *data)
{
    (void)data;
    if (!castiron_image_examined[image])
        return 1;
    for (uint64_t i = 0; i < noted_count(); i++)
        if (castiron_noted_types[i].image == image && (i >= NOTED_AT_MOST || watched[i].type == NULL))
            return 1;
    return 0;
}

bool examined_lacks_image(void)
{
    if (castiron_images_live == NULL)
        return false;
    return made || castiron_image_examined == NULL || castiron_images_live(is_unknown, NULL) != 0;
}

bool examined_is_noted(PyTypeObject *type)
{
    for (uint64_t i = 0; i < noted_count() && i < NOTED_AT_MOST; i++)
        if (watched[i].type != NULL && type != watched[i].type && PyType_IsSubtype(type, watched[i].type))
            return true;
    return false;
}
