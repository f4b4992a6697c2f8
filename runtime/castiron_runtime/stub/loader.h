/* Loads modules of the payload, and looks like the standard library's SourceFileLoader (SourcelessFileLoader,
 * ExtensionFileLoader) to whoever asks. */
#ifndef CASTIRON_LOADER_H
#define CASTIRON_LOADER_H

#include <Python.h>
#include <stdint.h>

/* Prepares the type.  Between core and main initialisation. */
int loader_prepare(void);

PyObject *loader_type(void);

/* A new loader of module `index` of the payload, under the dotted name `name`. */
PyObject *loader_new(PyObject *name, uint32_t index);

/* The absolute path of the module's file; a new reference. */
PyObject *loader_module_path(uint32_t index);

/* The ModuleSpec of module `index` of the payload, under the dotted name `name`. */
PyObject *loader_spec(PyObject *name, uint32_t index);

/* A new code object of the module, with absolute file names. */
PyObject *loader_code(uint32_t index);

#endif
