/* mimalloc as malloc of the target interpreter, for it and for the extension modules that it loads.
 *
 * musl's own gives memory that is freed back to the kernel at once, and asks for it again: compiling a function took 68 us instead of 26.
 * The source is the copy that CPython 3.13 ships (Objects/mimalloc), as for executables; but here it is mimalloc as it is, with
 * nothing of what the stub adds (stub/libc/allocator.c): this interpreter serves the analysis, not shipped programs.
 *
 * These are the functions that musl lets a program replace, all of them, and nothing else of mimalloc is seen by libraries,
 * which may bring one of their own.  Source: musl, dynamic.list; C11, 7.22.3; malloc_usable_size(3), memalign(3). */
#define MI_DEBUG 0

#include <stdbool.h>
#include <stddef.h>

#include "mimalloc.h"
#include "mimalloc/types.h"
#include "mimalloc/internal.h"

/* CPython's additions to mimalloc, which matter to its free-threaded build only. */
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

#include "mimalloc/static.c"

#define SEEN __attribute__((visibility("default")))

SEEN void *malloc(size_t size)
{
    return mi_malloc(size);
}

SEEN void *calloc(size_t count, size_t size)
{
    return mi_calloc(count, size);
}

SEEN void *realloc(void *block, size_t size)
{
    return mi_realloc(block, size);
}

SEEN void free(void *block)
{
    mi_free(block);
}

SEEN void *aligned_alloc(size_t alignment, size_t size)
{
    return mi_aligned_alloc(alignment, size);
}

SEEN void *memalign(size_t alignment, size_t size)
{
    return mi_memalign(alignment, size);
}

SEEN int posix_memalign(void **block, size_t alignment, size_t size)
{
    return mi_posix_memalign(block, alignment, size);
}

SEEN size_t malloc_usable_size(void *block)
{
    return mi_usable_size(block);
}
