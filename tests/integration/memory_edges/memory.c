/* Functions on memory. */
#define _GNU_SOURCE
#include "edges.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

CHECK(memchr)
{
    void *place = find(o->a, o->byte, o->size);
    /* It must not look behind the byte, whatever the size (C11 7.24.5.1): sscanf, strnlen and strstr rely on it. */
    return memchr(o->a, o->byte, o->size) == place && memchr(o->a, o->byte + 256, o->size) == place &&
           (place == NULL || (memchr(o->a, o->byte, o->size + 1000) == place && memchr(o->a, o->byte, SIZE_MAX) == place));
}

CHECK(memrchr)
{
    return memrchr(o->a, o->byte, o->size) == find_last(o->a, o->byte, o->size);
}

CHECK(memcmp)
{
    int expected = 0;
    for (size_t i = 0; i < o->size && expected == 0; i++)
        expected = sign(o->a[i] - o->b[i]);
    return sign(memcmp(o->a, o->b, o->size)) == expected && sign(memcmp(o->b, o->a, o->size)) == -expected;
}

CHECK(bcmp)
{
    return !bcmp(o->a, o->b, o->size) == same(o->a, o->b, o->size);
}

CHECK(memcpy)
{
    unsigned char *to = out(o, o->size);
    return memcpy(to, o->a, o->size) == to && wrote(to, o->a, o->size);
}

CHECK(memmove)
{
    unsigned char *to = out(o, o->size);
    if (memmove(to, o->a, o->size) != to || !wrote(to, o->a, o->size))
        return false;
    /* Within one operand, in both directions. */
    size_t moved = o->size - o->position;
    memmove(to, to + o->position, moved);
    add(o->a + o->position, moved);
    add(o->a + moved, o->position);
    if (!wrote_added(to))
        return false;
    memmove(to + o->position, to, moved);
    add(o->a + o->position, least(o->position, moved));
    for (size_t i = moved; i < o->position; i++)
        add(o->a + i, 1);
    add(o->a + o->position, moved);
    return wrote_added(to);
}

CHECK(mempcpy)
{
    unsigned char *to = out(o, o->size);
    return mempcpy(to, o->a, o->size) == to + o->size && wrote(to, o->a, o->size);
}

CHECK(bcopy)
{
    unsigned char *to = out(o, o->size);
    bcopy(o->a, to, o->size);
    return wrote(to, o->a, o->size);
}

CHECK(memset)
{
    unsigned char *to = out(o, o->size);
    add_byte(o->byte, o->size);
    return memset(to, o->byte, o->size) == to && wrote_added(to);
}

CHECK(bzero)
{
    unsigned char *to = out(o, o->size);
    bzero(to, o->size);
    add_byte(0, o->size);
    return wrote_added(to);
}

CHECK(explicit_bzero)
{
    unsigned char *to = out(o, o->size);
    explicit_bzero(to, o->size);
    add_byte(0, o->size);
    return wrote_added(to);
}

CHECK(memccpy)
{
    unsigned char *place = find(o->a, o->byte, o->size);
    size_t copied = place != NULL ? (size_t)(place - o->a) + 1 : o->size;
    unsigned char *to = out(o, copied);
    return memccpy(to, o->a, o->byte, place != NULL ? o->size + 1000 : o->size) == (place != NULL ? to + copied : NULL) &&
           wrote(to, o->a, copied);
}

CHECK(memmem)
{
    size_t size = least(o->size - o->position, 1 + number() % 300);
    unsigned char *needle = room_for_needle(size, o->where, o->byte);
    for (size_t i = 0; i < size; i++)
        needle[i] = o->a[o->position + i];
    if (number() % 2)
        needle[number() % size] = 'Q';
    void *expected = NULL;
    for (size_t i = 0; i + size <= o->size && expected == NULL; i++)
        expected = same(o->a + i, needle, size) ? o->a + i : NULL;
    return memmem(o->a, o->size, needle, size) == expected;
}

CHECK(swab)
{
    size_t size = o->size & ~(size_t)1;
    unsigned char *to = out(o, size);
    swab(o->a, to, (ssize_t)size);
    for (size_t i = 0; i < size; i += 2) {
        add(o->a + i + 1, 1);
        add(o->a + i, 1);
    }
    return wrote_added(to);
}

const struct row memory_rows[] = {
    ROW(MEMORY | TEXT, memchr), ROW(MEMORY | TEXT, memrchr), ROW(MEMORY, memcmp), ROW(MEMORY, bcmp), ROW(MEMORY, memcpy),
    ROW(MEMORY, memmove), ROW(MEMORY, mempcpy), ROW(MEMORY, bcopy), ROW(MEMORY, memset), ROW(MEMORY, bzero),
    ROW(MEMORY, explicit_bzero), ROW(MEMORY, memccpy), ROW(MEMORY, memmem), ROW(MEMORY, swab), {0},
};
