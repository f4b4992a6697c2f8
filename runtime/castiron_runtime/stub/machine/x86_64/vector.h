/* Blocks of 16 bytes, all compared at once: SSE2, which every x86-64 has.
 *
 * Another processor's vector.h defines the same.  A `mask` says of each byte of a block whether something is so; how many
 * bits it has for one byte is that processor's business. */
#ifndef CASTIRON_VECTOR_H
#define CASTIRON_VECTOR_H

#include <cpuid.h>
#include <emmintrin.h>
#include <stdbool.h>
#include <stddef.h>

enum { BLOCK = 16 /* bytes */ };

typedef __m128i block;
typedef unsigned mask;

static const mask mask_of_all = 0xFFFF;

/* From any address, and from one that is a multiple of BLOCK. */
static inline block block_load(const unsigned char *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

static inline block block_load_aligned(const unsigned char *p)
{
    return _mm_load_si128((const __m128i *)p);
}

/* A block all of whose bytes are `byte`. */
static inline block block_repeat(int byte)
{
    return _mm_set1_epi8((char)byte);
}

/* In each byte: whether the two are equal, whether both or one of two such answers are so. */
static inline block block_equal(block a, block b)
{
    return _mm_cmpeq_epi8(a, b);
}

static inline block block_and(block a, block b)
{
    return _mm_and_si128(a, b);
}

static inline block block_or(block a, block b)
{
    return _mm_or_si128(a, b);
}

static inline mask block_mask(block answers)
{
    return (unsigned)_mm_movemask_epi8(answers);
}

/* The number of the first and of the last byte of which a mask that is not 0 says so. */
static inline ptrdiff_t mask_first(mask bytes)
{
    return __builtin_ctz(bytes);
}

static inline ptrdiff_t mask_last(mask bytes)
{
    return 31 - __builtin_clz(bytes);
}

/* The bytes of a block from number `first` on, and up to number `last`. */
static inline mask mask_from(ptrdiff_t first)
{
    return ~0u << first;
}

static inline mask mask_up_to(ptrdiff_t last)
{
    return 0xFFFFu >> (BLOCK - 1 - last);
}

/* Of a function whose registers of 32 bytes not every processor of this kind has: AVX2. */
#define FOR_WIDE_REGISTERS __attribute__((target("avx2")))

/* Whether this one has them, and the kernel saves them (Intel 64 and IA-32 Architectures Software Developer's Manual,
 * volume 1, 14.7.1: detection of AVX2). */
static inline bool has_wide_registers(void)
{
    enum { SAVED = 6 /* of XCR0: SSE and AVX state */ };
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX))
        return false;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return (a & SAVED) == SAVED && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2);
}

#endif
