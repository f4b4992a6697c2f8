/* The tables of frozen modules, instead of CPython's Python/frozen.c: only what the import system is made of, and the
 * modules that tests of frozen modules import.
 *
 * Everything else of the standard library comes from the payload, with a file name and only if the application uses it.
 */
#include <Python.h>
#include <marshal.h>
#include <string.h>

#include "imports/frozen.h"

#include "frozen_modules/__hello__.h"
#include "frozen_modules/__phello__.h"
#include "frozen_modules/__phello__.ham.eggs.h"
#include "frozen_modules/__phello__.ham.h"
#include "frozen_modules/__phello__.spam.h"
#include "frozen_modules/frozen_only.h"
#include "frozen_modules/importlib._bootstrap.h"
#include "frozen_modules/importlib._bootstrap_external.h"
#include "frozen_modules/zipimport.h"

struct _module_alias;

#define MODULE(module_name, bytecode) {.name = module_name, .code = bytecode, .size = (int)sizeof bytecode}
#define PACKAGE(module_name, bytecode) \
    {.name = module_name, .code = bytecode, .size = (int)sizeof bytecode, .is_package = true}

static const struct _frozen bootstrap_modules[] = {
    MODULE("_frozen_importlib", _Py_M__importlib__bootstrap),
    MODULE("_frozen_importlib_external", _Py_M__importlib__bootstrap_external),
    MODULE("zipimport", _Py_M__zipimport),
    {0},
};
static const struct _frozen no_modules[] = {{0}};
static const struct _frozen test_modules[] = {
    MODULE("__hello__", _Py_M____hello__),
    MODULE("__hello_alias__", _Py_M____hello__),
    PACKAGE("__phello_alias__", _Py_M____hello__),
    MODULE("__phello_alias__.spam", _Py_M____hello__),
    PACKAGE("__phello__", _Py_M____phello__),
    MODULE("__phello__.__init__", _Py_M____phello__),
    PACKAGE("__phello__.ham", _Py_M____phello___ham),
    MODULE("__phello__.ham.__init__", _Py_M____phello___ham),
    MODULE("__phello__.ham.eggs", _Py_M____phello___ham_eggs),
    MODULE("__phello__.spam", _Py_M____phello___spam),
    MODULE("__hello_only__", _Py_M__frozen_only),
    {0},
};

/* Layout of CPython's pycore_import.h. */
static const struct {
    const char *name;
    const char *original;
} aliases[] = {
    {"_frozen_importlib", "importlib._bootstrap"},
    {"_frozen_importlib_external", "importlib._bootstrap_external"},
    {"__hello_alias__", "__hello__"},
    {"__phello_alias__", "__hello__"},
    {"__phello_alias__.spam", "__hello__"},
    {"__phello__.__init__", "<__phello__"},
    {"__phello__.ham.__init__", "<__phello__.ham"},
    {"__hello_only__", NULL},
    {0, 0},
};

const struct _frozen *_PyImport_FrozenBootstrap = bootstrap_modules;
const struct _frozen *_PyImport_FrozenStdlib = no_modules;
const struct _frozen *_PyImport_FrozenTest = test_modules;
const struct _module_alias *_PyImport_FrozenAliases = (const struct _module_alias *)aliases;
const struct _frozen *PyImport_FrozenModules = NULL;

PyObject *frozen_bootstrap_external(void)
{
    return PyMarshal_ReadObjectFromString((const char *)_Py_M__importlib__bootstrap_external,
                                          sizeof _Py_M__importlib__bootstrap_external);
}

bool frozen_is_test_module(const char *name)
{
    if (strncmp(name, "__", 2) != 0)
        return false;
    for (const struct _frozen *module = test_modules; module->name != NULL; module++)
        if (strcmp(module->name, name) == 0)
            return true;
    return false;
}
