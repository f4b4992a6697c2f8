/* Mutexes whose kind was set by one of glibc's static initialisers.
 *
 * glibc's mutex holds its kind at offset 16, where musl's has a gap; musl's holds it at offset 0.  All other members are zero
 * in both initialisers, so the kind is moved before musl first looks.  The layouts:
 * nptl's bits/struct_mutex.h, musl's internal/pthread_impl.h. */
#include "gnu.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

enum {
    MUSL_KIND = 0,
    GLIBC_KIND = 4,
    /* PTHREAD_MUTEX_ADAPTIVE_NP: a normal one that spins for a while. */
    ADAPTIVE = 3,
};
_Static_assert(sizeof(pthread_mutex_t) == 40, "glibc's mutex has 40 bytes");

/* Several threads may do this at once: all of them set the same bits, and none goes on before they are set. */
static void adopt(pthread_mutex_t *mutex)
{
    int *words = (int *)mutex;
    int kind = __atomic_load_n(&words[GLIBC_KIND], __ATOMIC_ACQUIRE);
    if (__builtin_expect(kind == 0, 1))
        return;
    kind &= 3;
    if (kind != ADAPTIVE)
        __atomic_fetch_or(&words[MUSL_KIND], kind, __ATOMIC_RELAXED);
    __atomic_store_n(&words[GLIBC_KIND], 0, __ATOMIC_RELEASE);
}

int GNU(pthread_mutex_lock)(pthread_mutex_t *mutex)
{
    adopt(mutex);
    return pthread_mutex_lock(mutex);
}

int GNU(pthread_mutex_trylock)(pthread_mutex_t *mutex)
{
    adopt(mutex);
    return pthread_mutex_trylock(mutex);
}

int GNU(pthread_mutex_timedlock)(pthread_mutex_t *mutex, const struct timespec *deadline)
{
    adopt(mutex);
    return pthread_mutex_timedlock(mutex, deadline);
}

/* An error-checking mutex that nobody locked. */
int GNU(pthread_mutex_unlock)(pthread_mutex_t *mutex)
{
    adopt(mutex);
    return pthread_mutex_unlock(mutex);
}

int GNU(pthread_mutex_destroy)(pthread_mutex_t *mutex)
{
    /* glibc's refuses one that is locked; musl's has no such check. */
    adopt(mutex);
    int *words = (int *)mutex;
    if (__atomic_load_n(&words[1], __ATOMIC_RELAXED) & 0x3fffffff)
        return EBUSY;
    return pthread_mutex_destroy(mutex);
}

SAME(__pthread_mutex_lock, castiron_gnu_pthread_mutex_lock);
SAME(__pthread_mutex_trylock, castiron_gnu_pthread_mutex_trylock);
SAME(__pthread_mutex_unlock, castiron_gnu_pthread_mutex_unlock);
SAME(__pthread_mutex_destroy, castiron_gnu_pthread_mutex_destroy);

int GNU(pthread_mutexattr_settype)(pthread_mutexattr_t *attributes, int kind)
{
    return pthread_mutexattr_settype(attributes, kind == ADAPTIVE ? PTHREAD_MUTEX_NORMAL : kind);
}

SAME(__pthread_mutexattr_settype, castiron_gnu_pthread_mutexattr_settype);
SAME(pthread_mutexattr_setkind_np, castiron_gnu_pthread_mutexattr_settype);
SAME(pthread_mutexattr_getkind_np, pthread_mutexattr_gettype);

/* musl knows no ceilings of priorities: PTHREAD_PRIO_PROTECT is refused where it is asked for, as these are. */
int GNU(pthread_mutexattr_getprioceiling)(const pthread_mutexattr_t *attributes, int *to)
{
    *to = 0;
    return 0;
}

int GNU(pthread_mutexattr_setprioceiling)(pthread_mutexattr_t *attributes, int ceiling) { return ENOTSUP; }

/* A preference (readers or writers first): glibc's default lets readers pass waiting writers, as musl's lock does. */
int GNU(pthread_rwlockattr_getkind_np)(const pthread_rwlockattr_t *attributes, int *to)
{
    *to = 0;
    return 0;
}

int GNU(pthread_rwlockattr_setkind_np)(pthread_rwlockattr_t *attributes, int kind)
{
    if (kind < 0 || kind > 2)
        return EINVAL;
    if (kind == 2)
        UNSUPPORTED("pthread_rwlockattr_setkind_np", "writers do not come before readers in this binary");
    return 0;
}
