/* Searching and comparing memory, a block of bytes at a time.
 *
 * The C library's own versions go byte by byte (memcmp in musl, all of these in Zig's), 40 times slower than what CPython
 * is used to: comparing strings and finding a character end here.  They come first in the link and are not weak, so they
 * serve the interpreter and absorbed libraries alike.
 *
 * Loads are aligned, and so never reach into a page that the object does not touch, or lie within the object.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "vector.h" /* of the target's folder in machine/ */

#define NOT_ITSELF __attribute__((no_builtin))

static inline mask equal_bytes(block a, block b)
{
    return block_mask(block_equal(a, b));
}

/* Whether one of the four aligned blocks at p has a byte equal to those of wanted. */
static inline bool in_four(const unsigned char *p, block wanted)
{
    block one = block_equal(block_load_aligned(p), wanted), two = block_equal(block_load_aligned(p + BLOCK), wanted);
    block three = block_equal(block_load_aligned(p + 2 * BLOCK), wanted);
    block four = block_equal(block_load_aligned(p + 3 * BLOCK), wanted);
    return block_mask(block_or(block_or(one, two), block_or(three, four))) != 0;
}

/* Whether the four blocks at p surely are in one page, so that all can be read if the first can. */
static inline bool in_one_page(const unsigned char *p)
{
    return ((uintptr_t)p & (4 * BLOCK - 1)) == 0;
}

static inline uint64_t load_u64(const unsigned char *p)
{
    uint64_t value;
    __builtin_memcpy(&value, p, sizeof(value));
    return value;
}

static inline uint32_t load_u32(const unsigned char *p)
{
    uint32_t value;
    __builtin_memcpy(&value, p, sizeof(value));
    return value;
}

/* As memcmp, of two words whose bytes are in memory's order. */
static inline int order(uint64_t a, uint64_t b)
{
    a = __builtin_bswap64(a);
    b = __builtin_bswap64(b);
    return (a > b) - (a < b);
}

static inline int difference(const unsigned char *a, const unsigned char *b, mask equal)
{
    ptrdiff_t at = mask_first(~equal);
    return a[at] - b[at];
}

NOT_ITSELF int memcmp(const void *left, const void *right, size_t size)
{
    const unsigned char *a = left, *b = right;
    if (size >= BLOCK) {
        const unsigned char *last = a + size - BLOCK;
        ptrdiff_t apart = b - a;
        while (last - a >= 4 * BLOCK) {
            block one = block_equal(block_load(a), block_load(a + apart));
            block two = block_equal(block_load(a + BLOCK), block_load(a + BLOCK + apart));
            block three = block_equal(block_load(a + 2 * BLOCK), block_load(a + 2 * BLOCK + apart));
            block four = block_equal(block_load(a + 3 * BLOCK), block_load(a + 3 * BLOCK + apart));
            if (block_mask(block_and(block_and(one, two), block_and(three, four))) != mask_of_all)
                break;
            a += 4 * BLOCK;
        }
        for (; a < last; a += BLOCK) {
            mask equal = equal_bytes(block_load(a), block_load(a + apart));
            if (equal != mask_of_all)
                return difference(a, a + apart, equal);
        }
        mask equal = equal_bytes(block_load(last), block_load(last + apart));
        return equal == mask_of_all ? 0 : difference(last, last + apart, equal);
    }
    if (size >= 8) {
        int first = order(load_u64(a), load_u64(b));
        return first ? first : order(load_u64(a + size - 8), load_u64(b + size - 8));
    }
    if (size >= 4) {
        int first = order(load_u32(a), load_u32(b));
        return first ? first : order(load_u32(a + size - 4), load_u32(b + size - 4));
    }
    for (; size; a++, b++, size--)
        if (*a != *b)
            return *a - *b;
    return 0;
}

NOT_ITSELF int bcmp(const void *left, const void *right, size_t size)
{
    return memcmp(left, right, size);
}

/* Size may be more than there is if the byte is found before (C11 7.24.5.1); the C library's sscanf and strnlen rely on it. */
NOT_ITSELF void *memchr(const void *memory, int byte, size_t size)
{
    if (size == 0)
        return NULL;
    const unsigned char *start = memory;
    const unsigned char *end = (uintptr_t)start > UINTPTR_MAX - size ? (void *)UINTPTR_MAX : start + size;
    const unsigned char *p = (const unsigned char *)((uintptr_t)start & -(uintptr_t)BLOCK);
    const block wanted = block_repeat(byte);
    mask hits = equal_bytes(block_load_aligned(p), wanted) & mask_from(start - p);
    while (!hits) {
        p += BLOCK;
        while (p < end && in_one_page(p) && !in_four(p, wanted))
            p += 4 * BLOCK;
        if (p >= end)
            return NULL;
        hits = equal_bytes(block_load_aligned(p), wanted);
    }
    p += mask_first(hits);
    return p < end ? (void *)p : NULL;
}

NOT_ITSELF void *memrchr(const void *memory, int byte, size_t size)
{
    if (size == 0)
        return NULL;
    const unsigned char *start = memory, *last = start + size - 1;
    const unsigned char *p = (const unsigned char *)((uintptr_t)last & -(uintptr_t)BLOCK);
    const block wanted = block_repeat(byte);
    mask hits = equal_bytes(block_load_aligned(p), wanted) & mask_up_to(last - p);
    while (!hits) {
        if (p <= start)
            return NULL;
        while (p - start > 4 * BLOCK && !in_four(p - 4 * BLOCK, wanted))
            p -= 4 * BLOCK;
        p -= BLOCK;
        hits = equal_bytes(block_load_aligned(p), wanted);
    }
    p += mask_last(hits);
    return p >= start ? (void *)p : NULL;
}

NOT_ITSELF size_t strlen(const char *string)
{
    const unsigned char *start = (const unsigned char *)string;
    const unsigned char *p = (const unsigned char *)((uintptr_t)start & -(uintptr_t)BLOCK);
    const block zero = block_repeat(0);
    mask hits = equal_bytes(block_load_aligned(p), zero) & mask_from(start - p);
    while (!hits) {
        p += BLOCK;
        while (in_one_page(p) && !in_four(p, zero))
            p += 4 * BLOCK;
        hits = equal_bytes(block_load_aligned(p), zero);
    }
    return (size_t)(p + mask_first(hits) - start);
}

NOT_ITSELF char *strchrnul(const char *string, int byte)
{
    const unsigned char *start = (const unsigned char *)string;
    const unsigned char *p = (const unsigned char *)((uintptr_t)start & -(uintptr_t)BLOCK);
    const block zero = block_repeat(0), wanted = block_repeat(byte);
    mask hits = (equal_bytes(block_load_aligned(p), zero) | equal_bytes(block_load_aligned(p), wanted)) & mask_from(start - p);
    while (!hits) {
        p += BLOCK;
        hits = equal_bytes(block_load_aligned(p), zero) | equal_bytes(block_load_aligned(p), wanted);
    }
    return (char *)(p + mask_first(hits));
}

NOT_ITSELF char *strchr(const char *string, int byte)
{
    char *place = strchrnul(string, byte);
    return (unsigned char)*place == (unsigned char)byte ? place : NULL;
}

NOT_ITSELF char *strrchr(const char *string, int byte)
{
    return memrchr(string, byte, strlen(string) + 1);
}

char *index(const char *string, int byte) __attribute__((alias("strchr")));
char *rindex(const char *string, int byte) __attribute__((alias("strrchr")));
