/* Random numbers: the kernel's (glibc 2.36), the program's, and generators whose state is the caller's.  A seed gives the
 * numbers that it gives with glibc. */
#include "gnu.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

void GNU(arc4random_buf)(void *to, size_t n)
{
    for (char *at = to; n > 0;) {
        ssize_t got = getrandom(at, n > 256 ? 256 : n, 0);
        if (got > 0) {
            at += got;
            n -= (size_t)got;
        } else if (errno != EINTR) {
            castiron_gnu_fatal("the kernel gives no random bytes");
        }
    }
}

uint32_t GNU(arc4random)(void)
{
    uint32_t value;
    GNU(arc4random_buf)(&value, sizeof value);
    return value;
}

uint32_t GNU(arc4random_uniform)(uint32_t limit)
{
    if (limit < 2)
        return 0;
    /* Below this the last, incomplete run of `limit` numbers would make some likelier. */
    uint32_t least = -limit % limit, value;
    do
        value = GNU(arc4random)();
    while (value < least);
    return value % limit;
}

/* random_r: an additive lagged Fibonacci generator x[i] = x[i-3] + x[i-31] (and shorter ones), seeded by Park and Miller's
 * minimal standard generator; the numbers are glibc's.  Layout: stdlib.h, struct random_data. */
struct gnu_random {
    int32_t *front, *rear, *state;
    int type, degree, separation;
    int32_t *end;
};

static const struct {
    int degree, separation;
    size_t bytes;
} kinds[] = {{0, 0, 8}, {7, 3, 32}, {15, 1, 64}, {31, 3, 128}, {63, 1, 256}};

int GNU(random_r)(struct gnu_random *data, int32_t *to)
{
    if (!data || !to) {
        errno = EINVAL;
        return -1;
    }
    if (data->type == 0) {
        uint32_t value = (uint32_t)data->state[0] * 1103515245u + 12345u;
        *to = data->state[0] = (int32_t)(value & 0x7fffffff);
        return 0;
    }
    uint32_t value = (uint32_t)*data->front + (uint32_t)*data->rear;
    *data->front = (int32_t)value;
    *to = (int32_t)(value >> 1);
    if (++data->front >= data->end)
        data->front = data->state;
    if (++data->rear >= data->end)
        data->rear = data->state;
    return 0;
}

int GNU(srandom_r)(unsigned seed, struct gnu_random *data)
{
    if (!data || data->type < 0 || data->type > 4)
        return -1;
    int32_t word = seed == 0 ? 1 : (int32_t)seed;
    data->state[0] = word;
    if (data->type == 0)
        return 0;
    for (int i = 1; i < data->degree; i++) {
        /* 16807 * word modulo 2^31 - 1, without overflow (Schrage). */
        long quotient = word / 127773, rest = word % 127773;
        word = (int32_t)(16807 * rest - 2836 * quotient);
        if (word < 0)
            word += 2147483647;
        data->state[i] = word;
    }
    data->front = &data->state[data->separation];
    data->rear = data->state;
    for (int i = 0; i < 10 * data->degree; i++) {
        int32_t discarded;
        GNU(random_r)(data, &discarded);
    }
    return 0;
}

/* The word before the state holds which kind it is, and where its rear pointer stood. */
static void keep(struct gnu_random *data)
{
    data->state[-1] = data->type == 0 ? 0 : (int32_t)(5 * (data->rear - data->state)) + data->type;
}

int GNU(initstate_r)(unsigned seed, char *memory, size_t size, struct gnu_random *data)
{
    if (!data || size < kinds[0].bytes) {
        errno = EINVAL;
        return -1;
    }
    if (data->state)
        keep(data);
    int type = 4;
    while (size < kinds[type].bytes)
        type--;
    data->type = type;
    data->degree = kinds[type].degree;
    data->separation = kinds[type].separation;
    data->state = (int32_t *)memory + 1;
    data->end = data->state + data->degree;
    GNU(srandom_r)(seed, data);
    keep(data);
    return 0;
}

int GNU(setstate_r)(char *memory, struct gnu_random *data)
{
    int32_t *state = (int32_t *)memory + 1;
    if (!data || !memory || state[-1] < 0 || state[-1] % 5 > 4) {
        errno = EINVAL;
        return -1;
    }
    if (data->state)
        keep(data);
    int type = state[-1] % 5, rear = state[-1] / 5;
    data->type = type;
    data->degree = kinds[type].degree;
    data->separation = kinds[type].separation;
    if (type != 0) {
        if (rear >= data->degree) {
            errno = EINVAL;
            return -1;
        }
        data->rear = &state[rear];
        data->front = &state[(rear + data->separation) % data->degree];
    }
    data->state = state;
    data->end = state + data->degree;
    return 0;
}

/* The generator that the program has one of, seeded with 1; threads may share it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int32_t memory_of_shared[32];
static struct gnu_random shared;

static void lock_shared(void)
{
    pthread_mutex_lock(&lock);
    if (!shared.state)
        GNU(initstate_r)(1, (char *)memory_of_shared, sizeof memory_of_shared, &shared);
}

long GNU(random)(void)
{
    int32_t value;
    lock_shared();
    GNU(random_r)(&shared, &value);
    pthread_mutex_unlock(&lock);
    return value;
}

void GNU(srandom)(unsigned seed)
{
    lock_shared();
    GNU(srandom_r)(seed, &shared);
    pthread_mutex_unlock(&lock);
}

char *GNU(initstate)(unsigned seed, char *memory, size_t size)
{
    lock_shared();
    char *before = (char *)(shared.state - 1);
    int failed = GNU(initstate_r)(seed, memory, size, &shared);
    pthread_mutex_unlock(&lock);
    return failed ? NULL : before;
}

char *GNU(setstate)(char *memory)
{
    lock_shared();
    char *before = (char *)(shared.state - 1);
    int failed = GNU(setstate_r)(memory, &shared);
    pthread_mutex_unlock(&lock);
    return failed ? NULL : before;
}

int GNU(rand)(void) { return (int)GNU(random)(); }
SAME(srand, castiron_gnu_srandom);

/* 11, 10 and 10 bits of three numbers of the generator that C's standard shows (C11 7.22.2.2). */
int GNU(rand_r)(unsigned *seed)
{
    unsigned value = 0;
    for (int i = 0; i < 3; i++) {
        *seed = *seed * 1103515245u + 12345u;
        value = i == 0 ? *seed / 65536 % 2048 : value << 10 ^ *seed / 65536 % 1024;
    }
    return (int)value;
}

/* drand48_r and its kin (stdlib.h, struct drand48_data): a linear congruence modulo 2^48, all as in POSIX. */
struct gnu_drand48 {
    unsigned short state[3], old[3], addend, is_set;
    unsigned long long factor;
};

static void step(unsigned short state[3], struct gnu_drand48 *data)
{
    if (!data->is_set) {
        data->factor = 0x5deece66dull;
        data->addend = 0xb;
        data->is_set = 1;
    }
    uint64_t value = (uint64_t)state[2] << 32 | (uint32_t)state[1] << 16 | state[0];
    value = value * data->factor + data->addend;
    state[0] = (unsigned short)value;
    state[1] = (unsigned short)(value >> 16);
    state[2] = (unsigned short)(value >> 32);
}

int GNU(erand48_r)(unsigned short state[3], struct gnu_drand48 *data, double *to)
{
    step(state, data);
    uint64_t value = (uint64_t)state[2] << 32 | (uint32_t)state[1] << 16 | state[0];
    *to = (double)value * 0x1p-48;
    return 0;
}

int GNU(nrand48_r)(unsigned short state[3], struct gnu_drand48 *data, long *to)
{
    step(state, data);
    *to = (long)(state[2] << 15 | state[1] >> 1);
    return 0;
}

int GNU(jrand48_r)(unsigned short state[3], struct gnu_drand48 *data, long *to)
{
    step(state, data);
    *to = (int32_t)((uint32_t)state[2] << 16 | state[1]);
    return 0;
}

int GNU(drand48_r)(struct gnu_drand48 *data, double *to) { return GNU(erand48_r)(data->state, data, to); }
int GNU(lrand48_r)(struct gnu_drand48 *data, long *to) { return GNU(nrand48_r)(data->state, data, to); }
int GNU(mrand48_r)(struct gnu_drand48 *data, long *to) { return GNU(jrand48_r)(data->state, data, to); }

int GNU(srand48_r)(long seed, struct gnu_drand48 *data)
{
    data->state[2] = (unsigned short)(seed >> 16);
    data->state[1] = (unsigned short)seed;
    data->state[0] = 0x330e;
    data->factor = 0x5deece66dull;
    data->addend = 0xb;
    data->is_set = 1;
    return 0;
}

int GNU(seed48_r)(unsigned short seed[3], struct gnu_drand48 *data)
{
    for (int i = 0; i < 3; i++) {
        data->old[i] = data->state[i];
        data->state[i] = seed[i];
    }
    data->factor = 0x5deece66dull;
    data->addend = 0xb;
    data->is_set = 1;
    return 0;
}

int GNU(lcong48_r)(unsigned short values[7], struct gnu_drand48 *data)
{
    for (int i = 0; i < 3; i++)
        data->state[i] = values[i];
    data->factor = (uint64_t)values[5] << 32 | (uint32_t)values[4] << 16 | values[3];
    data->addend = values[6];
    data->is_set = 1;
    return 0;
}
