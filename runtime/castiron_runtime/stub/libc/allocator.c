/* mimalloc as the allocator of everything: malloc for C code, and PyMem without a detour through pymalloc.
 *
 * The source is the copy that CPython ships (Objects/mimalloc); CPython itself is configured without it.  One allocator
 * that is ours is faster than musl's, and what a later start from a heap snapshot needs.
 */
#include "libc/allocator.h"

#define MI_DEBUG 0
#define MI_NO_GETENV 1 /* the environment of a shipped program is not for tuning its allocator */

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <time.h>

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

/* A thread that ends leaves its heap to the next one that starts, as glibc does with its arenas.  mimalloc's own way, giving
 * up all that the heap has, makes each such thread walk through what others gave up (80 us for a thread of nothing, after some
 * hundred), and each new one make a heap.  So what belongs to a thread is marked with the number of its heap, where mimalloc
 * has the number of the thread; and the three places where it begins and ends with a heap are led to functions of ours,
 * below. */
enum { NO_HEAP = 16, MAIN_HEAP = 32, NEXT_HEAP = 48, HEAP_STEP = 16 };
static _Thread_local mi_threadid_t heap_number = NO_HEAP; /* never that of a block's owner */
#define MI_PRIM_THREAD_ID() heap_number
#define mi_heap_main_init(argument) mi_heap_main_init_##argument()
#define _mi_heap_init(argument) _mi_heap_init_##argument()
#define pthread_key_create(key, destructor) pthread_key_create(key, end_of_thread)
static void mi_heap_main_init_(void);
static bool _mi_heap_init_(void);
static void end_of_thread(void *heap);

/* Where much memory is used, pages of the processor's larger size save faults and misses of its address cache: the collector
 * of garbage walks over all of it.  A large page takes 2 MiB whether all of it is used or not, so most of what ordinary programs touch
 * keeps small pages.  The first 2 MiB are full in any program but the smallest, and a start is spared half of its faults.
 * Source: madvise(2), Documentation/admin-guide/mm/transhuge.rst of Linux. */
enum { LARGE_AT_FIRST = 2 << 20, SMALL_UP_TO = 48 << 20 /* bytes of the first arena */ };
static void *map_memory(void *place, size_t size, int protection, int flags, int file, off_t offset);
#define mmap map_memory

#include "mimalloc/static.c"

#include "libc/blocks.h"

#undef mmap
static void *map_memory(void *place, size_t size, int protection, int flags, int file, off_t offset)
{
    /* mimalloc asks the kernel not to count what it maps.  That is for its arenas, which it reserves without need; a block too large for
     * one is what the program wants, and the kernel refuses it if the machine has not that much (MemoryError). */
    if (size > mi_option_get_size(mi_option_arena_reserve) + MI_SEGMENT_ALIGN)
        flags &= ~MAP_NORESERVE;
    void *memory = mmap(place, size, protection, flags, file, offset);
    if (memory == MAP_FAILED || size < MI_SEGMENT_SIZE + SMALL_UP_TO)
        return memory;
    char *used = (char *)_mi_align_up((uintptr_t)memory, MI_SEGMENT_ALIGN);
    const int error = errno; /* the calls fail where the kernel knows small pages only */
    if (mi_atomic_load_relaxed(&mi_arena_count) == 0) {
        madvise(used, LARGE_AT_FIRST, MADV_HUGEPAGE);
        used += SMALL_UP_TO;
    }
    madvise(used, (size_t)((char *)memory + size - used), MADV_HUGEPAGE);
    errno = error;
    return memory;
}

static void mi_heap_main_init_(void)
{
    if (_mi_heap_main.cookie == 0)
        heap_number = MAIN_HEAP;
    mi_heap_main_init_void();
}

/* Heaps that no thread has.  No lock: a child of fork() has what was here then. */
enum { MOST_PARKED = 64, MOST_SEGMENTS = 2, MOST_UNUSED = 1 << 20 /* bytes in a segment */, SOON = 1000 /* milliseconds */ };
static mi_heap_t *parked[MOST_PARKED];
static mi_msecs_t parked_since[MOST_PARKED];
static bool ever_threads; /* whether a thread but the first has had a heap */
static _Thread_local bool was_awaited; /* whether this thread's heap was without a thread for less than SOON */

static mi_heap_t *take_parked(void)
{
    for (int i = 0; i < MOST_PARKED; i++)
        if (__atomic_load_n(&parked[i], __ATOMIC_RELAXED) != NULL) {
            const mi_msecs_t since = __atomic_load_n(&parked_since[i], __ATOMIC_RELAXED);
            mi_heap_t *heap = __atomic_exchange_n(&parked[i], NULL, __ATOMIC_ACQUIRE);
            if (heap != NULL) {
                was_awaited = _mi_clock_now() - since < SOON;
                return heap;
            }
        }
    return NULL;
}

static bool park(mi_heap_t *heap)
{
    const mi_msecs_t now = _mi_clock_now();
    for (int i = 0; i < MOST_PARKED; i++) {
        mi_heap_t *none = NULL;
        if (__atomic_load_n(&parked[i], __ATOMIC_RELAXED) != NULL)
            continue;
        __atomic_store_n(&parked_since[i], now, __ATOMIC_RELAXED);
        if (__atomic_compare_exchange_n(&parked[i], &none, heap, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
            return true;
    }
    return false;
}

/* What a walk over the pages of a heap is for, and what it found. */
struct walk {
    size_t least;          /* bytes: a segment with less to give back keeps it */
    bool force;            /* also what was freed less than a second ago */
    size_t used;           /* bytes of pages */
    mi_segment_t *segment; /* of the last page: neighbours often share theirs */
};

/* Gives unused parts of a page's segment back to the kernel.  mimalloc itself looks at them only when the heap next uses the segment. */
static bool give_back_unused(mi_heap_t *heap, mi_page_queue_t *queue, mi_page_t *page, void *argument, void *unused)
{
    (void)queue, (void)unused;
    struct walk *walk = argument;
    mi_segment_t *segment = _mi_page_segment(page);
    walk->used += page->slice_count * MI_SEGMENT_SLICE_SIZE;
    if (segment != walk->segment && segment->kind == MI_SEGMENT_NORMAL
        && _mi_commit_mask_committed_size(&segment->purge_mask, MI_SEGMENT_SIZE) > walk->least)
        mi_segment_try_purge(segment, walk->force, heap->tld->segments.stats);
    walk->segment = segment;
    return true;
}

/* What a thread has freed, in pages of mimalloc, goes back to the kernel as soon as it is much, unless the thread lately took as much again
 * soon after it had freed it, within a second of its own work: then it will do so again, and the kernel would clear the same pages
 * all the time.  That much stays for a second (`set_options`). */
enum { KEPT = 1000, REMEMBERED = 10 * KEPT /* milliseconds */, AT_ONCE = 8 << 20, LEAST = 1 << 20 /* bytes */, TURNS = 16 };
static _Thread_local struct {
    size_t freed;          /* bytes, since the thread last looked */
    size_t enough;         /* bytes freed that make it look again */
    mi_msecs_t looked;     /* when it last looked */
    mi_msecs_t worked;     /* for how long it had run then */
    size_t used;           /* bytes in use then */
    size_t unused;         /* bytes freed by then, and not taken again */
    size_t most_unused;    /* the same before the thread began to take them again */
    size_t again;          /* bytes that were taken again within a second */
    mi_msecs_t remembered; /* until when that counts */
    bool kept;             /* whether freed memory was kept */
} lately = {.enough = AT_ONCE};

static void look_at_freed(mi_heap_t *heap)
{
    struct timespec run;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &run);
    const mi_msecs_t now = _mi_clock_now(), worked = run.tv_sec * 1000 + run.tv_nsec / 1000000;
    struct walk count = {.least = SIZE_MAX};
    mi_heap_visit_pages(heap, give_back_unused, &count, NULL);
    const size_t most = count.used + lately.freed; /* in use since it last looked, or less */
    const size_t taken = most > lately.used ? most - lately.used : 0;
    if (worked - lately.worked >= KEPT || now - lately.looked >= REMEMBERED)
        lately.unused = lately.most_unused = 0;
    const size_t again = taken < lately.unused ? taken : lately.unused;
    lately.unused -= again;
    if (now >= lately.remembered)
        lately.again = 0;
    if (again >= AT_ONCE / 2) {
        const size_t together = lately.most_unused - lately.unused;
        lately.again = together > lately.again ? together : lately.again;
        lately.remembered = now + REMEMBERED;
    } else {
        lately.most_unused = 0;
    }
    lately.unused += lately.freed;
    lately.most_unused = lately.unused > lately.most_unused ? lately.unused : lately.most_unused;
    /* What was freed between two looks counts for the second of them, which may see the end of one round and the beginning of the next. */
    lately.kept = lately.again > 0 && lately.unused <= lately.again + lately.again / 4 + 2 * lately.enough;
    struct walk give = {.force = !lately.kept};
    mi_heap_visit_pages(heap, give_back_unused, &give, NULL);
    mi_arenas_try_purge(!lately.kept, true, heap->tld->segments.stats);
    lately.used = count.used;
    lately.looked = now;
    lately.worked = worked;
    lately.freed = 0;
    lately.enough = count.used / 8 > AT_ONCE ? count.used / 8 : AT_ONCE;
}

/* Frees pages whose blocks were freed by other threads than their heap's. */
static void collect_pages(mi_heap_t *heap)
{
    mi_collect_t how = MI_NORMAL;
    _mi_heap_delayed_free_all(heap);
    mi_heap_visit_pages(heap, mi_heap_page_collect, &how, NULL);
}

/* The same for heaps that no thread has, which are this thread's meanwhile. */
static void collect_parked(void)
{
    const mi_threadid_t number = heap_number;
    mi_heap_t *own = mi_prim_get_default_heap();
    const size_t freed = lately.freed, enough = lately.enough;
    lately.enough = SIZE_MAX; /* only this thread's own heap counts */
    for (int i = 0; i < MOST_PARKED; i++) {
        if (__atomic_load_n(&parked[i], __ATOMIC_RELAXED) == NULL)
            continue;
        mi_heap_t *heap = __atomic_exchange_n(&parked[i], NULL, __ATOMIC_ACQUIRE);
        if (heap == NULL)
            continue;
        heap_number = heap->thread_id;
        _mi_heap_default = heap;
        collect_pages(heap);
        struct walk walk = {.least = MOST_UNUSED, .force = true};
        mi_heap_visit_pages(heap, give_back_unused, &walk, NULL);
        if (!park(heap)) { /* other threads filled all places */
            mi_atomic_increment_relaxed(&thread_count);
            mi_pthread_done(heap);
        }
    }
    _mi_heap_set_default_direct(own);
    heap_number = number;
    lately.freed = freed;
    lately.enough = enough;
}

/* And for segments that threads left, with blocks in use, when they ended. */
static void collect_abandoned(mi_heap_t *heap)
{
    mi_segments_tld_t *own = &heap->tld->segments;
    mi_abandoned_pool_t *pool = own->abandoned;
    size_t left = mi_atomic_load_relaxed(&pool->abandoned_count) + mi_atomic_load_relaxed(&pool->abandoned_visited_count);
    for (mi_segment_t *segment; left > 0 && (segment = mi_abandoned_pop(pool)) != NULL; left--) {
        mi_segment_check_free(segment, 0, 0, own);
        if (segment->used == 0) {
            mi_segment_reclaim(segment, heap, 0, NULL, own); /* which frees it */
        } else {
            mi_segment_try_purge(segment, true, own->stats);
            mi_abandoned_visited_push(pool, segment);
        }
    }
}

static mi_msecs_t looked_around; /* when a thread last looked at what no thread has */

/* mimalloc calls this whenever a list of free blocks is empty.  What no thread has is looked at once a second, by whoever comes first: of
 * threads that live shorter than that, each would. */
static void look_at_times(bool force, unsigned long long turn, void *unused)
{
    (void)force, (void)unused;
    const bool threads = __atomic_load_n(&ever_threads, __ATOMIC_RELAXED);
    mi_heap_t *heap = mi_prim_get_default_heap();
    if ((lately.freed < LEAST && !lately.kept && !threads) || turn % TURNS != 0 || !mi_heap_is_initialized(heap))
        return;
    const mi_msecs_t now = _mi_clock_now();
    mi_msecs_t last = __atomic_load_n(&looked_around, __ATOMIC_RELAXED);
    if (threads && now - last >= KEPT
        && __atomic_compare_exchange_n(&looked_around, &last, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        collect_abandoned(heap);
        collect_parked();
    }
    if (now - lately.looked < KEPT)
        return;
    if (threads)
        collect_pages(heap);
    look_at_freed(heap);
}

/* The first time that a thread needs memory (or after its end, in a destructor that needs some). */
static bool _mi_heap_init_(void)
{
    if (mi_heap_is_initialized(mi_prim_get_default_heap()) || _mi_is_main_thread())
        return _mi_heap_init_void();
    mi_heap_t *heap = take_parked();
    lately.looked = _mi_clock_now();
    __atomic_store_n(&ever_threads, true, __ATOMIC_RELAXED);
    if (heap == NULL) {
        static mi_threadid_t next = NEXT_HEAP;
        heap_number = __atomic_fetch_add(&next, HEAP_STEP, __ATOMIC_RELAXED);
        return _mi_heap_init_void();
    }
    heap_number = heap->thread_id;
    _mi_heap_set_default_direct(heap);
    return false;
}

static void end_of_thread(void *value)
{
    mi_heap_t *heap = value;
    give_up_spare();
    if (heap == mi_prim_get_default_heap() && mi_heap_is_initialized(heap) && heap != &_mi_heap_main
        && heap->thread_id == heap_number && heap->tld->heaps == heap && heap->next == NULL
        && heap->tld->segments.count <= MOST_SEGMENTS) {
        /* Where threads follow each other, as in a server, the next one would have the kernel clear the same pages again.  What is
         * kept goes back when a thread takes memory a second later (`collect_parked`). */
        if (!was_awaited || lately.freed >= AT_ONCE) {
            struct walk walk = {.least = MOST_UNUSED, .force = true};
            mi_heap_visit_pages(heap, give_back_unused, &walk, NULL);
        }
        /* From here on it may be another thread's. */
        _mi_heap_default = (mi_heap_t *)&_mi_heap_empty;
        heap_number = NO_HEAP;
        if (park(heap)) {
            mi_atomic_decrement_relaxed(&thread_count);
            _mi_stat_decrease(&_mi_stats_main.threads, 1);
            return;
        }
        _mi_heap_default = heap;
        heap_number = heap->thread_id;
    }
    mi_pthread_done(heap);
}

/* Before mimalloc's own constructor.  It should not look for NUMA nodes in /sys, either.  What is freed and not given back at once it keeps
 * for a second, as mimalloc 3 does: with the 10 ms of this version, a program that frees and takes memory in turns gave pages back all
 * the time, to have them cleared and mapped again. */
__attribute__((constructor(101))) static void set_options(void)
{
    mi_option_set(mi_option_use_numa_nodes, 1);
    mi_option_set(mi_option_purge_delay, KEPT);
    mi_option_set(mi_option_arena_purge_mult, 1);
    mi_register_deferred_free(look_at_times, NULL);
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

/* Called for each page that has no block in use any more. */
static bool _PyMem_mi_page_maybe_free(mi_page_t *page, mi_page_queue_t *queue, bool force)
{
    mi_heap_t *heap = mi_page_heap(page);
    lately.freed += page->slice_count * MI_SEGMENT_SLICE_SIZE;
    _mi_page_free(page, queue, force);
    if (mi_unlikely(lately.freed >= lately.enough))
        look_at_freed(heap);
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
    return checked(take_block(size));
}

void *calloc(size_t count, size_t size)
{
    return checked(mi_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
    return checked(resize_block(block, size));
}

void *reallocarray(void *block, size_t count, size_t size)
{
    return checked(mi_reallocn(block, count, size));
}

void free(void *block)
{
    free_block(block);
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
    return take_block(size);
}

static void *python_calloc(void *context, size_t count, size_t size)
{
    (void)context;
    return mi_calloc(count, size);
}

static void *python_realloc(void *context, void *block, size_t size)
{
    (void)context;
    return resize_block(block, size);
}

static void python_free(void *context, void *block)
{
    (void)context;
    free_block(block);
}

static void python_free_arena(void *context, void *block, size_t size)
{
    (void)context, (void)size;
    mi_free(block);
}

const struct allocator allocator = {python_malloc, python_calloc, python_realloc, python_free, python_free_arena};
