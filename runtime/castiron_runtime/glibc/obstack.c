/* Obstacks: stacks of objects in larger chunks.  glibc's macros (obstack.h) work on the structure, functions do the rest. */
#include "gnu.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
    char *limit;
    struct chunk *before;
    char contents[];
};

struct obstack {
    long chunk_size;
    struct chunk *chunk;
    char *object_base, *next_free, *chunk_limit;
    union {
        long number;
        void *pointer;
    } temporary;
    int alignment_mask;
    void *allocate, *release, *extra;
    unsigned use_extra : 1;
    unsigned maybe_empty_object : 1;
    unsigned allocation_failed : 1;
};
_Static_assert(sizeof(struct obstack) == 88, "glibc's struct obstack");

int GNU(obstack_exit_failure) = EXIT_FAILURE;

static _Noreturn void out_of_memory(void)
{
    fputs("memory exhausted\n", stderr);
    exit(GNU(obstack_exit_failure));
}

void (*GNU(obstack_alloc_failed_handler))(void) = out_of_memory;

static struct chunk *allocate(struct obstack *stack, long size)
{
    struct chunk *chunk = stack->use_extra ? ((void *(*)(void *, long))stack->allocate)(stack->extra, size)
                                           : ((void *(*)(long))stack->allocate)(size);
    if (!chunk)
        GNU(obstack_alloc_failed_handler)();
    return chunk;
}

static void release(struct obstack *stack, struct chunk *chunk)
{
    if (stack->use_extra)
        ((void (*)(void *, void *))stack->release)(stack->extra, chunk);
    else
        ((void (*)(void *))stack->release)(chunk);
}

static char *aligned(struct obstack *stack, struct chunk *chunk)
{
    uintptr_t mask = (unsigned)stack->alignment_mask;
    return (char *)(((uintptr_t)chunk->contents + mask) & ~mask);
}

static int begin(struct obstack *stack, int size, int alignment)
{
    /* A page less what malloc keeps for itself, as in glibc. */
    if (size == 0)
        size = 4096 - 32;
    if (alignment == 0)
        alignment = 16;
    stack->chunk_size = size;
    stack->alignment_mask = alignment - 1;
    struct chunk *chunk = stack->chunk = allocate(stack, size);
    stack->next_free = stack->object_base = aligned(stack, chunk);
    stack->chunk_limit = chunk->limit = (char *)chunk + size;
    chunk->before = NULL;
    stack->maybe_empty_object = 0;
    stack->allocation_failed = 0;
    return 1;
}

int GNU(_obstack_begin)(struct obstack *stack, int size, int alignment, void *(*allocate)(long), void (*release)(void *))
{
    stack->allocate = (void *)allocate;
    stack->release = (void *)release;
    stack->use_extra = 0;
    return begin(stack, size, alignment);
}

int GNU(_obstack_begin_1)(struct obstack *stack, int size, int alignment, void *(*allocate)(void *, long),
    void (*release)(void *, void *), void *extra)
{
    stack->allocate = (void *)allocate;
    stack->release = (void *)release;
    stack->extra = extra;
    stack->use_extra = 1;
    return begin(stack, size, alignment);
}

/* A larger chunk, to which the growing object moves. */
void GNU(_obstack_newchunk)(struct obstack *stack, int length)
{
    struct chunk *old = stack->chunk;
    long object = stack->next_free - stack->object_base;
    long size = object + length + (object >> 3) + stack->alignment_mask + 100;
    if (size < stack->chunk_size)
        size = stack->chunk_size;
    struct chunk *chunk = allocate(stack, size);
    chunk->before = old;
    chunk->limit = (char *)chunk + size;
    char *base = aligned(stack, chunk);
    memcpy(base, stack->object_base, (size_t)object);
    /* The old chunk held nothing but the object that has moved. */
    if (!stack->maybe_empty_object && stack->object_base == aligned(stack, old)) {
        chunk->before = old->before;
        release(stack, old);
    }
    stack->chunk = chunk;
    stack->chunk_limit = chunk->limit;
    stack->object_base = base;
    stack->next_free = base + object;
    stack->maybe_empty_object = 0;
}

static int is_in(const struct chunk *chunk, const void *object)
{
    return (uintptr_t)chunk < (uintptr_t)object && (uintptr_t)object <= (uintptr_t)chunk->limit;
}

int GNU(_obstack_allocated_p)(struct obstack *stack, void *object)
{
    struct chunk *chunk = stack->chunk;
    while (chunk && !is_in(chunk, object))
        chunk = chunk->before;
    return chunk != NULL;
}

void GNU(obstack_free)(struct obstack *stack, void *object)
{
    struct chunk *chunk = stack->chunk;
    while (chunk && !is_in(chunk, object)) {
        struct chunk *before = chunk->before;
        release(stack, chunk);
        chunk = before;
        stack->maybe_empty_object = 1;
    }
    if (chunk) {
        stack->object_base = stack->next_free = object;
        stack->chunk_limit = chunk->limit;
        stack->chunk = chunk;
    } else if (object) {
        abort(); /* it is not in this stack */
    } else {
        stack->chunk = NULL;
    }
}

SAME(_obstack_free, castiron_gnu_obstack_free);

int GNU(_obstack_memory_used)(struct obstack *stack)
{
    long bytes = 0;
    for (struct chunk *chunk = stack->chunk; chunk; chunk = chunk->before)
        bytes += chunk->limit - (char *)chunk;
    return (int)bytes;
}

int GNU(obstack_vprintf)(struct obstack *stack, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    long room = stack->chunk_limit - stack->next_free;
    int length = vsnprintf(stack->next_free, (size_t)room, format, arguments);
    if (length >= room) {
        GNU(_obstack_newchunk)(stack, length + 1);
        vsnprintf(stack->next_free, (size_t)length + 1, format, again);
    }
    va_end(again);
    if (length > 0)
        stack->next_free += length;
    return length;
}

int GNU(__obstack_vprintf_chk)(struct obstack *stack, int flag, const char *format, va_list arguments)
{
    return GNU(obstack_vprintf)(stack, format, arguments);
}

int GNU(obstack_printf)(struct obstack *stack, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = GNU(obstack_vprintf)(stack, format, arguments);
    va_end(arguments);
    return length;
}

int GNU(__obstack_printf_chk)(struct obstack *stack, int flag, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = GNU(obstack_vprintf)(stack, format, arguments);
    va_end(arguments);
    return length;
}
