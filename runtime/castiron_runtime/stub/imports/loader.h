/* Loads modules of the payload.  The loaders are the standard library's: SourceFileLoader (SourcelessFileLoader,
 * ExtensionFileLoader), which take what is in the payload from there and everything else as ever. */
#ifndef CASTIRON_LOADER_H
#define CASTIRON_LOADER_H

#include <Python.h>
#include <stdint.h>

/* Prepares the current interpreter.  Between core and main initialisation. */
int loader_prepare(void);

/* Teaches the loaders of importlib._bootstrap_external, which was just executed, about the payload. */
int loader_adopt(PyObject *external);

/* The kind of loader an ordinary interpreter uses for the module of a loader: a new reference to a class of
 * importlib._bootstrap_external. */
PyObject *loader_class(PyObject *loader);

/* A new loader of module `index` of the payload, under the dotted name `name`. */
PyObject *loader_new(PyObject *name, uint32_t index);

/* The module of the payload whose file has a path (any object), or NODE_NONE.  Raises nothing. */
uint32_t loader_module_at(PyObject *path);

/* The absolute path of the module's file; a new reference. */
PyObject *loader_module_path(uint32_t index);

/* The ModuleSpec of module `index` of the payload, under the dotted name `name`. */
PyObject *loader_spec(PyObject *name, uint32_t index);

/* A new code object of the module, with absolute file names. */
PyObject *loader_code(uint32_t index);

/* Methods of loaders: exec_module(module), get_code(fullname), get_data(path), create_module(spec) of the payload's. */
extern PyMethodDef loader_exec_module, loader_get_code, loader_get_data, loader_create_module;

/* Gives a class a method in C. */
int loader_set_method(PyObject *type, PyMethodDef *method);

#endif
