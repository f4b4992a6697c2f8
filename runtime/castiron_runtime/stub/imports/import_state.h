/* What the import system keeps for one interpreter of the process: objects of one must not be used in another. */
#ifndef CASTIRON_IMPORT_STATE_H
#define CASTIRON_IMPORT_STATE_H

#include <Python.h>

struct import_state {
    PyObject *module_spec;    /* importlib._bootstrap.ModuleSpec */
    PyObject *without_frames; /* importlib._bootstrap._call_with_frames_removed: keeps our frames out of tracebacks */
    PyObject *exec_function;  /* builtins.exec */
    PyObject *imp;
    PyObject *external; /* importlib._bootstrap_external; NULL until it was executed */
    /* Its classes, and those of their methods that loader.c has taken the place of; NULL as long as `external`. */
    PyObject *source_loader, *sourceless_loader, *extension_loader;
    PyObject *exec_module, *source_get_code, *sourceless_get_code, *file_get_data;
    PyObject *path_entry_type; /* finder.c's */
};

/* The current interpreter's, which is made when it is first asked for; NULL with an exception. */
struct import_state *import_state(void);

#endif
