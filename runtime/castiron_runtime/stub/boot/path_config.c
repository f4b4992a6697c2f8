/* Prefixes and sys.path, instead of CPython's Modules/getpath.c, which searches the file system with a program in Python: here
 * there is nothing to search for. */
#include <Python.h>

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "payload/payload.h"
#include "process/executable.h"
#include "process/own_variables.h"
#include "process/privileges.h"
#include "series.h"

#define LIBRARY "/" SERIES_LIBRARY

static const char origin[] = "$ORIGIN";

/* The rest of getpath.c's interface, for modules that test the interpreter. */
PyObject *_Py_Get_Getpath_CodeObject(void)
{
    PyErr_SetString(PyExc_NotImplementedError, "sys.path is not searched for in this executable");
    return NULL;
}

static PyStatus append(PyConfig *config, const char *path)
{
    wchar_t *decoded = Py_DecodeLocale(path, NULL);
    if (decoded == NULL)
        return PyStatus_NoMemory();
    PyStatus status = PyWideStringList_Append(&config->module_search_paths, decoded);
    PyMem_RawFree(decoded);
    return status;
}

static PyStatus append_in_tree(PyConfig *config, const char *path)
{
    char full[PATH_MAX + 64];
    snprintf(full, sizeof full, "%s%s", executable_path(), path);
    return append(config, full);
}

/* The folders of PYTHONPATH, if the application obeys it, or a process of the application named them for this one; each stands
 * before the standard library, as in CPython. */
static PyStatus append_environment(PyConfig *config)
{
    bool obeyed = config->use_environment || (own_variables_name_path() && config->isolated <= 0);
    const char *folders = obeyed ? getenv("PYTHONPATH") : NULL;
    PyStatus status = PyStatus_Ok();
    while (folders != NULL && *folders != '\0' && !PyStatus_Exception(status)) {
        size_t length = strcspn(folders, ":");
        char folder[PATH_MAX];
        if (length != 0 && length < sizeof folder) {
            memcpy(folder, folders, length);
            folder[length] = '\0';
            status = append(config, folder);
        }
        folders += length + (folders[length] == ':');
    }
    return status;
}

/* An entry given at link time; `$ORIGIN` at its start is the folder of the executable.
 *
 * With raised privileges only absolute ones count, as for the dynamic linker of other programs: who can make a hard link to
 * the executable, or change the working directory, would choose what is imported. */
static PyStatus append_linked(PyConfig *config, Text entry)
{
    const char *text = payload_text(entry);
    size_t skip = sizeof origin - 1;
    if (privileges_raised() && text[0] != '/') {
        fprintf(stderr, "%s: runs with raised privileges, so modules are not searched for in %s\n", executable_path(), text);
        return PyStatus_Ok();
    }
    char full[2 * PATH_MAX];
    if (strncmp(text, origin, skip) != 0 || (text[skip] != '/' && text[skip] != '\0'))
        return append(config, text);
    size_t folder = executable_folder_length();
    if (folder == 1)
        folder = text[skip] == '/' ? 0 : 1; /* in "/": neither "" nor "//plugins" */
    snprintf(full, sizeof full, "%.*s%s", (int)folder, executable_path(), text + skip);
    return append(config, full);
}

static PyStatus set(PyConfig *config)
{
    const char *root = executable_path();
    char stdlib[PATH_MAX + 64];
    snprintf(stdlib, sizeof stdlib, "%s" LIBRARY, root);

    const struct {
        wchar_t **field;
        const char *value;
    } values[] = {
        {&config->executable, root},         {&config->base_executable, root},
        {&config->prefix, root},             {&config->base_prefix, root},
        {&config->exec_prefix, root},        {&config->base_exec_prefix, root},
        {&config->stdlib_dir, stdlib},       {&config->platlibdir, "lib"},
    };
    PyStatus status = PyStatus_Ok();
    for (size_t i = 0; i < sizeof values / sizeof *values && !PyStatus_Exception(status); i++)
        status = PyConfig_SetBytesString(config, values[i].field, values[i].value);

    config->module_search_paths_set = 1;
    if (!PyStatus_Exception(status))
        status = append_in_tree(config, "/app");
    if (!PyStatus_Exception(status))
        status = append_environment(config);
    if (!PyStatus_Exception(status))
        status = append_in_tree(config, LIBRARY);
    if (!PyStatus_Exception(status))
        status = append_in_tree(config, LIBRARY "/site-packages");
    for (uint64_t i = 0; i < payload_header()->sys_path_count && !PyStatus_Exception(status); i++)
        status = append_linked(config, payload_sys_path(i));
    return status;
}

/* CPython calls it when it has read the command line, so that it is known whether PYTHONPATH is obeyed (-E, -I). */
PyStatus _PyConfig_InitPathConfig(PyConfig *config, int compute)
{
    (void)compute;
    return config->module_search_paths_set ? PyStatus_Ok() : set(config);
}
