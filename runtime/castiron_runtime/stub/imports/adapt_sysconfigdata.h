/* The variables of the interpreter's build, which sysconfig hands out, with the prefix that the executable has. */
#ifndef CASTIRON_ADAPT_SYSCONFIGDATA_H
#define CASTIRON_ADAPT_SYSCONFIGDATA_H

#include <Python.h>

/* To be called when the module `_sysconfigdata_...` was executed: its paths lie under sys.prefix from then on. */
int adapt_sysconfigdata(PyObject *module);

#endif
