/* Mutexes and condition variables without atomic operations that nobody needs.
 *
 * An interpreter gives and takes its global lock around each call that may wait (in sqlite3, for each row): three mutexes are locked
 * and two conditions signalled, which takes ten atomic operations of musl.  glibc needs none as long as there is one thread, and
 * none to signal a condition for which nobody waits; so do we.  What is not that simple is musl's affair.  Sources: musl 1.2.5,
 * src/internal/pthread_impl.h and src/thread; glibc 2.41, nptl/pthread_mutex_lock.c (lll_mutex_lock_optimized) and pthread_cond_signal.c.
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>

#include "libc/threads.h"

/* Members of musl's mutex; an ordinary one that is not shared with other processes is of type 0, and EBUSY says that it is held. */
enum { TYPE = 0, HELD = 1, WAITERS = 2 };
/* Of its condition, among the pointers: whether it is shared, and the one of the threads that wait that will be signalled first. */
enum { SHARED = 0, FIRST_WAITING = 5 };

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __real_pthread_cond_signal(pthread_cond_t *condition);
int __real_pthread_cond_broadcast(pthread_cond_t *condition);

/* A signal handler that locks the same mutex in between has unlocked it again when it returns. */
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    volatile int *words = mutex->__u.__vi;
    if (several_threads || words[TYPE] != PTHREAD_MUTEX_NORMAL || words[HELD] != 0)
        return __real_pthread_mutex_lock(mutex);
    words[HELD] = EBUSY;
    return 0;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    volatile int *words = mutex->__u.__vi;
    if (several_threads || words[TYPE] != PTHREAD_MUTEX_NORMAL || words[HELD] != EBUSY || words[WAITERS] != 0)
        return __real_pthread_mutex_unlock(mutex);
    words[HELD] = 0;
    return 0;
}

/* A thread that waits is in the list before it unlocks the mutex.  Who then locks the mutex, to change what the thread waits for,
 * finds it there, also after having unlocked the mutex again. */
static int nobody_waits(pthread_cond_t *condition)
{
    return condition->__u.__p[SHARED] == NULL && condition->__u.__p[FIRST_WAITING] == NULL;
}

int __wrap_pthread_cond_signal(pthread_cond_t *condition)
{
    return nobody_waits(condition) ? 0 : __real_pthread_cond_signal(condition);
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *condition)
{
    return nobody_waits(condition) ? 0 : __real_pthread_cond_broadcast(condition);
}
