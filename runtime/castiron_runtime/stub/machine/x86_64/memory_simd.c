/* Searching and comparing memory, 16 bytes at a time (SSE2, which every x86-64 has).
 *
 * The C library's own versions go byte by byte (memcmp in musl, all of these in Zig's), 40 times slower than what CPython
 * is used to: comparing strings and finding a character end here.  They come first in the link and are not weak, so they
 * serve the interpreter and absorbed libraries alike.
 *
 * Loads are aligned, and so never reach into a page that the object does not touch, or lie within the object.
 */
#include <emmintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 16
#define NOT_ITSELF __attribute__((no_builtin))

static inline unsigned equal_bytes(__m128i a, __m128i b)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));
}

static inline __m128i load(const unsigned char *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

static inline __m128i load_aligned(const unsigned char *p)
{
    return _mm_load_si128((const __m128i *)p);
}

/* Whether one of the four aligned blocks at p has a byte equal to those of wanted. */
static inline int in_four(const unsigned char *p, __m128i wanted)
{
    __m128i any = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(load_aligned(p), wanted),
                                            _mm_cmpeq_epi8(load_aligned(p + BLOCK), wanted)),
                               _mm_or_si128(_mm_cmpeq_epi8(load_aligned(p + 2 * BLOCK), wanted),
                                            _mm_cmpeq_epi8(load_aligned(p + 3 * BLOCK), wanted)));
    return _mm_movemask_epi8(any);
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

static inline int difference(const unsigned char *a, const unsigned char *b, unsigned equal)
{
    unsigned at = (unsigned)__builtin_ctz(~equal);
    return a[at] - b[at];
}

NOT_ITSELF int memcmp(const void *left, const void *right, size_t size)
{
    const unsigned char *a = left, *b = right;
    if (size >= BLOCK) {
        const unsigned char *last = a + size - BLOCK;
        ptrdiff_t apart = b - a;
        while (last - a >= 4 * BLOCK) {
            __m128i all = _mm_and_si128(
                _mm_and_si128(_mm_cmpeq_epi8(load(a), load(a + apart)),
                              _mm_cmpeq_epi8(load(a + BLOCK), load(a + BLOCK + apart))),
                _mm_and_si128(_mm_cmpeq_epi8(load(a + 2 * BLOCK), load(a + 2 * BLOCK + apart)),
                              _mm_cmpeq_epi8(load(a + 3 * BLOCK), load(a + 3 * BLOCK + apart))));
            if (_mm_movemask_epi8(all) != 0xFFFF)
                break;
            a += 4 * BLOCK;
        }
        for (; a < last; a += BLOCK) {
            unsigned equal = equal_bytes(load(a), load(a + apart));
            if (equal != 0xFFFF)
                return difference(a, a + apart, equal);
        }
        unsigned equal = equal_bytes(load(last), load(last + apart));
        return equal == 0xFFFF ? 0 : difference(last, last + apart, equal);
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

NOT_ITSELF void *memchr(const void *memory, int byte, size_t size)
{
    if (size == 0)
        return NULL;
    const unsigned char *start = memory;
    const unsigned char *end = (uintptr_t)start > UINTPTR_MAX - size ? (void *)UINTPTR_MAX : start + size;
    const unsigned char *p = (const unsigned char *)((uintptr_t)start & -(uintptr_t)BLOCK);
    const __m128i wanted = _mm_set1_epi8((char)byte);
    unsigned found = equal_bytes(load_aligned(p), wanted) & (~0u << (start - p));
    while (!found) {
        p += BLOCK;
        while (p < end && (size_t)(end - p) >= 4 * BLOCK && !in_four(p, wanted))
            p += 4 * BLOCK;
        if (p >= end)
            return NULL;
        found = equal_bytes(load_aligned(p), wanted);
    }
    p += __builtin_ctz(found);
    return p < end ? (void *)p : NULL;
}

NOT_ITSELF void *memrchr(const void *memory, int byte, size_t size)
{
    if (size == 0)
        return NULL;
    const unsigned char *start = memory, *last = start + size - 1;
    const unsigned char *p = (const unsigned char *)((uintptr_t)last & -(uintptr_t)BLOCK);
    const __m128i wanted = _mm_set1_epi8((char)byte);
    unsigned found = equal_bytes(load_aligned(p), wanted) & (0xFFFFu >> (BLOCK - 1 - (last - p)));
    while (!found) {
        if (p <= start)
            return NULL;
        while (p - start > 4 * BLOCK && !in_four(p - 4 * BLOCK, wanted))
            p -= 4 * BLOCK;
        p -= BLOCK;
        found = equal_bytes(load_aligned(p), wanted);
    }
    p += 31 - __builtin_clz(found);
    return p >= start ? (void *)p : NULL;
}

NOT_ITSELF size_t strlen(const char *string)
{
    const unsigned char *start = (const unsigned char *)string;
    const unsigned char *p = (const unsigned char *)((uintptr_t)start & -(uintptr_t)BLOCK);
    const __m128i zero = _mm_setzero_si128();
    unsigned found = equal_bytes(load_aligned(p), zero) & (~0u << (start - p));
    while (!found) {
        p += BLOCK;
        /* Four blocks at once only where they are in one page. */
        while (((uintptr_t)p & (4 * BLOCK - 1)) == 0 && !in_four(p, zero))
            p += 4 * BLOCK;
        found = equal_bytes(load_aligned(p), zero);
    }
    return (size_t)(p + __builtin_ctz(found) - start);
}

NOT_ITSELF char *strchrnul(const char *string, int byte)
{
    const unsigned char *start = (const unsigned char *)string;
    const unsigned char *p = (const unsigned char *)((uintptr_t)start & -(uintptr_t)BLOCK);
    const __m128i zero = _mm_setzero_si128(), wanted = _mm_set1_epi8((char)byte);
    unsigned found = (equal_bytes(load_aligned(p), zero) | equal_bytes(load_aligned(p), wanted)) & (~0u << (start - p));
    while (!found) {
        p += BLOCK;
        found = equal_bytes(load_aligned(p), zero) | equal_bytes(load_aligned(p), wanted);
    }
    return (char *)(p + __builtin_ctz(found));
}

NOT_ITSELF char *strchr(const char *string, int byte)
{
    char *found = strchrnul(string, byte);
    return (unsigned char)*found == (unsigned char)byte ? found : NULL;
}

NOT_ITSELF char *strrchr(const char *string, int byte)
{
    return memrchr(string, byte, strlen(string) + 1);
}
