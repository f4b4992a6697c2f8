/* Threads on stacks that others had before: each finds its thread-local storage as new, nobody writes to its stack but itself,
 * and guards stay.  Linked with libc/thread_stacks.c, where three functions are called that stand here, counting and slow. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition)                                                                                               \
    do                                                                                                                 \
        if (!(condition)) {                                                                                            \
            printf("line %d: %s\n", __LINE__, #condition);                                                             \
            fflush(stdout);                                                                                            \
            _exit(1);                                                                                                  \
        }                                                                                                              \
    while (0)

enum { MAPPED, UNMAPPED, KINDS };
static int calls[KINDS];
static pthread_key_t key;
static sem_t ended;
static _Thread_local unsigned char zeros[3000];
static _Thread_local int initialised = 7;


void *counting_mmap(void *start, size_t size, int protection, int flags, int descriptor, off_t offset)
{
    __atomic_fetch_add(&calls[MAPPED], protection == PROT_NONE, __ATOMIC_RELAXED);
    return mmap(start, size, protection, flags, descriptor, offset);
}

int counting_munmap(void *start, size_t size)
{
    __atomic_fetch_add(&calls[UNMAPPED], 1, __ATOMIC_RELAXED);
    return munmap(start, size);
}

/* The end of a detached thread that gave its stack away: it takes its time, and still writes to it. */
long slow_syscall(long number, long status)
{
    volatile unsigned char own[1500];
    for (int turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < sizeof(own); i++)
            own[i] = 0xEE;
        zeros[turn] = 0xEE;
        sched_yield();
    }
    return syscall(number, status);
}

static void as_new(void)
{
    for (size_t i = 0; i < sizeof(zeros); i++)
        CHECK(zeros[i] == 0);
    CHECK(initialised == 7 && pthread_getspecific(key) == NULL);
    memset(zeros, 0xA5, sizeof(zeros));
    initialised = 8;
    CHECK(pthread_setspecific(key, zeros) == 0);
}

static void own_stack(unsigned size, unsigned mark)
{
    volatile unsigned char own[size];
    for (unsigned i = 0; i < size; i++)
        own[i] = (unsigned char)(mark + i);
    for (int turn = 0; turn < 3; turn++) {
        sched_yield();
        for (unsigned i = 0; i < size; i++)
            CHECK(own[i] == (unsigned char)(mark + i));
    }
}

static void *body(void *argument)
{
    uintptr_t mark = (uintptr_t)argument;
    as_new();
    own_stack(mark % 7 ? 2000 : 12000, (unsigned)mark);
    if (mark % 3 == 0)
        pthread_exit(argument);
    return argument;
}

static void deep(unsigned size)
{
    volatile unsigned char own[size];
    for (unsigned i = 0; i < size; i += 512)
        own[i] = 1;
    sem_post(&ended);
    pthread_exit(NULL);
}

static void *detached(void *argument)
{
    body((void *)((uintptr_t)argument * 3 + 1));
    if ((uintptr_t)argument % 5 == 0)
        deep(100 << 10);
    sem_post(&ended);
    return NULL;
}

static void started(const pthread_attr_t *attributes, unsigned mark)
{
    pthread_t thread;
    void *result;
    CHECK(pthread_create(&thread, attributes, body, (void *)(uintptr_t)mark) == 0);
    CHECK(pthread_join(thread, &result) == 0 && result == (void *)(uintptr_t)mark);
}

static void many(unsigned count, unsigned rounds)
{
    pthread_t threads[count];
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < count; i++)
            CHECK(pthread_create(&threads[i], NULL, body, (void *)(uintptr_t)i) == 0);
        for (unsigned i = 0; i < count; i++)
            CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

static void detached_ones(unsigned count)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (unsigned i = 0; i < count; i++) {
        CHECK(pthread_create(&thread, &attributes, detached, (void *)(uintptr_t)i) == 0);
        if (i % 4 == 3)
            for (int j = 0; j < 4; j++)
                while (sem_wait(&ended))
                    ;
    }
}

static void *starts_others(void *argument)
{
    for (unsigned i = 0; i < 300; i++)
        started(NULL, i);
    return argument;
}

static int status_of(pid_t child)
{
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    return status;
}

static void *forks(void *argument)
{
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0) {
            for (unsigned j = 0; j < 20; j++)
                started(NULL, j);
            many(6, 2);
            detached_ones(8);
            _exit(0);
        }
        CHECK(status_of(child) == 0);
    }
    return argument;
}

/* Writes below its stack; in a child, which must not survive it. */
static void *beyond(void *argument)
{
    pthread_attr_t attributes;
    void *start;
    size_t size;
    CHECK(pthread_getattr_np(pthread_self(), &attributes) == 0 && pthread_attr_getstack(&attributes, &start, &size) == 0);
    *(volatile unsigned char *)start = 1;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        ((volatile unsigned char *)start)[-1] = 1;
        _exit(0);
    }
    CHECK(WIFSIGNALED(status_of(child)));
    return argument;
}

static void at_once(void *(*function)(void *), unsigned count)
{
    pthread_t threads[count];
    for (unsigned i = 0; i < count; i++)
        CHECK(pthread_create(&threads[i], NULL, function, NULL) == 0);
    for (unsigned i = 0; i < count; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

static void with_attributes(size_t size, size_t guard, void *(*function)(void *))
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    CHECK(pthread_attr_setstacksize(&attributes, size) == 0 && pthread_attr_setguardsize(&attributes, guard) == 0);
    CHECK(pthread_create(&thread, &attributes, function, NULL) == 0 && pthread_join(thread, NULL) == 0);
}

static void with_sizes(void)
{
    for (int i = 0; i < 50; i++) {
        with_attributes((32 << 10) << i % 4, 8 << 10, body);
        with_attributes(96 << 10, 0, body);
        /* Of the same size, but for the guard. */
        with_attributes(120 << 10, 8 << 10, beyond);
        with_attributes(112 << 10, 16 << 10, beyond);
    }
    int before = calls[MAPPED];
    for (int i = 0; i < 50; i++)
        with_attributes(30 << 20, 8 << 10, body);
    for (int i = 0; i < 50; i++)
        with_attributes(20 << 20, 8 << 10, body);
    CHECK(calls[MAPPED] == before + 2);
    pthread_attr_t attributes;
    static unsigned char own[1 << 18] __attribute__((aligned(4096)));
    pthread_attr_init(&attributes);
    CHECK(pthread_attr_setstack(&attributes, own, sizeof(own)) == 0);
    for (unsigned i = 0; i < 20; i++)
        started(&attributes, i);
}

static void *waits(void *semaphore)
{
    while (sem_wait(semaphore))
        ;
    return NULL;
}

/* As many threads as stacks are kept; a child has none of them, and keeps its own. */
static void child_of_many(void)
{
    enum { COUNT = 32 };
    pthread_t threads[COUNT];
    sem_t go;
    CHECK(sem_init(&go, 0, 0) == 0);
    for (int i = 0; i < COUNT; i++)
        CHECK(pthread_create(&threads[i], NULL, waits, &go) == 0);
    pid_t child = fork();
    if (child == 0) {
        int before = calls[MAPPED];
        for (unsigned i = 0; i < 50; i++)
            started(NULL, i);
        CHECK(calls[MAPPED] <= before + 1);
        _exit(0);
    }
    CHECK(status_of(child) == 0);
    for (int i = 0; i < COUNT; i++)
        sem_post(&go);
    for (int i = 0; i < COUNT; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

int main(void)
{
    CHECK(pthread_key_create(&key, NULL) == 0 && sem_init(&ended, 0, 0) == 0);
    for (unsigned i = 0; i < 2000; i++)
        started(NULL, i);
    printf("%d mapped, %d unmapped\n", calls[MAPPED], calls[UNMAPPED]);
    detached_ones(2000);
    many(40, 20);
    at_once(starts_others, 4);
    at_once(beyond, 3);
    at_once(forks, 2);
    with_sizes();
    child_of_many();
    many(3, 50);
}
