/* Loads modules of the payload.  The loaders are the standard library's: SourceFileLoader (SourcelessFileLoader,
 * ExtensionFileLoader), which take what is in the payload from there and everything else as ever. */
#ifndef CASTIRON_LOADER_H
#define CASTIRON_LOADER_H

#include <Python.h>
#include <stdint.h>

/* Registers what is called with each module of the payload when it was executed under the dotted name `name`; -1 with an
 * exception is the import's.  Once, before anything is imported. */
void loader_when_executed(int (*function)(PyObject *name, PyObject *module));

/* Prepares the current interpreter.  Between core and main initialisation. */
int loader_prepare(void);

/* Prepares the loaders of modules that are imported before importlib._bootstrap_external was executed.  After
 * loader_prepare, once: only the main interpreter starts without that module. */
int loader_prepare_early(void);

/* Teaches the loaders of importlib._bootstrap_external, which was just executed, about the payload. */
int loader_adopt(PyObject *external);

/* Likewise, and gives the early loaders their real classes. */
int loader_finish_early(PyObject *external);

/* A new loader of module `index` of the payload, under the dotted name `name`. */
PyObject *loader_new(PyObject *name, uint32_t index);

/* The ModuleSpec of module `index` of the payload, under the dotted name `name`. */
PyObject *loader_spec(PyObject *name, uint32_t index);

#endif
