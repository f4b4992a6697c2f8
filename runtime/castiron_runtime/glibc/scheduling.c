/* Scheduling.  glibc's functions act on a thread, as Linux's do; musl's fail, as POSIX means whole processes.
 * struct sched_param has one member in glibc's headers and more in musl's, so only that one is touched. */
#include "gnu.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int GNU(sched_getscheduler)(pid_t thread) { return (int)syscall(SYS_sched_getscheduler, thread); }

int GNU(sched_setscheduler)(pid_t thread, int policy, const int *priority)
{
    return (int)syscall(SYS_sched_setscheduler, thread, policy, priority);
}

int GNU(sched_getparam)(pid_t thread, int *priority) { return (int)syscall(SYS_sched_getparam, thread, priority); }
int GNU(sched_setparam)(pid_t thread, const int *priority) { return (int)syscall(SYS_sched_setparam, thread, priority); }

SAME(__sched_getscheduler, castiron_gnu_sched_getscheduler);
SAME(__sched_setscheduler, castiron_gnu_sched_setscheduler);
SAME(__sched_getparam, castiron_gnu_sched_getparam);

/* musl gives whole structures back. */
int GNU(pthread_getschedparam)(pthread_t thread, int *policy, int *priority)
{
    struct sched_param all = {0};
    int error = pthread_getschedparam(thread, policy, &all);
    if (!error)
        *priority = all.sched_priority;
    return error;
}

int GNU(pthread_setschedparam)(pthread_t thread, int policy, const int *priority)
{
    struct sched_param all = {.sched_priority = *priority};
    return pthread_setschedparam(thread, policy, &all);
}

int GNU(pthread_attr_getschedparam)(const pthread_attr_t *attributes, int *priority)
{
    struct sched_param all = {0};
    int error = pthread_attr_getschedparam(attributes, &all);
    if (!error)
        *priority = all.sched_priority;
    return error;
}

int GNU(pthread_attr_setschedparam)(pthread_attr_t *attributes, const int *priority)
{
    struct sched_param all = {.sched_priority = *priority};
    return pthread_attr_setschedparam(attributes, &all);
}

/* Sets of processors (CPU_ALLOC). */
cpu_set_t *GNU(__sched_cpualloc)(size_t count)
{
    size_t bits = 8 * sizeof(unsigned long);
    return count > (size_t)-1 - bits ? NULL : calloc((count + bits - 1) / bits, sizeof(unsigned long));
}

void GNU(__sched_cpufree)(cpu_set_t *set) { free(set); }

int GNU(getcpu)(unsigned *processor, unsigned *node) { return (int)syscall(SYS_getcpu, processor, node, NULL); }
