/* What the compiler and Zstandard call of the C library, which is not there yet.
 *
 * Zstandard copies short pieces itself; these loops, which the compiler makes vectors of, are for the rest. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    unsigned char *out = to;
    const unsigned char *in = from;
    for (size_t i = 0; i < size; i++)
        out[i] = in[i];
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    unsigned char *out = to;
    const unsigned char *in = from;
    if ((size_t)(out - in) >= size) {
        for (size_t i = 0; i < size; i++)
            out[i] = in[i];
    } else {
        for (size_t i = size; i-- > 0;)
            out[i] = in[i];
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    unsigned char *out = to;
    for (size_t i = 0; i < size; i++)
        out[i] = (unsigned char)byte;
    return to;
}

/* A decoder in memory of its caller's asks for no other (zstd.h, ZSTD_initStaticDCtx): these are never called, but in the
 * code of the functions that are. */
void *malloc(size_t size)
{
    (void)size;
    return NULL;
}

void *calloc(size_t count, size_t size)
{
    (void)count, (void)size;
    return NULL;
}

void free(void *memory)
{
    (void)memory;
}
