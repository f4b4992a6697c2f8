/* BSD's and System V's functions for signals. */
#include "gnu.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

/* The first 31 signals as bits, which is what BSD's masks hold. */
static sigset_t set_of(int mask)
{
    sigset_t set;
    sigemptyset(&set);
    for (int number = 1; number < 32; number++)
        if ((unsigned)mask & 1u << (number - 1))
            sigaddset(&set, number);
    return set;
}

static int mask_of(const sigset_t *set)
{
    unsigned mask = 0;
    for (int number = 1; number < 32; number++)
        if (sigismember(set, number) == 1)
            mask |= 1u << (number - 1);
    return (int)mask;
}

int GNU(sigblock)(int mask)
{
    sigset_t set = set_of(mask), old;
    return sigprocmask(SIG_BLOCK, &set, &old) ? -1 : mask_of(&old);
}

int GNU(sigsetmask)(int mask)
{
    sigset_t set = set_of(mask), old;
    return sigprocmask(SIG_SETMASK, &set, &old) ? -1 : mask_of(&old);
}

int GNU(siggetmask)(void) { return GNU(sigblock)(0); }

/* A handler that is taken away when it runs. */
void (*GNU(sysv_signal)(int number, void (*handler)(int)))(int)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)}, old;
    return sigaction(number, &action, &old) ? SIG_ERR : old.sa_handler;
}

SAME(__sysv_signal, castiron_gnu_sysv_signal);

/* BSD's takes a mask, X/Open's a signal. */
int GNU(__sigpause)(int mask_or_number, int is_number)
{
    sigset_t set;
    if (is_number) {
        sigprocmask(SIG_BLOCK, NULL, &set);
        if (sigdelset(&set, mask_or_number))
            return -1;
    } else {
        set = set_of(mask_or_number);
    }
    return sigsuspend(&set);
}

int GNU(__xpg_sigpause)(int number) { return GNU(__sigpause)(number, 1); }

/* glibc's headers give the mask's function this name unless they are told of X/Open. */
int GNU(sigpause)(int mask) { return GNU(__sigpause)(mask, 0); }
