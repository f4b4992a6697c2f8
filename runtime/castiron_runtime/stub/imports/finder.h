/* Finds the modules of the payload: a finder for sys.meta_path, and one for every folder of the tree on a path. */
#ifndef CASTIRON_FINDER_H
#define CASTIRON_FINDER_H

#include <Python.h>

/* Installs both.  Between core and main initialisation. */
int finder_install(void);

/* Installs the second alone, for the other interpreters of the process. */
int finder_install_hook(void);

#endif
