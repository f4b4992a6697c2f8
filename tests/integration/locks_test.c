/* Mutexes and conditions as libc/locks.c has them: alone, when a second thread comes while one is held, and between threads. */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(fact) \
    do { \
        if (!(fact)) { \
            printf("line %d: not so: %s\n", __LINE__, #fact); \
            exit(1); \
        } \
    } while (0)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER, all = PTHREAD_COND_INITIALIZER;

static void one_of_type(int type, int second, int third)
{
    pthread_mutex_t one;
    pthread_mutexattr_t attributes;
    CHECK(pthread_mutexattr_init(&attributes) == 0 && pthread_mutexattr_settype(&attributes, type) == 0);
    CHECK(pthread_mutex_init(&one, &attributes) == 0);
    CHECK(pthread_mutex_lock(&one) == 0);
    CHECK((type == PTHREAD_MUTEX_NORMAL ? pthread_mutex_trylock(&one) : pthread_mutex_lock(&one)) == second);
    CHECK(pthread_mutex_unlock(&one) == 0);
    if (type != PTHREAD_MUTEX_NORMAL)
        CHECK(pthread_mutex_unlock(&one) == third);
    CHECK(pthread_mutex_trylock(&one) == 0);
    CHECK(pthread_mutex_unlock(&one) == 0);
    CHECK(pthread_mutex_destroy(&one) == 0);
}

static void all_types(void)
{
    one_of_type(PTHREAD_MUTEX_NORMAL, EBUSY, 0);
    one_of_type(PTHREAD_MUTEX_RECURSIVE, 0, 0);
    one_of_type(PTHREAD_MUTEX_ERRORCHECK, EDEADLK, EPERM);
    CHECK(pthread_cond_signal(&condition) == 0 && pthread_cond_broadcast(&condition) == 0);
}

/* One that processes share: a child waits for the parent, which has one thread. */
static void between_processes(void)
{
    struct shared {
        pthread_mutex_t mutex;
        pthread_cond_t condition;
        bool told, heard;
    } *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attributes;
    pthread_condattr_t others;
    CHECK(shared != MAP_FAILED && pthread_mutexattr_init(&attributes) == 0 && pthread_condattr_init(&others) == 0);
    CHECK(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
    CHECK(pthread_condattr_setpshared(&others, PTHREAD_PROCESS_SHARED) == 0);
    CHECK(pthread_mutex_init(&shared->mutex, &attributes) == 0 && pthread_cond_init(&shared->condition, &others) == 0);
    CHECK(pthread_mutex_lock(&shared->mutex) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        pthread_mutex_lock(&shared->mutex);
        shared->heard = true;
        pthread_cond_signal(&shared->condition);
        while (!shared->told)
            pthread_cond_wait(&shared->condition, &shared->mutex);
        pthread_mutex_unlock(&shared->mutex);
        _exit(7);
    }
    while (!shared->heard)
        CHECK(pthread_cond_wait(&shared->condition, &shared->mutex) == 0);
    shared->told = true;
    CHECK(pthread_cond_broadcast(&shared->condition) == 0 && pthread_mutex_unlock(&shared->mutex) == 0);
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

enum { THREADS = 4, TURNS = 20000 };
static int turn, waiting, sum;
static bool go;

/* The threads take turns: each waits until it is its own, and counts without any atomic operation. */
static void *take_turns(void *number)
{
    const int own = (int)(size_t)number;
    pthread_mutex_lock(&mutex);
    waiting++;
    pthread_cond_signal(&condition);
    while (!go)
        pthread_cond_wait(&all, &mutex);
    for (int i = 0; i < TURNS; i++) {
        while (turn % THREADS != own)
            pthread_cond_wait(&all, &mutex);
        sum++, turn++;
        pthread_cond_broadcast(&all);
        pthread_mutex_unlock(&mutex);
        pthread_mutex_lock(&mutex);
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

int main(void)
{
    all_types();
    between_processes();
    CHECK(pthread_mutex_lock(&mutex) == 0); /* while there is one thread, and unlocked when there are several */
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, take_turns, (void *)i) == 0);
    usleep(20000);
    CHECK(waiting == 0 && pthread_mutex_trylock(&mutex) == EBUSY);
    while (waiting < THREADS)
        CHECK(pthread_cond_wait(&condition, &mutex) == 0);
    go = true;
    CHECK(pthread_cond_broadcast(&all) == 0 && pthread_mutex_unlock(&mutex) == 0);
    for (size_t i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    printf("%d turns\n", sum);
    all_types();
    return 0;
}
