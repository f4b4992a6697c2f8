/* pthread_once whose function may throw: then it counts as not called, and the next caller calls it again.  std::call_once is
 * built on that.  musl's own has no tables for an unwinder, so an exception would end the program there.
 *
 * The call's frame has a personality routine of its own, which an unwinder calls on its way through (Itanium C++ ABI, level I,
 * 1.6.3).  It has no landing pad to jump to: it undoes the call itself, and lets the unwinder go on. */
#include "gnu.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    /* Of the control word. */
    NEW = 0,
    RUNNING = 1,
    DONE = 2,
    WAITED_FOR = 3,
    /* Of an unwinder: actions, and what the routine returns. */
    CLEANUP_PHASE = 2,
    CONTINUE_UNWIND = 8,
};

/* Calls that this thread is in, the innermost first. */
struct call {
    int *control;
    struct call *outer;
};
static _Thread_local struct call *innermost;

static void finish(int *control, int state)
{
    if (__atomic_exchange_n(control, state, __ATOMIC_ACQ_REL) == WAITED_FOR)
        syscall(SYS_futex, control, 129 /* FUTEX_WAKE | FUTEX_PRIVATE_FLAG */, INT_MAX, NULL, NULL, 0);
}

int castiron_gnu_once_personality(int version, int actions, unsigned long long kind, void *exception, void *context)
{
    if (actions & CLEANUP_PHASE && innermost) {
        int *control = innermost->control;
        innermost = innermost->outer;
        finish(control, NEW);
    }
    return CONTINUE_UNWIND;
}

__attribute__((noinline)) static void run(struct call *call, void (*function)(void))
{
    /* 0x1b: relative to its own place, in 4 bytes. */
    __asm__ volatile(".cfi_personality 0x1b, castiron_gnu_once_personality");
    innermost = call;
    function();
    innermost = call->outer;
    finish(call->control, DONE);
}

int GNU(pthread_once)(pthread_once_t *once, void (*function)(void))
{
    int *control = (int *)once;
    if (__atomic_load_n(control, __ATOMIC_ACQUIRE) == DONE)
        return 0;
    for (;;) {
        int state = NEW;
        if (__atomic_compare_exchange_n(control, &state, RUNNING, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            struct call call = {control, innermost};
            run(&call, function);
            return 0;
        }
        if (state == DONE)
            return 0;
        if (state == RUNNING
            && !__atomic_compare_exchange_n(control, &state, WAITED_FOR, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            continue;
        syscall(SYS_futex, control, 128 /* FUTEX_WAIT | FUTEX_PRIVATE_FLAG */, WAITED_FOR, NULL, NULL, 0);
    }
}

SAME(__pthread_once, castiron_gnu_pthread_once);
SAME(call_once, castiron_gnu_pthread_once);
