/* Other interpreters of the process (_interpreters, InterpreterPoolExecutor, mod_wsgi's kind): each gets a path hook of its
 * own, which finds the payload's modules for the ordinary PathFinder, and loaders that know the payload.
 *
 * They have importlib._bootstrap_external from their start, so there is nothing to be early for, and no finder of their
 * own in sys.meta_path, which is only faster.
 */
#define Py_BUILD_CORE
#include <Python.h>

#include "pycore_initconfig.h"

#include "imports/finder.h"
#include "imports/loader.h"
#include "series.h"

PyStatus SERIES_INIT_PATH_HOOKS(__real)(PyThreadState *thread);
PyStatus SERIES_INIT_PATH_HOOKS(__wrap)(PyThreadState *thread);

PyStatus SERIES_INIT_PATH_HOOKS(__wrap)(PyThreadState *thread)
{
    PyStatus status = SERIES_INIT_PATH_HOOKS(__real)(thread);
    if (PyStatus_Exception(status) || PyInterpreterState_Get() == PyInterpreterState_Main())
        return status;
    PyObject *external = PyImport_ImportModule("_frozen_importlib_external");
    int result = external == NULL || loader_prepare() < 0 || loader_adopt(external) < 0 ? -1 : finder_install_hook();
    Py_XDECREF(external);
    if (result < 0) {
        PyErr_Print();
        return PyStatus_Error("castiron cannot start another interpreter");
    }
    return status;
}
