/* The tables of frozen modules, instead of CPython's Python/frozen.c: only what the import system is made of.
 *
 * Everything else of the standard library comes from the payload, with a file name and only if the application uses it.
 */
#include <Python.h>
#include <marshal.h>

#include "frozen.h"

#include "frozen_modules/importlib._bootstrap.h"
#include "frozen_modules/importlib._bootstrap_external.h"
#include "frozen_modules/zipimport.h"

struct _module_alias;

#define MODULE(module_name, bytecode) {.name = module_name, .code = bytecode, .size = (int)sizeof bytecode}

static const struct _frozen bootstrap_modules[] = {
    MODULE("_frozen_importlib", _Py_M__importlib__bootstrap),
    MODULE("_frozen_importlib_external", _Py_M__importlib__bootstrap_external),
    MODULE("zipimport", _Py_M__zipimport),
    {0},
};
static const struct _frozen no_modules[] = {{0}};

/* Layout of CPython's pycore_import.h. */
static const struct {
    const char *name;
    const char *original;
} aliases[] = {
    {"_frozen_importlib", "importlib._bootstrap"},
    {"_frozen_importlib_external", "importlib._bootstrap_external"},
    {0, 0},
};

const struct _frozen *_PyImport_FrozenBootstrap = bootstrap_modules;
const struct _frozen *_PyImport_FrozenStdlib = no_modules;
const struct _frozen *_PyImport_FrozenTest = no_modules;
const struct _module_alias *_PyImport_FrozenAliases = (const struct _module_alias *)aliases;
const struct _frozen *PyImport_FrozenModules = NULL;

PyObject *frozen_external_code(void)
{
    return PyMarshal_ReadObjectFromString((const char *)_Py_M__importlib__bootstrap_external,
                                          sizeof _Py_M__importlib__bootstrap_external);
}
