/* What belongs to a thread: 1024 keys, as in glibc (musl has 128), and the destructors of C++'s thread_local objects.
 *
 * All of it hangs on one key of musl's, whose destructor runs what glibc runs when a thread ends, in glibc's order. */
#include "gnu.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEYS = 1024,
    BLOCK = 32,
    /* PTHREAD_DESTRUCTOR_ITERATIONS */
    ROUNDS = 4,
};

/* An even number: the key is free.  Each creation and deletion adds one, so values of a deleted key are known as such. */
static struct {
    uintptr_t generation;
    void (*destructor)(void *);
} keys[KEYS];

struct value {
    uintptr_t generation;
    void *data;
};

struct at_exit {
    void (*function)(void *);
    void *object;
    struct at_exit *next;
};

static _Thread_local struct value *values;
static _Thread_local size_t value_count;
static _Thread_local struct at_exit *at_exit_list;

static pthread_key_t end_key;
static int end_key_error;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void run_at_exit(void)
{
    while (at_exit_list) {
        struct at_exit *entry = at_exit_list;
        at_exit_list = entry->next;
        entry->function(entry->object);
        free(entry);
    }
}

static int run_destructors(void)
{
    int ran = 0;
    for (size_t i = 0; i < value_count; i++) {
        struct value value = values[i];
        uintptr_t generation = __atomic_load_n(&keys[i].generation, __ATOMIC_ACQUIRE);
        if (!value.data || value.generation != generation)
            continue;
        values[i].data = NULL;
        void (*destructor)(void *) = keys[i].destructor;
        if (destructor) {
            destructor(value.data);
            ran = 1;
        }
    }
    return ran;
}

static void thread_ends(void *unused)
{
    run_at_exit();
    for (int i = 0; i < ROUNDS && run_destructors(); i++)
        ;
    free(values);
    values = NULL;
    value_count = 0;
}

static void make_end_key(void)
{
    end_key_error = pthread_key_create(&end_key, thread_ends);
    atexit(run_at_exit);
}

/* Have the end of this thread run what is kept for it. */
static int watch_end(void)
{
    pthread_once(&once, make_end_key);
    return end_key_error ? end_key_error : pthread_setspecific(end_key, &end_key);
}

int GNU(pthread_key_create)(pthread_key_t *to, void (*destructor)(void *))
{
    for (unsigned i = 0; i < KEYS; i++) {
        uintptr_t generation = __atomic_load_n(&keys[i].generation, __ATOMIC_RELAXED);
        if (generation % 2 == 0
            && __atomic_compare_exchange_n(
                &keys[i].generation, &generation, generation + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            keys[i].destructor = destructor;
            *to = i;
            return 0;
        }
    }
    return EAGAIN;
}

int GNU(pthread_key_delete)(pthread_key_t key)
{
    if (key >= KEYS)
        return EINVAL;
    uintptr_t generation = __atomic_load_n(&keys[key].generation, __ATOMIC_RELAXED);
    if (generation % 2 == 1
        && __atomic_compare_exchange_n(
            &keys[key].generation, &generation, generation + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return 0;
    return EINVAL;
}

void *GNU(pthread_getspecific)(pthread_key_t key)
{
    if (key >= value_count)
        return NULL;
    struct value *value = &values[key];
    return value->generation == __atomic_load_n(&keys[key].generation, __ATOMIC_RELAXED) ? value->data : NULL;
}

int GNU(pthread_setspecific)(pthread_key_t key, const void *data)
{
    uintptr_t generation = key < KEYS ? __atomic_load_n(&keys[key].generation, __ATOMIC_RELAXED) : 0;
    if (generation % 2 == 0)
        return EINVAL;
    if (key >= value_count) {
        if (!data)
            return 0;
        size_t count = (key / BLOCK + 1) * BLOCK;
        struct value *larger = realloc(values, count * sizeof *larger);
        if (!larger)
            return ENOMEM;
        memset(larger + value_count, 0, (count - value_count) * sizeof *larger);
        values = larger;
        value_count = count;
        int error = watch_end();
        if (error)
            return error;
    }
    values[key] = (struct value){generation, (void *)data};
    return 0;
}

SAME(__pthread_key_create, castiron_gnu_pthread_key_create);
SAME(__pthread_key_delete, castiron_gnu_pthread_key_delete);
SAME(__pthread_getspecific, castiron_gnu_pthread_getspecific);
SAME(__pthread_setspecific, castiron_gnu_pthread_setspecific);

/* C11's names. */
int GNU(tss_create)(pthread_key_t *to, void (*destructor)(void *))
{
    return GNU(pthread_key_create)(to, destructor) == 0 ? 0 : 2; /* thrd_error */
}

int GNU(tss_set)(pthread_key_t key, void *data) { return GNU(pthread_setspecific)(key, data) == 0 ? 0 : 2; }
void GNU(tss_delete)(pthread_key_t key) { GNU(pthread_key_delete)(key); }
SAME(tss_get, castiron_gnu_pthread_getspecific);

/* Itanium C++ ABI, thread_local objects: destructors run when the thread ends, the last object's first.  `dso` is of no use:
 * nothing is ever unloaded. */
int GNU(__cxa_thread_atexit_impl)(void (*function)(void *), void *object, void *dso)
{
    struct at_exit *entry = malloc(sizeof *entry);
    if (!entry || watch_end())
        castiron_gnu_fatal("failed to register a destructor of a thread's object: out of memory");
    *entry = (struct at_exit){function, object, at_exit_list};
    at_exit_list = entry;
    return 0;
}

/* exit() first runs the destructors of the calling thread's objects, then those of static ones.  musl's does not know the
 * former, so they stand in the list before every function that an image adds while there are any. */
int __cxa_atexit(void (*function)(void *), void *object, void *dso);

int GNU(__cxa_atexit)(void (*function)(void *), void *object, void *dso)
{
    int result = __cxa_atexit(function, object, dso);
    if (result == 0 && at_exit_list)
        atexit(run_at_exit);
    return result;
}

void GNU(__call_tls_dtors)(void) { run_at_exit(); }
