/* mimalloc as the allocator of everything: malloc for C code, and PyMem without a detour through pymalloc.
 *
 * The source is the copy that CPython ships (Objects/mimalloc); CPython itself is configured without it.  One allocator
 * that is ours is faster than musl's, and what a later start from a heap snapshot needs.
 */
#include "libc/allocator.h"

#define MI_DEBUG 0
#define MI_NO_GETENV 1 /* the environment of a shipped program is not for tuning its allocator */

#include <stdbool.h>

#include "mimalloc.h"
#include "mimalloc/types.h"

/* CPython's additions to mimalloc, which matter to its free-threaded build only. */
static void _PyMem_mi_page_clear_qsbr(mi_page_t *page);
static bool _PyMem_mi_page_is_safe_to_free(mi_page_t *page);
static bool _PyMem_mi_page_maybe_free(mi_page_t *page, mi_page_queue_t *queue, bool force);
static void _PyMem_mi_page_reclaimed(mi_page_t *page);
static void _PyMem_mi_heap_collect_qsbr(mi_heap_t *heap);

/* mimalloc asks /proc whether memory is overcommitted.  A program's start should open nothing, so we assume that it is, as
 * on nearly every system; where it is not, a reservation may fail, and mimalloc takes less at a time.  (The macro takes the
 * definition and the call apart by their argument.) */
#define unix_detect_overcommit(argument) unix_detect_overcommit_##argument()
static bool unix_detect_overcommit_(void)
{
    return true;
}

#include "mimalloc/static.c"

/* Nor should it look for NUMA nodes in /sys.  Before mimalloc's own constructor. */
__attribute__((constructor(101))) static void set_options(void)
{
    mi_option_set(mi_option_use_numa_nodes, 1);
}

static void _PyMem_mi_page_clear_qsbr(mi_page_t *page)
{
    (void)page;
}

static bool _PyMem_mi_page_is_safe_to_free(mi_page_t *page)
{
    (void)page;
    return true;
}

static bool _PyMem_mi_page_maybe_free(mi_page_t *page, mi_page_queue_t *queue, bool force)
{
    _mi_page_free(page, queue, force);
    return true;
}

static void _PyMem_mi_page_reclaimed(mi_page_t *page)
{
    (void)page;
}

static void _PyMem_mi_heap_collect_qsbr(mi_heap_t *heap)
{
    (void)heap;
}

/* The C library's functions. */

static inline void *checked(void *block)
{
    if (mi_unlikely(block == NULL))
        errno = ENOMEM;
    return block;
}

void *malloc(size_t size)
{
    return checked(mi_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return checked(mi_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
    return checked(mi_realloc(block, size));
}

void *reallocarray(void *block, size_t count, size_t size)
{
    return checked(mi_reallocn(block, count, size));
}

void free(void *block)
{
    mi_free(block);
}

void *memalign(size_t alignment, size_t size)
{
    return checked(mi_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return checked(mi_memalign(alignment, size)); /* as musl: any size, not only multiples of the alignment */
}

int posix_memalign(void **result, size_t alignment, size_t size)
{
    return mi_posix_memalign(result, alignment, size);
}

void *valloc(size_t size)
{
    return checked(mi_valloc(size));
}

void *pvalloc(size_t size)
{
    return checked(mi_pvalloc(size));
}

size_t malloc_usable_size(void *block)
{
    return mi_usable_size(block);
}

/* Python's: zero bytes are one byte, and the context is not used. */

static void *python_malloc(void *context, size_t size)
{
    (void)context;
    return mi_malloc(size);
}

static void *python_calloc(void *context, size_t count, size_t size)
{
    (void)context;
    return mi_calloc(count, size);
}

static void *python_realloc(void *context, void *block, size_t size)
{
    (void)context;
    return mi_realloc(block, size);
}

static void python_free(void *context, void *block)
{
    (void)context;
    mi_free(block);
}

const struct allocator allocator = {python_malloc, python_calloc, python_realloc, python_free};
