/* Taking, freeing and resizing single blocks where that differs from mimalloc, whose source is included before.  Only the
 * allocator includes this. */
#ifndef CASTIRON_BLOCKS_H
#define CASTIRON_BLOCKS_H

/* A block of more than 128 KiB is a page of mimalloc by itself, and to make one and give it up takes 2,000 instructions.  Who reads streams in
 * large pieces (asyncio: 256 KiB at a time) frees one and takes it again all the time, so each thread keeps the last that it freed. */
enum { LEAST_SPARE = MI_MEDIUM_OBJ_SIZE_MAX + 1, MOST_SPARE = 512 << 10 /* bytes */ };
static _Thread_local struct {
    void *block;
    size_t size; /* bytes; 0 if there is none */
} spare;

static void give_up_spare(void)
{
    if (spare.size > 0)
        mi_free(spare.block);
    spare.size = 0;
}

/* A page of this thread whose only block in use was freed. */
static void empty_page(mi_page_t *page, mi_block_t *block)
{
    const size_t size = mi_page_block_size(page);
    if (size < LEAST_SPARE || size > MOST_SPARE) {
        _mi_page_retire(page);
        return;
    }
    page->free = mi_block_next(page, block);
    page->used = 1;
    give_up_spare();
    spare.block = block;
    spare.size = size;
}

/* As mi_free, but what is freed is what is taken next, as in CPython's own allocator: it is in the processor's nearest cache.  mimalloc
 * takes it when all other free blocks of the page were taken. */
static inline void free_block(void *pointer)
{
    mi_segment_t *segment = _mi_ptr_segment(pointer);
    if (mi_unlikely(pointer == NULL))
        return;
    mi_page_t *page = _mi_segment_page_of(segment, pointer);
    if (mi_unlikely(_mi_prim_thread_id() != mi_atomic_load_relaxed(&segment->thread_id) || page->flags.full_aligned != 0)) {
        mi_free(pointer);
        return;
    }
    mi_block_t *block = pointer;
    mi_block_set_next(page, block, page->free);
    page->free = block;
    if (mi_unlikely(page->free_is_zero))
        page->free_is_zero = false;
    if (mi_unlikely(--page->used == 0))
        empty_page(page, block);
}

static inline void *take_block(size_t size)
{
    if (mi_unlikely(size > MI_SMALL_SIZE_MAX) && size <= spare.size && size >= spare.size / 2) {
        spare.size = 0;
        return spare.block;
    }
    return mi_malloc(size);
}

/* As mi_realloc, by the functions above. */
static void *resize_block(void *block, size_t size)
{
    const size_t before = mi_usable_size(block);
    if (size <= before && size >= before / 2 && size > 0)
        return block;
    void *other = take_block(size);
    if (other != NULL && block != NULL) {
        memcpy(other, block, size < before ? size : before);
        free_block(block);
    }
    return other;
}

#endif
