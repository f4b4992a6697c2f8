/* The functions that PyMem_SetAllocator PyObject_SetArenaAllocator are given.  (The C library's malloc is replaced by linking allocator.c.) */
#ifndef CASTIRON_ALLOCATOR_H
#define CASTIRON_ALLOCATOR_H

#include <stddef.h>

struct allocator {
    void *(*malloc)(void *context, size_t size);
    void *(*calloc)(void *context, size_t count, size_t size);
    void *(*realloc)(void *context, void *block, size_t size);
    void (*free)(void *context, void *block);
    void (*free_arena)(void *context, void *block, size_t size);
};

extern const struct allocator allocator;

#endif
