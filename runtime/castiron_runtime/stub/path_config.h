/* Where Python thinks it is installed: in the tree inside the executable. */
#ifndef CASTIRON_PATH_CONFIG_H
#define CASTIRON_PATH_CONFIG_H

#include <Python.h>

/* Sets executable, prefixes, standard library folder and sys.path.  After pre-initialisation. */
PyStatus path_config_set(PyConfig *config);

#endif
