/* Threads: locks from static initialisers, clocks, keys, attributes, cancellation. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "abi.h"

static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP, checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_mutex_t unlocked_first = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP, adaptive = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t shared = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP, plain = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t writers_first = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP, lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static struct timespec in(clockid_t clock, long milliseconds)
{
    struct timespec time;
    clock_gettime(clock, &time);
    time.tv_nsec += milliseconds * 1000000;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

static void mutexes(void)
{
    printf("recursive %d", pthread_mutex_lock(&recursive));
    printf(" %d", pthread_mutex_lock(&recursive));
    printf(" %d", pthread_mutex_trylock(&recursive));
    printf(" %d", pthread_mutex_unlock(&recursive));
    printf(" %d", pthread_mutex_unlock(&recursive));
    printf(" %d", pthread_mutex_unlock(&recursive));
    printf(" %d\n", pthread_mutex_unlock(&recursive) == EPERM);
    printf("checking %d", pthread_mutex_lock(&checking));
    printf(" %d", pthread_mutex_lock(&checking) == EDEADLK);
    printf(" %d", pthread_mutex_unlock(&checking));
    printf(" %d never locked %d\n", pthread_mutex_unlock(&checking) == EPERM, pthread_mutex_unlock(&unlocked_first) == EPERM);
    printf("adaptive %d", pthread_mutex_lock(&adaptive));
    printf(" %d", pthread_mutex_trylock(&adaptive) == EBUSY);
    printf(" destroy %d", pthread_mutex_destroy(&adaptive) == EBUSY);
    printf(" %d destroy %d\n", pthread_mutex_unlock(&adaptive), pthread_mutex_destroy(&adaptive));
    pthread_mutexattr_t attributes;
    pthread_mutex_t made;
    const int types[] = {PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_NORMAL};
    for (int i = 0; i < 4; i++) {
        pthread_mutexattr_init(&attributes);
        printf("type %d", pthread_mutexattr_settype(&attributes, types[i]));
        pthread_mutex_init(&made, &attributes);
        pthread_mutex_lock(&made);
        printf(" %d\n", pthread_mutex_trylock(&made));
        pthread_mutexattr_destroy(&attributes);
    }
    printf("type wrong %d\n", pthread_mutexattr_settype(&attributes, 17) == EINVAL);
    printf("rwlock %d", pthread_rwlock_rdlock(&lock));
    printf(" %d", pthread_rwlock_trywrlock(&lock) == EBUSY);
    printf(" %d writers first %d", pthread_rwlock_unlock(&lock), pthread_rwlock_wrlock(&writers_first));
    printf(" %d\n", pthread_rwlock_unlock(&writers_first));
}

static int counter;
static void *count(void *unused)
{
    for (int i = 0; i < 20000; i++) {
        pthread_mutex_lock(&shared);
        pthread_mutex_lock(&shared);
        counter++;
        pthread_mutex_unlock(&shared);
        pthread_mutex_unlock(&shared);
    }
    return NULL;
}

static void *hold(void *ready)
{
    pthread_mutex_lock(&plain);
    pthread_rwlock_wrlock(&lock);
    sem_post(ready);
    sem_wait((sem_t *)ready + 1);
    pthread_rwlock_unlock(&lock);
    pthread_mutex_unlock(&plain);
    return (void *)9;
}

static void clocks(void)
{
    pthread_t thread;
    sem_t ready[2];
    sem_init(&ready[0], 0, 0);
    sem_init(&ready[1], 0, 0);
    struct timespec soon = in(CLOCK_MONOTONIC, 20);
    pthread_mutex_lock(&plain);
    printf("cond_clockwait %d", pthread_cond_clockwait(&condition, &plain, CLOCK_MONOTONIC, &soon) == ETIMEDOUT);
    soon = in(CLOCK_REALTIME, 20);
    printf(" timedwait %d", pthread_cond_timedwait(&condition, &plain, &soon) == ETIMEDOUT);
    printf(" wrong clock %d\n", pthread_cond_clockwait(&condition, &plain, 1234, &soon) == EINVAL);
    pthread_mutex_unlock(&plain);
    pthread_create(&thread, NULL, hold, ready);
    sem_wait(&ready[0]);
    soon = in(CLOCK_MONOTONIC, 20);
    printf("mutex_clocklock %d", pthread_mutex_clocklock(&plain, CLOCK_MONOTONIC, &soon) == ETIMEDOUT);
    printf(" rd %d", pthread_rwlock_clockrdlock(&lock, CLOCK_MONOTONIC, &soon) == ETIMEDOUT);
    printf(" wr %d", pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &soon) == ETIMEDOUT);
    printf(" sem %d %d", sem_clockwait(&ready[0], CLOCK_MONOTONIC, &soon), errno == ETIMEDOUT);
    void *result;
    printf(" join %d", pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, &soon) == ETIMEDOUT);
    sem_post(&ready[1]);
    soon = in(CLOCK_MONOTONIC, 60000);
    printf(" %d", pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, &soon));
    printf(" %ld\n", (long)result);
}

static pthread_key_t keys[3];
static int destroyed;
static void destroy(void *value)
{
    destroyed += (int)(intptr_t)value;
    if ((intptr_t)value == 100)
        pthread_setspecific(keys[1], (void *)1000);
}
static void *use_keys(void *unused)
{
    printf("new thread %d", pthread_getspecific(keys[0]) == NULL);
    pthread_setspecific(keys[0], (void *)10);
    pthread_setspecific(keys[1], (void *)100);
    printf(" %ld\n", (long)pthread_getspecific(keys[1]));
    return NULL;
}

static cpu_set_t first_processor;
static void *ask_attributes(void *unused)
{
    cpu_set_t now;
    sigset_t mask;
    pthread_getaffinity_np(pthread_self(), sizeof now, &now);
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    printf("attributes: processors %d mask %d\n", CPU_EQUAL(&now, &first_processor), sigismember(&mask, SIGUSR2));
    return NULL;
}

static void attributes(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    cpu_set_t all;
    sched_getaffinity(0, sizeof all, &all);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &first_processor);
            break;
        }
    pthread_attr_init(&attributes);
    sigset_t mask;
    sigemptyset(&mask);
    printf("no mask %d", pthread_attr_getsigmask_np(&attributes, &mask) == PTHREAD_ATTR_NO_SIGMASK_NP);
    sigaddset(&mask, SIGUSR2);
    printf(" set %d", pthread_attr_setsigmask_np(&attributes, &mask));
    printf(" %d\n", pthread_attr_setaffinity_np(&attributes, sizeof first_processor, &first_processor));
    pthread_attr_setstacksize(&attributes, 1 << 20);
    int error = pthread_create(&thread, &attributes, ask_attributes, NULL);
    pthread_join(thread, NULL);
    printf("create %d\n", error);
    cpu_set_t none;
    CPU_ZERO(&none);
    CPU_SET(1000, &none);
    pthread_attr_setaffinity_np(&attributes, sizeof none, &none);
    printf("no such processor %d\n", pthread_create(&thread, &attributes, ask_attributes, NULL) == EINVAL);
    pthread_attr_destroy(&attributes);
    cpu_set_t *set = CPU_ALLOC(1000);
    CPU_ZERO_S(CPU_ALLOC_SIZE(1000), set);
    CPU_SET_S(999, CPU_ALLOC_SIZE(1000), set);
    printf("CPU_ALLOC %d\n", CPU_COUNT_S(CPU_ALLOC_SIZE(1000), set));
    CPU_FREE(set);
}

static int cleaned;
static void clean(void *number) { cleaned = cleaned * 10 + (int)(intptr_t)number; }
static void *end_by_exit(void *unused)
{
    pthread_cleanup_push(clean, (void *)1);
    pthread_cleanup_push(clean, (void *)2);
    pthread_exit((void *)77);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}
static void *end_by_cancel(void *ready)
{
    pthread_cleanup_push(clean, (void *)3);
    pthread_cleanup_push(clean, (void *)4);
    pthread_cleanup_pop(1);
    sem_post(ready);
    for (;;)
        pause();
    pthread_cleanup_pop(0);
    return NULL;
}

static void set_once(void) { printf("once\n"); }

void check_threads(void)
{
    mutexes();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, count, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    printf("counter %d\n", counter);
    clocks();
    pthread_once(&once, set_once);
    pthread_once(&once, set_once);
    pthread_key_create(&keys[0], destroy);
    pthread_key_create(&keys[1], destroy);
    pthread_setspecific(keys[0], (void *)5);
    pthread_create(&threads[0], NULL, use_keys, NULL);
    pthread_join(threads[0], NULL);
    printf("destroyed %d mine %ld\n", destroyed, (long)pthread_getspecific(keys[0]));
    pthread_key_delete(keys[0]);
    pthread_key_create(&keys[0], NULL);
    printf("new key %d\n", pthread_getspecific(keys[0]) == NULL);
    attributes();
    void *result;
    pthread_create(&threads[0], NULL, end_by_exit, NULL);
    pthread_join(threads[0], &result);
    printf("exit %ld cleaned %d", (long)result, cleaned);
    sem_t ready;
    sem_init(&ready, 0, 0);
    pthread_create(&threads[0], NULL, end_by_cancel, &ready);
    sem_wait(&ready);
    pthread_cancel(threads[0]);
    pthread_join(threads[0], &result);
    printf(" cancelled %d cleaned %d\n", result == PTHREAD_CANCELED, cleaned);
    mtx_t mutex;
    tss_t key;
    printf("c11 %d", mtx_init(&mutex, mtx_recursive));
    printf(" %d", mtx_lock(&mutex));
    printf(" %d", mtx_trylock(&mutex));
    printf(" %d", tss_create(&key, NULL));
    printf(" %d", tss_set(key, &key));
    printf(" %d\n", tss_get(key) == &key);
}
