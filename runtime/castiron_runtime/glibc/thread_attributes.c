/* Attributes of threads that musl does not have: the processors a thread may run on, and its signal mask.
 *
 * musl's attributes end at offset 40 of 56; a pointer to what is ours is kept there.  The new thread sets both before it
 * runs the function that it was made for. */
#include "gnu.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct extras {
    size_t size; /* bytes of `processors`; 0 if there are none */
    cpu_set_t *processors;
    int has_mask;
    sigset_t mask;
};

enum { PLACE = 40 };
_Static_assert(sizeof(pthread_attr_t) == 56, "glibc's attributes have 56 bytes");

static struct extras **extras_of(const pthread_attr_t *attributes) { return (struct extras **)((char *)attributes + PLACE); }

static struct extras *make_extras(pthread_attr_t *attributes)
{
    struct extras **place = extras_of(attributes);
    if (!*place)
        *place = calloc(1, sizeof **place);
    return *place;
}

int GNU(pthread_attr_destroy)(pthread_attr_t *attributes)
{
    struct extras **place = extras_of(attributes);
    if (*place) {
        free((*place)->processors);
        free(*place);
        *place = NULL;
    }
    return pthread_attr_destroy(attributes);
}

int GNU(pthread_attr_setaffinity_np)(pthread_attr_t *attributes, size_t size, const cpu_set_t *processors)
{
    if (size == 0 || !processors) {
        struct extras *extras = *extras_of(attributes);
        if (extras) {
            free(extras->processors);
            extras->processors = NULL;
            extras->size = 0;
        }
        return 0;
    }
    struct extras *extras = make_extras(attributes);
    cpu_set_t *copy = extras ? malloc(size) : NULL;
    if (!copy)
        return ENOMEM;
    memcpy(copy, processors, size);
    free(extras->processors);
    extras->processors = copy;
    extras->size = size;
    return 0;
}

int GNU(pthread_attr_getaffinity_np)(const pthread_attr_t *attributes, size_t size, cpu_set_t *to)
{
    const struct extras *extras = *extras_of(attributes);
    if (!extras || extras->size == 0) {
        memset(to, 0xff, size);
        return 0;
    }
    for (size_t i = size; i < extras->size; i++)
        if (((char *)extras->processors)[i])
            return EINVAL;
    size_t common = size < extras->size ? size : extras->size;
    memcpy(to, extras->processors, common);
    memset((char *)to + common, 0, size - common);
    return 0;
}

int GNU(pthread_attr_setsigmask_np)(pthread_attr_t *attributes, const sigset_t *mask)
{
    struct extras *extras = mask ? make_extras(attributes) : *extras_of(attributes);
    if (!extras)
        return mask ? ENOMEM : 0;
    extras->has_mask = mask != NULL;
    if (mask)
        extras->mask = *mask;
    return 0;
}

int GNU(pthread_attr_getsigmask_np)(const pthread_attr_t *attributes, sigset_t *to)
{
    const struct extras *extras = *extras_of(attributes);
    if (extras && extras->has_mask) {
        *to = extras->mask;
        return 0;
    }
    sigemptyset(to);
    return -1; /* PTHREAD_ATTR_NO_SIGMASK_NP */
}

struct start {
    const struct extras *extras;
    void *(*function)(void *);
    void *argument;
    sem_t done;
    int error;
};

static void *begin(void *data)
{
    struct start *start = data;
    void *(*function)(void *) = start->function;
    void *argument = start->argument;
    const struct extras *extras = start->extras;
    int error = extras->size ? pthread_setaffinity_np(pthread_self(), extras->size, extras->processors) : 0;
    if (!error && extras->has_mask)
        pthread_sigmask(SIG_SETMASK, &extras->mask, NULL);
    start->error = error;
    sem_post(&start->done); /* from here on `start` belongs to the creator alone */
    return error ? NULL : function(argument);
}

int GNU(pthread_create)(
    pthread_t *to, const pthread_attr_t *attributes, void *(*function)(void *), void *argument)
{
    const struct extras *extras = attributes ? *extras_of(attributes) : NULL;
    if (!extras || (extras->size == 0 && !extras->has_mask))
        return pthread_create(to, attributes, function, argument);
    struct start start = {.extras = extras, .function = function, .argument = argument};
    int detached;
    pthread_attr_getdetachstate(attributes, &detached);
    if (sem_init(&start.done, 0, 0))
        return errno;
    int error = pthread_create(to, attributes, begin, &start);
    if (!error) {
        while (sem_wait(&start.done))
            ;
        error = start.error;
        if (error && detached == PTHREAD_CREATE_JOINABLE)
            pthread_join(*to, NULL);
    }
    sem_destroy(&start.done);
    return error;
}

/* Replaced by one function for place and size in POSIX; glibc keeps them. */
int GNU(pthread_attr_setstackaddr)(pthread_attr_t *attributes, void *end)
{
    UNSUPPORTED("pthread_attr_setstackaddr", "a stack needs its size, too: use pthread_attr_setstack; it fails");
    return ENOTSUP;
}

int GNU(pthread_attr_getstackaddr)(const pthread_attr_t *attributes, void **end)
{
    void *start;
    size_t size;
    int error = pthread_attr_getstack(attributes, &start, &size);
    *end = error ? NULL : (char *)start + size;
    return 0;
}

int GNU(pthread_sigqueue)(pthread_t thread, int number, const union sigval value)
{
    UNSUPPORTED("pthread_sigqueue", "the C library of this binary cannot queue a signal to a thread; it fails");
    return ENOSYS;
}
