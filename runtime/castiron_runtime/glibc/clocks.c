/* Waiting by another clock than the wall's (glibc 2.30; libstdc++'s wait_for and try_lock_for use it). */
#include "gnu.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

int GNU(pthread_mutex_timedlock)(pthread_mutex_t *mutex, const struct timespec *deadline);

#define SECOND 1000000000L

static int is_valid(clockid_t clock, const struct timespec *deadline)
{
    return (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC) && deadline->tv_nsec >= 0 && deadline->tv_nsec < SECOND;
}

static int is_over(const struct timespec *deadline)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > deadline->tv_sec || (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec);
}

/* The wall's time of a monotonic deadline, but at most a second from now: the wall's clock may be set meanwhile. */
static struct timespec on_the_wall(const struct timespec *deadline)
{
    struct timespec now, wall;
    clock_gettime(CLOCK_MONOTONIC, &now);
    clock_gettime(CLOCK_REALTIME, &wall);
    long long rest = deadline->tv_sec - now.tv_sec > 1
        ? SECOND
        : (long long)(deadline->tv_sec - now.tv_sec) * SECOND + deadline->tv_nsec - now.tv_nsec;
    if (rest > SECOND)
        rest = SECOND;
    if (rest < 0)
        rest = 0;
    wall.tv_nsec += rest % SECOND;
    wall.tv_sec += rest / SECOND + wall.tv_nsec / SECOND;
    wall.tv_nsec %= SECOND;
    return wall;
}

#define WAIT(clock, deadline, wait)                                          \
    do {                                                                     \
        int result_;                                                         \
        if (!is_valid(clock, deadline))                                      \
            return EINVAL;                                                   \
        if (clock == CLOCK_REALTIME) {                                       \
            const struct timespec *until = deadline;                         \
            return wait;                                                     \
        }                                                                    \
        do {                                                                 \
            struct timespec wall_ = on_the_wall(deadline);                   \
            const struct timespec *until = &wall_;                           \
            result_ = wait;                                                  \
        } while (result_ == ETIMEDOUT && !is_over(deadline));                \
        return result_;                                                      \
    } while (0)

int GNU(pthread_mutex_clocklock)(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *deadline)
{
    WAIT(clock, deadline, GNU(pthread_mutex_timedlock)(mutex, until));
}

int GNU(pthread_rwlock_clockrdlock)(pthread_rwlock_t *lock, clockid_t clock, const struct timespec *deadline)
{
    WAIT(clock, deadline, pthread_rwlock_timedrdlock(lock, until));
}

int GNU(pthread_rwlock_clockwrlock)(pthread_rwlock_t *lock, clockid_t clock, const struct timespec *deadline)
{
    WAIT(clock, deadline, pthread_rwlock_timedwrlock(lock, until));
}

int GNU(pthread_clockjoin_np)(pthread_t thread, void **result, clockid_t clock, const struct timespec *deadline)
{
    if (!deadline)
        return pthread_join(thread, result);
    WAIT(clock, deadline, pthread_timedjoin_np(thread, result, until));
}

static int wait_semaphore(sem_t *semaphore, const struct timespec *until)
{
    return sem_timedwait(semaphore, until) == 0 ? 0 : errno;
}

static int clock_semaphore(sem_t *semaphore, clockid_t clock, const struct timespec *deadline)
{
    WAIT(clock, deadline, wait_semaphore(semaphore, until));
}

int GNU(sem_clockwait)(sem_t *semaphore, clockid_t clock, const struct timespec *deadline)
{
    int error = clock_semaphore(semaphore, clock, deadline);
    if (!error)
        return 0;
    errno = error;
    return -1;
}

/* A condition.  Taking up a wait again could miss a signal, so musl itself has to wait by that clock: which one it
 * takes is a word of the condition, read when a wait begins.  All who wait hold the same mutex then, so each sets it: to
 * the clock asked for, or back to that of the condition's attributes, kept in a word that musl has no use for. */
enum { CLOCK = 4, KEPT = 5 };
_Static_assert(sizeof(pthread_cond_t) == 48, "glibc's condition has 48 bytes");

int GNU(pthread_cond_timedwait)(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *deadline)
{
    int *words = (int *)condition;
    int kept = __atomic_load_n(&words[KEPT], __ATOMIC_RELAXED);
    if (kept)
        __atomic_store_n(&words[CLOCK], kept - 1, __ATOMIC_RELAXED);
    return pthread_cond_timedwait(condition, mutex, deadline);
}

int GNU(pthread_cond_clockwait)(
    pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock, const struct timespec *deadline)
{
    if (!is_valid(clock, deadline))
        return EINVAL;
    int *words = (int *)condition;
    int own = __atomic_load_n(&words[CLOCK], __ATOMIC_RELAXED);
    if (!__atomic_load_n(&words[KEPT], __ATOMIC_RELAXED))
        __atomic_store_n(&words[KEPT], own + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&words[CLOCK], (int)clock, __ATOMIC_RELAXED);
    return pthread_cond_timedwait(condition, mutex, deadline);
}
