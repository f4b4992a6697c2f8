#include "imports/adapt.h"

#include <string.h>

#include "images/images.h"

/* What the C library's one file stands for: "find the C library" has to lead to what dlopen takes for the program. */
static const char program_library[] = CASTIRON_LIBC;

static bool is_program_library(const char *name)
{
    static const char *const names[] = {"c", "m", "pthread", "dl", "rt", "util", "crypt", "resolv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return 1;
    return 0;
}

/* Whether `file` is lib<name>.so or lib<name>.so.<version>. */
static int is_library_file(const char *file, const char *name, size_t length)
{
    if (strncmp(file, "lib", 3) != 0 || strncmp(file + 3, name, length) != 0)
        return 0;
    const char *rest = file + 3 + length;
    return strncmp(rest, ".so", 3) == 0 && (rest[3] == '\0' || rest[3] == '.');
}

static PyObject *find_library(PyObject *self, PyObject *argument)
{
    (void)self;
    Py_ssize_t length;
    const char *name = PyUnicode_AsUTF8AndSize(argument, &length);
    if (name == NULL)
        return NULL;
    if (is_program_library(name))
        return PyUnicode_FromString(program_library);
    uint64_t count = &castiron_image_name_count ? castiron_image_name_count : 0;
    for (uint64_t i = 0; i < count; i++)
        if (is_library_file(castiron_image_names[i].name, name, (size_t)length))
            return PyUnicode_FromString(castiron_image_names[i].name);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(find_library_doc,
             "find_library(name)\n--\n\n"
             "The name under which ctypes.CDLL opens a library of this binary, or None.  The libraries of the system it "
             "runs on do not count: a static program cannot open them.");

int adapt_ctypes_util(PyObject *module)
{
    static PyMethodDef methods[] = {{"find_library", find_library, METH_O, find_library_doc}, {NULL, NULL, 0, NULL}};
    return PyModule_AddFunctions(module, methods);
}
