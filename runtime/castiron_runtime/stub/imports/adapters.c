#include "imports/adapters.h"

#include <stdbool.h>
#include <string.h>

#include "imports/adapt.h"

enum match { MATCH_NAME, MATCH_START, MATCH_TAIL /* the name, also where the module is vendored */ };

static const struct {
    const char *name;
    enum match match;
    int (*adapt)(PyObject *module);
} adapters[] = {
    {"ctypes.util", MATCH_NAME, adapt_ctypes_util},
    {"posixpath", MATCH_NAME, adapt_posixpath},
    {"runpy", MATCH_NAME, adapt_runpy},
    {"platform", MATCH_NAME, adapt_platform},
    {"_sysconfigdata_", MATCH_START, adapt_sysconfigdata},
    {"pkg_resources", MATCH_TAIL, adapt_pkg_resources}, /* pip brings its own */
};

static bool matches(const char *name, size_t length, const char *wanted, enum match match)
{
    size_t size = strlen(wanted);
    switch (match) {
    case MATCH_NAME:
        return strcmp(name, wanted) == 0;
    case MATCH_START:
        return strncmp(name, wanted, size) == 0;
    case MATCH_TAIL:
        return length >= size && strcmp(name + length - size, wanted) == 0 &&
               (length == size || name[length - size - 1] == '.');
    }
    return false;
}

int adapters_apply(PyObject *name, PyObject *module)
{
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(name, &length);
    if (text == NULL)
        return -1;
    for (size_t i = 0; i < sizeof adapters / sizeof *adapters; i++)
        if (matches(text, (size_t)length, adapters[i].name, adapters[i].match))
            return adapters[i].adapt(module);
    return 0;
}
