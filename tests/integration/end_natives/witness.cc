// An extension module that tells, on standard error and at once, of everything that happens to it at the end of a process.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <unistd.h>

static void say(const char *what, const char *name)
{
    std::string line = std::string(what) + ": " + name + "\n";
    if (write(2, line.data(), line.size()) < 0)
        abort();
}

// --- a static object of C++ ---

struct Static {
    ~Static() { say("static object", "destroyed"); }
};
static Static static_object;

// --- capsules ---

static void destroy_capsule(PyObject *capsule)
{
    char *name = static_cast<char *>(PyCapsule_GetPointer(capsule, nullptr));
    say("capsule", name);
    if (!strcmp(name, "abort"))
        abort();
    free(name);
}

static PyObject *capsule(PyObject *, PyObject *name)
{
    const char *text = PyUnicode_AsUTF8(name);
    return text ? PyCapsule_New(strdup(text), nullptr, destroy_capsule) : nullptr;
}

// --- a type that writes what it holds only when it is destroyed, as encoders of video do; no collector knows its objects ---

struct Writer {
    PyObject_HEAD
    std::string *path, *held;
};

static PyObject *writer_new(PyTypeObject *type, PyObject *arguments, PyObject *)
{
    const char *path;
    if (!PyArg_ParseTuple(arguments, "s", &path))
        return nullptr;
    Writer *self = reinterpret_cast<Writer *>(type->tp_alloc(type, 0));
    if (self) {
        self->path = new std::string(path);
        self->held = new std::string;
    }
    return reinterpret_cast<PyObject *>(self);
}

static PyObject *writer_add(PyObject *object, PyObject *text)
{
    const char *letters = PyUnicode_AsUTF8(text);
    if (!letters)
        return nullptr;
    *reinterpret_cast<Writer *>(object)->held += letters;
    Py_RETURN_NONE;
}

static void writer_dealloc(PyObject *object)
{
    Writer *self = reinterpret_cast<Writer *>(object);
    if (FILE *file = fopen(self->path->c_str(), "w")) {
        fprintf(file, "%s, and the trailer\n", self->held->c_str());
        fclose(file);
    }
    say("writer", self->path->c_str());
    delete self->path;
    delete self->held;
    PyTypeObject *type = Py_TYPE(object);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyMethodDef writer_methods[] = {{"add", writer_add, METH_O, nullptr}, {}};
static PyType_Slot writer_slots[] = {{Py_tp_new, reinterpret_cast<void *>(writer_new)},
                                     {Py_tp_dealloc, reinterpret_cast<void *>(writer_dealloc)},
                                     {Py_tp_methods, writer_methods},
                                     {}};
static PyType_Spec writer_spec = {"witness.Writer", sizeof(Writer), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, writer_slots};

// --- functions for the end ---

static PyObject *at_interpreter_exit(PyObject *, PyObject *)
{
    if (Py_AtExit([] { say("Py_AtExit", Py_IsInitialized() ? "initialized" : "not initialized"); }) < 0)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyObject *at_process_exit(PyObject *, PyObject *)
{
    atexit([] { say("atexit", "of C"); });
    Py_RETURN_NONE;
}

// --- threads that Python did not start ---

static PyObject *thread_that_calls(PyObject *, PyObject *function)
{
    Py_INCREF(function);
    std::thread([function] {
        for (;;) {
            PyGILState_STATE state = PyGILState_Ensure();
            PyObject *result = PyObject_CallNoArgs(function);
            Py_XDECREF(result);
            PyGILState_Release(state);
            usleep(50'000); // a thread that returns just when its state is freed crashes any CPython
        }
    }).detach();
    Py_RETURN_NONE;
}

static PyObject *thread_that_waits(PyObject *, PyObject *)
{
    std::thread([] {
        thread_local Static of_the_thread;
        (void)&of_the_thread;
        for (;;)
            pause();
    }).detach();
    Py_RETURN_NONE;
}

// --- the module ---

static void free_module(void *)
{
    say("module", "freed");
}

static int execute(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&writer_spec);
    return type ? PyModule_AddObjectRef(module, "Writer", type) : -1;
}

static PyMethodDef functions[] = {{"capsule", capsule, METH_O, nullptr},
                                  {"at_interpreter_exit", at_interpreter_exit, METH_NOARGS, nullptr},
                                  {"at_process_exit", at_process_exit, METH_NOARGS, nullptr},
                                  {"thread_that_calls", thread_that_calls, METH_O, nullptr},
                                  {"thread_that_waits", thread_that_waits, METH_NOARGS, nullptr},
                                  {}};
static PyModuleDef_Slot slots[] = {{Py_mod_exec, reinterpret_cast<void *>(execute)}, {}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "witness", nullptr, 0, functions, slots, nullptr, nullptr, free_module};

PyMODINIT_FUNC PyInit_witness(void)
{
    return PyModuleDef_Init(&definition);
}
