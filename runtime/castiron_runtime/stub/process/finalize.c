/* The end of the process is CPython's own, Py_FinalizeEx, which may be left early.
 *
 * It joins threads, runs atexit functions, flushes the standard streams, and then destroys every object, which takes longer
 * than many programs run.  Between the atexit functions and the rest we ask whether anything that follows has effects
 * outside of the process.  If not, the standard streams are flushed and the process exits.  Otherwise CPython goes on as ever,
 * so everything happens in CPython's order, with CPython's messages, and waits for nothing that CPython does not wait for. */
#define Py_BUILD_CORE
#include "process/finalize.h"

#include <Python.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pycore_pylifecycle.h"
#include "pycore_pystate.h"
#include "pycore_runtime.h"

#include "process/finalize_effects.h"
#include "process/standard_streams.h"
#include "series.h"

enum { STATUS_FLUSH_FAILED = 120 };

/* What Py_FinalizeEx cannot hand on to the function below that it calls. */
static struct {
    int status;
    bool may_be_early;
} end;

/* A process that Ctrl-C ended must be seen by its parent as ended by the signal. */
static int status_of_interrupt(void)
{
    fflush(NULL);
    signal(SIGINT, SIG_DFL);
    kill(getpid(), SIGINT);
    return SIGINT + 128;
}

static _Noreturn void end_process(int status, bool flushed)
{
    if (!flushed)
        status = STATUS_FLUSH_FAILED;
    if (unhandled_interrupt)
        status = status_of_interrupt();
    exit(status);
}

/* From here on no other thread runs Python code; this one holds the interpreter's lock.  Daemon threads are taken off the list,
 * as in Py_FinalizeEx, so that a fatal error does not show them; their states stay, since those that wait for the interpreter's
 * lock still read them. */
static void stop_other_threads(PyThreadState *thread)
{
    _PyInterpreterState_SetFinalizing(thread->interp, thread);
    _PyRuntimeState_SetFinalizing(&_PyRuntime, thread);
    thread->interp->threads.head = thread;
    thread->prev = thread->next = NULL;
}

/* Runs the functions of atexit, the last thing that Py_FinalizeEx does before it forbids other threads to run and destroys
 * objects (--wrap in stub.toml; Source: Python/pylifecycle.c, Py_FinalizeEx). */
void __real__PyAtExit_Call(PyInterpreterState *interpreter);

void __wrap__PyAtExit_Call(PyInterpreterState *interpreter)
{
    /* Only once: one of the functions may end the process in its own way, by Py_Exit. */
    bool may_be_early = end.may_be_early && interpreter == _PyInterpreterState_Main();
    if (may_be_early)
        end.may_be_early = false;
    __real__PyAtExit_Call(interpreter);
    if (!may_be_early || finalize_has_effects())
        return;
    stop_other_threads(_PyThreadState_GET());
    bool flushed = standard_streams_flush_at_end();
    end_process(end.status, flushed);
}

_Noreturn void finalize(int status, bool full)
{
    end.status = status;
    end.may_be_early = !full;
    bool flushed = Py_FinalizeEx() == 0;
    end_process(status, flushed);
}
