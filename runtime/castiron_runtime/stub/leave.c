/* Ending without taking the interpreter apart.
 *
 * What a program can see of its end happens: threads are joined, atexit functions run, everything buffered reaches its
 * file, and the exit status tells of a failure to do so.  Destroying every object, which takes longer than many programs
 * run, is left out - unless an object is alive whose destruction does something: a `__del__` written in Python, an open
 * file of a class written in Python (gzip's trailer), a generator with a `finally` still to come, an open SQLite database
 * (its journal).  What libraries in C left for exit(), such as HDF5's open files, is done in any case. */
#define Py_BUILD_CORE
#include "leave.h"

#include <Python.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if PY_VERSION_HEX >= 0x030D0000
#include "pycore_atexit.h"
#endif
#include "pycore_ceval.h"
#include "pycore_frame.h"
#include "pycore_pylifecycle.h"
#include "pycore_pystate.h"
#include "pycore_runtime.h"

#include "series.h"

enum { STATUS_FLUSH_FAILED = 120 };

/* As CPython's complaint about an exception at the end; older series name the object. */
static void ignore(const char *doing, PyObject *object)
{
#if PY_VERSION_HEX >= 0x030D0000
    (void)object;
    PyErr_FormatUnraisable("Exception ignored on %s", doing);
#else
    (void)doing;
    PyErr_WriteUnraisable(object);
#endif
}

/* threading._shutdown() joins all threads that are not daemons. */
static void join_threads(void)
{
    PyObject *name = PyUnicode_FromString("threading");
    PyObject *threading = name == NULL ? NULL : PyImport_GetModule(name);
    Py_XDECREF(name);
    if (threading == NULL) {
        if (PyErr_Occurred())
            ignore("threading shutdown", NULL);
        return;
    }
    PyObject *result = PyObject_CallMethod(threading, "_shutdown", NULL);
    if (result == NULL)
        ignore("threading shutdown", threading);
    Py_XDECREF(result);
    Py_DECREF(threading);
}

/* Also what has no usable `closed`, such as a wrapper without its buffer. */
static bool is_closed(PyObject *file)
{
    PyObject *closed = PyObject_GetAttrString(file, "closed");
    int result = closed == NULL ? -1 : PyObject_IsTrue(closed);
    Py_XDECREF(closed);
    if (result < 0)
        PyErr_Clear();
    return result != 0;
}

static int flush(PyObject *file)
{
    PyObject *result = PyObject_CallMethod(file, "flush", NULL);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* As flush_std_files of CPython's pylifecycle.c. */
static int flush_standard(void)
{
    int status = 0;
    PyObject *file = PySys_GetObject("stdout");
    if (file != NULL && file != Py_None && !is_closed(file) && flush(file) < 0) {
        ignore("flushing sys.stdout", file);
        status = -1;
    }
    file = PySys_GetObject("stderr");
    if (file != NULL && file != Py_None && !is_closed(file) && flush(file) < 0) {
        PyErr_Clear();
        status = -1;
    }
    return status;
}

/* Objects with a finalizer, and open databases. */
struct found {
    PyObject *database; /* sqlite3.Connection, or NULL */
    PyObject **objects;
    size_t count, room;
    bool failed;
};

static int collect(PyObject *object, void *argument)
{
    struct found *found = argument;
    PyTypeObject *type = Py_TYPE(object);
    bool database = found->database != NULL && PyType_IsSubtype(type, (PyTypeObject *)found->database);
    if (type->tp_finalize == NULL && type->tp_del == NULL && !database)
        return 1;
    if (found->count == found->room) {
        size_t room = found->room ? 2 * found->room : 64;
        PyObject **objects = realloc(found->objects, room * sizeof *objects);
        if (objects == NULL) {
            found->failed = true;
            return 0;
        }
        found->objects = objects;
        found->room = room;
    }
    found->objects[found->count++] = Py_NewRef(object);
    return 1;
}

static bool has_python_finalizer(PyObject *object)
{
    PyObject *name = PyUnicode_InternFromString("__del__");
    PyObject *finalizer = name == NULL ? NULL : _PyType_Lookup(Py_TYPE(object), name);
    Py_XDECREF(name);
    return finalizer != NULL && PyFunction_Check(finalizer);
}

/* sqlite3.Connection, if the program may have such: a new reference.  In series before 3.13 it has no finalizer. */
static PyObject *database_type(void)
{
    PyObject *name = PyUnicode_FromString("_sqlite3");
    PyObject *module = name == NULL ? NULL : PyImport_GetModule(name);
    PyObject *type = module == NULL ? NULL : PyObject_GetAttrString(module, "Connection");
    Py_XDECREF(module);
    Py_XDECREF(name);
    if (type == NULL)
        PyErr_Clear();
    else if (!PyType_Check(type))
        Py_CLEAR(type);
    return type;
}

/* Only when the last cursor and statement are gone SQLite removes the write-ahead log, and this is what destroys them. */
static bool is_open_database(const struct found *found, PyObject *object)
{
    if (found->database == NULL || !PyObject_TypeCheck(object, (PyTypeObject *)found->database))
        return false;
    PyObject *answer = PyObject_GetAttrString(object, "in_transaction");
    if (answer == NULL)
        PyErr_Clear(); /* ProgrammingError: it is closed, or was never opened */
    Py_XDECREF(answer);
    return answer != NULL;
}

static bool has_cleanup_to_come(PyObject *object)
{
    PyGenObject *generator = (PyGenObject *)object;
    if (!FRAME_STATE_SUSPENDED(generator->gi_frame_state))
        return false;
    /* The first byte of each entry of the exception table is marked.  From 3.12 on, one entry is in every generator: it
     * turns StopIteration into RuntimeError. */
    static const int own_entries = PY_VERSION_HEX >= 0x030C0000;
    PyCodeObject *code = PyGen_GetCode(generator);
    int entries = 0;
    for (Py_ssize_t i = 0; i < PyBytes_GET_SIZE(code->co_exceptiontable); i++)
        entries += (PyBytes_AS_STRING(code->co_exceptiontable)[i] & 0x80) != 0;
    Py_DECREF(code);
    return entries > own_entries;
}

enum io_kind { NOT_IO, IO_PLAIN, IO_BUFFER, IO_TEXT, IO_PYTHON };

/* What an object is to the io module, by the names of the classes in C. */
static enum io_kind io_kind(PyObject *io, PyObject *base, PyObject *object)
{
    static const struct {
        const char *name;
        enum io_kind kind;
    } classes[] = {
        {"TextIOWrapper", IO_TEXT},      {"BufferedWriter", IO_BUFFER}, {"BufferedRandom", IO_BUFFER},
        {"BufferedRWPair", IO_BUFFER},   {"BufferedReader", IO_PLAIN},  {"FileIO", IO_PLAIN},
        {"BytesIO", IO_PLAIN},           {"StringIO", IO_PLAIN},
    };
    if (!PyType_IsSubtype(Py_TYPE(object), (PyTypeObject *)base))
        return NOT_IO;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (PyDict_GetItemString(PyModule_GetDict(io), classes[i].name) == (PyObject *)Py_TYPE(object))
            return classes[i].kind;
    return IO_PYTHON;
}

/* The standard streams and their buffers were flushed already, and complained if that failed. */
static bool is_standard(PyObject *object)
{
    static const char *const names[] = {"stdout", "stderr", "__stdout__", "__stderr__"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        PyObject *stream = PySys_GetObject(names[i]);
        if (stream == NULL || stream == Py_None)
            continue;
        PyObject *buffer = PyObject_GetAttrString(stream, "buffer");
        if (buffer == NULL)
            PyErr_Clear();
        Py_XDECREF(buffer);
        if (object == stream || object == buffer)
            return true;
    }
    return false;
}

/* As the end of a file object that cannot be written: one complaint (before 3.13 in development mode alone), and it is
 * closed. */
static void give_up(PyObject *file)
{
    if (PY_VERSION_HEX >= 0x030D0000 || _Py_GetConfig()->dev_mode)
        PyErr_WriteUnraisable(file);
    else
        PyErr_Clear();
    PyObject *result = PyObject_CallMethod(file, "close", NULL);
    if (result == NULL)
        PyErr_Clear();
    Py_XDECREF(result);
}

/* Flushes what is buffered.  Returns whether the destruction of objects would do something that can be noticed. */
static bool flush_files(void)
{
    struct found found = {0};
    PyObject *io = PyImport_ImportModule("_io");
    PyObject *base = io == NULL ? NULL : PyObject_GetAttrString(io, "_IOBase");
    if (base == NULL) {
        PyErr_Clear();
        return true;
    }
    found.database = database_type();
    PyUnstable_GC_VisitObjects(collect, &found);
    bool noticeable = found.failed;
    /* Text first: it flushes into buffers. */
    for (enum io_kind kind = IO_TEXT; kind >= IO_BUFFER && !noticeable; kind--) {
        for (size_t i = 0; i < found.count && !noticeable; i++) {
            PyObject *object = found.objects[i];
            enum io_kind own = io_kind(io, base, object);
            if (own == IO_PYTHON)
                noticeable = !is_closed(object);
            else if (own == kind && !is_closed(object) && !is_standard(object) && flush(object) < 0)
                give_up(object);
            else if (PyGen_Check(object) || PyCoro_CheckExact(object) || PyAsyncGen_CheckExact(object))
                noticeable = has_cleanup_to_come(object);
            else if (own == NOT_IO)
                noticeable = has_python_finalizer(object) || is_open_database(&found, object);
        }
    }
    for (size_t i = 0; i < found.count; i++)
        Py_DECREF(found.objects[i]);
    free(found.objects);
    Py_XDECREF(found.database);
    return noticeable;
}

/* A process that Ctrl-C ended must be seen by its parent as ended by the signal. */
static void die_by_interrupt(void)
{
    signal(SIGINT, SIG_DFL);
    kill(getpid(), SIGINT);
}

_Noreturn void leave(int status, bool full)
{
    PyThreadState *thread = _PyThreadState_GET();
    join_threads();
    _Py_FinishPendingCalls(thread);
    _PyAtExit_Call(thread->interp);
    int flushed = flush_standard();
    full = full || flush_files();
    if (!full)
        /* As at the end of Py_FinalizeEx: no other thread gets to run Python code any more.  Destructors may join theirs. */
        _PyRuntimeState_SetFinalizing(&_PyRuntime, thread);
    else if (Py_FinalizeEx() < 0)
        flushed = -1;
    if (flushed < 0)
        status = STATUS_FLUSH_FAILED;
    if (unhandled_interrupt) {
        fflush(NULL);
        die_by_interrupt();
        status = SIGINT + 128;
    }
    exit(status);
}
