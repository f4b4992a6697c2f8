/* What a processor's vector.h defines (runtime/castiron_runtime/stub/machine), in plain C: blocks of 8 bytes, masks of four bits for
 * each byte.  Shows that libc/memory_simd.c and libc/memory_copy.c take nothing for granted that is only so on one processor. */
#ifndef CASTIRON_VECTOR_H
#define CASTIRON_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BLOCK = 8 };

typedef struct {
    unsigned char bytes[BLOCK];
} block;
typedef uint32_t mask;

static const mask mask_of_all = 0xFFFFFFFF;

static inline block block_load(const unsigned char *p)
{
    block result;
    for (int i = 0; i < BLOCK; i++)
        result.bytes[i] = ((const volatile unsigned char *)p)[i];
    return result;
}

static inline block block_load_aligned(const unsigned char *p)
{
    if ((uintptr_t)p % BLOCK != 0)
        __builtin_trap();
    return block_load(p);
}

static inline block block_repeat(int byte)
{
    block result;
    for (int i = 0; i < BLOCK; i++)
        result.bytes[i] = (unsigned char)byte;
    return result;
}

static inline block block_equal(block a, block b)
{
    for (int i = 0; i < BLOCK; i++)
        a.bytes[i] = a.bytes[i] == b.bytes[i] ? 0xFF : 0;
    return a;
}

static inline block block_and(block a, block b)
{
    for (int i = 0; i < BLOCK; i++)
        a.bytes[i] &= b.bytes[i];
    return a;
}

static inline block block_or(block a, block b)
{
    for (int i = 0; i < BLOCK; i++)
        a.bytes[i] |= b.bytes[i];
    return a;
}

static inline mask block_mask(block answers)
{
    mask result = 0;
    for (int i = 0; i < BLOCK; i++)
        result |= (mask)(answers.bytes[i] & 0xF) << (4 * i);
    return result;
}

static inline ptrdiff_t mask_first(mask bytes)
{
    return __builtin_ctz(bytes) / 4;
}

static inline ptrdiff_t mask_last(mask bytes)
{
    return (31 - __builtin_clz(bytes)) / 4;
}

static inline mask mask_from(ptrdiff_t first)
{
    return mask_of_all << (4 * first);
}

static inline mask mask_up_to(ptrdiff_t last)
{
    return mask_of_all >> (4 * (BLOCK - 1 - last));
}

/* No registers but those that every processor of this kind has. */
#define FOR_WIDE_REGISTERS

static inline bool has_wide_registers(void)
{
    return false;
}

#endif
