/* Stacks of threads that ended, for threads that start.
 *
 * musl maps a stack for each thread and unmaps it afterwards; glibc keeps them, and so do we, by taking the place of the
 * functions by which pthread_create and what ends a thread do that.  A thread that starts calls, in this order and from
 * pthread_create alone, __mmap (PROT_NONE), __mprotect (all but the guard) and __copy_tls; its end calls __munmap
 * (pthread_join) or __unmapself (of a detached thread, by itself).  Source: musl 1.2.5, src/thread/pthread_create.c and
 * pthread_join.c.  Stacks without a guard, and such as the program brings, are not kept.
 *
 * Nobody may write to a stack any more when it is taken.  Until the kernel has ended a thread, it holds musl's lock of the
 * list of threads, which the kernel clears as the last it does (CLONE_CHILD_CLEARTID): pthread_join waits for that, and we
 * do for detached threads, which leave their stack to others while they still stand on it.
 *
 * No lock of ours: slots change hands by one atomic operation, so that a child of fork() has a table that is right.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libc/threads.h"

enum { SLOTS = 32, MOST_KEPT = 40 << 20 /* bytes of address space, as glibc */, LEFT_RESIDENT = 64 << 10 /* bytes */ };

enum state { EMPTY, CHANGING /* in the hands of one thread */, IN_USE, FREE };

static struct stack {
    enum state state;
    unsigned char *start; /* of the guard */
    size_t size, guard;   /* bytes; all, and what is not accessible */
} stacks[SLOTS];

static size_t kept; /* bytes of the stacks that are free */

static bool any; /* a thread was started */

/* What pthread_create of this thread is about to use. */
static _Thread_local struct stack *starting;
static _Thread_local bool used_before;

void *__real___mmap(void *start, size_t size, int protection, int flags, int descriptor, off_t offset);
int __real___mprotect(void *start, size_t size, int protection);
int __real___munmap(void *start, size_t size);
_Noreturn void __real___unmapself(void *start, size_t size);
void *__real___copy_tls(unsigned char *memory);
pid_t __real__Fork(void);
void __tl_sync(pthread_t thread); /* waits until nobody holds the list of threads who does now */

static bool change(struct stack *stack, enum state from, enum state to)
{
    enum state expected = from;
    return __atomic_load_n(&stack->state, __ATOMIC_RELAXED) == from
           && __atomic_compare_exchange_n(&stack->state, &expected, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static void set(struct stack *stack, enum state state)
{
    __atomic_store_n(&stack->state, state, __ATOMIC_RELEASE);
}

static struct stack *take_free(size_t size)
{
    for (struct stack *stack = stacks; stack < stacks + SLOTS; stack++)
        if (change(stack, FREE, CHANGING)) {
            if (stack->size == size) {
                __atomic_fetch_sub(&kept, size, __ATOMIC_RELAXED);
                return stack;
            }
            set(stack, FREE);
        }
    return NULL;
}

/* Unmaps a stack that is free; returns its slot. */
static struct stack *give_up_one(void)
{
    for (struct stack *stack = stacks; stack < stacks + SLOTS; stack++)
        if (change(stack, FREE, CHANGING)) {
            __atomic_fetch_sub(&kept, stack->size, __ATOMIC_RELAXED);
            __tl_sync(NULL);
            __real___munmap(stack->start, stack->size);
            return stack;
        }
    return NULL;
}

/* A slot for a stack of a size of which none is free: those that are, of other sizes, make room. */
static struct stack *take_empty(unsigned char *start, size_t size)
{
    struct stack *stack = stacks, *other;
    while (stack < stacks + SLOTS && !change(stack, EMPTY, CHANGING))
        stack++;
    if (stack == stacks + SLOTS)
        stack = give_up_one();
    if (stack == NULL)
        return NULL;
    while (__atomic_load_n(&kept, __ATOMIC_RELAXED) + size > MOST_KEPT && (other = give_up_one()) != NULL)
        set(other, EMPTY);
    stack->start = start;
    stack->size = size;
    stack->guard = 0;
    return stack;
}

/* The stack in use that lies there, in the hands of the caller. */
static struct stack *take_in_use(const unsigned char *start, size_t size)
{
    for (struct stack *stack = stacks; stack < stacks + SLOTS; stack++)
        if (__atomic_load_n(&stack->state, __ATOMIC_ACQUIRE) == IN_USE && stack->start == start && stack->size == size
            && change(stack, IN_USE, CHANGING))
            return stack;
    return NULL;
}

/* Whether the stack is free for others now; else it is the caller's to unmap.  What is far from its beginning is given back
 * to the system, but not what this very thread may stand on. */
static bool keep(struct stack *stack)
{
    if (__atomic_add_fetch(&kept, stack->size, __ATOMIC_RELAXED) > MOST_KEPT) {
        __atomic_fetch_sub(&kept, stack->size, __ATOMIC_RELAXED);
        set(stack, EMPTY);
        return false;
    }
    unsigned char *from = stack->start + stack->guard, *to = stack->start + stack->size - LEFT_RESIDENT;
    unsigned char *here = (unsigned char *)((uintptr_t)__builtin_frame_address(0) & -(uintptr_t)CASTIRON_PAGE_SIZE);
    if (here >= stack->start && here - CASTIRON_PAGE_SIZE < to)
        to = here - CASTIRON_PAGE_SIZE;
    if (to > from && to < stack->start + stack->size)
        madvise(from, (size_t)(to - from), MADV_DONTNEED);
    set(stack, FREE);
    return true;
}

void *__wrap___mmap(void *start, size_t size, int protection, int flags, int descriptor, off_t offset)
{
    if (protection != PROT_NONE || start != NULL || flags != (MAP_PRIVATE | MAP_ANONYMOUS))
        return __real___mmap(start, size, protection, flags, descriptor, offset);
    __atomic_store_n(&any, true, __ATOMIC_RELAXED);
    struct stack *stack = take_free(size);
    used_before = stack != NULL;
    if (stack != NULL) {
        __tl_sync(NULL);
        starting = stack;
        return stack->start;
    }
    unsigned char *made = __real___mmap(start, size, protection, flags, descriptor, offset);
    starting = made == MAP_FAILED ? NULL : take_empty(made, size);
    return made;
}

int __wrap___mprotect(void *start, size_t size, int protection)
{
    struct stack *stack = starting;
    if (stack == NULL)
        return __real___mprotect(start, size, protection);
    size_t guard = (size_t)((unsigned char *)start - stack->start);
    int result = 0;
    if (!used_before || guard != stack->guard) {
        if (used_before)
            result = __real___mprotect(stack->start, stack->size, PROT_NONE);
        if (result == 0)
            result = __real___mprotect(start, size, protection);
    }
    if (result == 0) {
        stack->guard = guard;
        set(stack, IN_USE);
    } else {
        starting = NULL;
        set(stack, EMPTY);
    }
    return result;
}

/* At the end of a new stack lie the thread's descriptor, its thread-local variables and its keys' values: musl takes for granted
 * that a new stack is zero.  A function of its own, as the compiler reads thread-local variables early. */
static __attribute__((noinline)) void clear_end(unsigned char *memory)
{
    if (starting != NULL && used_before)
        memset(memory, 0, (size_t)(starting->start + starting->size - memory));
    starting = NULL;
}

bool several_threads;

/* The first call is for the first thread, which has no thread-local variables yet. */
void *__wrap___copy_tls(unsigned char *memory)
{
    static bool called;
    if (__atomic_exchange_n(&called, true, __ATOMIC_RELAXED))
        __atomic_store_n(&several_threads, true, __ATOMIC_RELAXED);
    if (__atomic_load_n(&any, __ATOMIC_RELAXED))
        clear_end(memory);
    return __real___copy_tls(memory);
}

int __wrap___munmap(void *start, size_t size)
{
    struct stack *stack = take_in_use(start, size);
    return stack != NULL && keep(stack) ? 0 : __real___munmap(start, size);
}

_Noreturn void __wrap___unmapself(void *start, size_t size)
{
    struct stack *stack = take_in_use(start, size);
    if (stack != NULL && keep(stack))
        for (;;)
            syscall(SYS_exit, 0);
    __real___unmapself(start, size);
}

/* In the child there is one thread.  musl does not know where the others' stacks are; so they are forgotten here, too. */
pid_t __wrap__Fork(void)
{
    pid_t child = __real__Fork();
    if (child == 0) {
        const unsigned char *here = __builtin_frame_address(0);
        for (struct stack *stack = stacks; stack < stacks + SLOTS; stack++)
            if (stack->state == CHANGING
                || (stack->state == IN_USE && (here < stack->start || here >= stack->start + stack->size)))
                set(stack, EMPTY);
    }
    return child;
}
