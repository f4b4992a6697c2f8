/* Copying and filling memory.
 *
 * Those of Zig's compiler-rt move 16 bytes at a time, and take up to twice the time of glibc's.  Registers of 32 bytes are
 * used where the processor has them, which is found out once; until then, and for up to 128 bytes, what every processor of
 * the target has does as well.  memcpy is memmove, as in glibc: programs there have come to rely on that.
 *
 * Called before anything is set up, in signal handlers, and in children of vfork: no thread-local variables, no calls of others.
 * Every load comes before the first store that could change what it reads: ends are read before the middle is written.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "vector.h" /* of the target's folder in machine/ */

#define INLINE static inline __attribute__((always_inline))
#define NEVER_INLINE static __attribute__((noinline))

/* Without wide registers, the compiler takes two for a `wide`. */
typedef unsigned char wide __attribute__((vector_size(32)));
typedef unsigned char narrow __attribute__((vector_size(16)));

enum { NARROW = sizeof(narrow), WIDE = sizeof(wide), TURN = 4 * WIDE /* bytes that a turn of the loops moves */ };

/* Whether the processor has registers for `wide`. */
static enum { UNKNOWN, ABSENT, PRESENT } wide_registers;

/* Loads of a type from any address, and stores. */
#define LOAD(type, from)                                                                                               \
    ({                                                                                                                 \
        type loaded;                                                                                                   \
        __builtin_memcpy(&loaded, from, sizeof(type));                                                                 \
        loaded;                                                                                                        \
    })
#define STORE(to, value)                                                                                               \
    ({                                                                                                                 \
        __typeof__(value) stored = value;                                                                              \
        __builtin_memcpy(to, &stored, sizeof(stored));                                                                 \
    })

/* The first and the last bytes, which meet or overlap; all is read first. */
#define MOVE_ENDS(type, d, s, size)                                                                                    \
    ({                                                                                                                 \
        type first = LOAD(type, s), last = LOAD(type, (s) + (size) - sizeof(type));                                    \
        STORE(d, first);                                                                                               \
        STORE((d) + (size) - sizeof(type), last);                                                                      \
    })
#define FILL_ENDS(d, value, size)                                                                                      \
    ({                                                                                                                 \
        STORE(d, value);                                                                                               \
        STORE((d) + (size) - sizeof(value), value);                                                                    \
    })

/* More than TURN bytes: eight registers at most twice TURN, else a loop from that end at which nothing is overwritten
 * before it is read, with aligned stores. */
INLINE void move_many(unsigned char *d, const unsigned char *s, size_t size)
{
    unsigned char *end = d + size;
    const unsigned char *s_end = s + size;
    ptrdiff_t apart = s - d;
    if (size <= 2 * TURN) {
        wide a = LOAD(wide, s), b = LOAD(wide, s + WIDE), c = LOAD(wide, s + 2 * WIDE), e = LOAD(wide, s + 3 * WIDE);
        wide f = LOAD(wide, s_end - 4 * WIDE), g = LOAD(wide, s_end - 3 * WIDE), h = LOAD(wide, s_end - 2 * WIDE);
        wide i = LOAD(wide, s_end - WIDE);
        STORE(d, a);
        STORE(d + WIDE, b);
        STORE(d + 2 * WIDE, c);
        STORE(d + 3 * WIDE, e);
        STORE(end - 4 * WIDE, f);
        STORE(end - 3 * WIDE, g);
        STORE(end - 2 * WIDE, h);
        STORE(end - WIDE, i);
    } else if ((uintptr_t)d - (uintptr_t)s >= size) { /* also where d lies before s */
        wide first = LOAD(wide, s);
        wide a = LOAD(wide, s_end - 4 * WIDE), b = LOAD(wide, s_end - 3 * WIDE), c = LOAD(wide, s_end - 2 * WIDE);
        wide last = LOAD(wide, s_end - WIDE);
        for (unsigned char *p = d + WIDE - ((uintptr_t)d & (WIDE - 1)); end - p > TURN; p += TURN) {
            wide one = LOAD(wide, p + apart), two = LOAD(wide, p + apart + WIDE);
            wide three = LOAD(wide, p + apart + 2 * WIDE), four = LOAD(wide, p + apart + 3 * WIDE);
            STORE(p, one);
            STORE(p + WIDE, two);
            STORE(p + 2 * WIDE, three);
            STORE(p + 3 * WIDE, four);
        }
        STORE(end - 4 * WIDE, a);
        STORE(end - 3 * WIDE, b);
        STORE(end - 2 * WIDE, c);
        STORE(end - WIDE, last);
        STORE(d, first);
    } else {
        wide last = LOAD(wide, s_end - WIDE);
        wide first = LOAD(wide, s), a = LOAD(wide, s + WIDE), b = LOAD(wide, s + 2 * WIDE), c = LOAD(wide, s + 3 * WIDE);
        for (unsigned char *p = end - ((uintptr_t)end & (WIDE - 1)); p - d > TURN; p -= TURN) {
            wide one = LOAD(wide, p + apart - WIDE), two = LOAD(wide, p + apart - 2 * WIDE);
            wide three = LOAD(wide, p + apart - 3 * WIDE), four = LOAD(wide, p + apart - 4 * WIDE);
            STORE(p - WIDE, one);
            STORE(p - 2 * WIDE, two);
            STORE(p - 3 * WIDE, three);
            STORE(p - 4 * WIDE, four);
        }
        STORE(d, first);
        STORE(d + WIDE, a);
        STORE(d + 2 * WIDE, b);
        STORE(d + 3 * WIDE, c);
        STORE(end - WIDE, last);
    }
}

/* More than TURN bytes. */
INLINE void fill_many(unsigned char *d, unsigned char byte, size_t size)
{
    unsigned char *end = d + size;
    wide value = byte - (wide){};
    STORE(d, value);
    for (unsigned char *p = d + WIDE - ((uintptr_t)d & (WIDE - 1)); end - p > TURN; p += TURN) {
        STORE(p, value);
        STORE(p + WIDE, value);
        STORE(p + 2 * WIDE, value);
        STORE(p + 3 * WIDE, value);
    }
    STORE(end - 4 * WIDE, value);
    STORE(end - 3 * WIDE, value);
    STORE(end - 2 * WIDE, value);
    STORE(end - WIDE, value);
}

FOR_WIDE_REGISTERS NEVER_INLINE void *move_many_wide(void *to, const void *from, size_t size)
{
    move_many(to, from, size);
    return to;
}

NEVER_INLINE void *move_many_narrow(void *to, const void *from, size_t size)
{
    move_many(to, from, size);
    return to;
}

FOR_WIDE_REGISTERS NEVER_INLINE void *fill_many_wide(void *memory, int value, size_t size)
{
    fill_many(memory, (unsigned char)value, size);
    return memory;
}

NEVER_INLINE void *fill_many_narrow(void *memory, int value, size_t size)
{
    fill_many(memory, (unsigned char)value, size);
    return memory;
}

/* Several threads may do this at once: all come to the same. */
NEVER_INLINE int find_wide_registers(void)
{
    int found = has_wide_registers() ? PRESENT : ABSENT;
    __atomic_store_n(&wide_registers, found, __ATOMIC_RELAXED);
    return found;
}

NEVER_INLINE void *move_first(void *to, const void *from, size_t size)
{
    return (find_wide_registers() == PRESENT ? move_many_wide : move_many_narrow)(to, from, size);
}

NEVER_INLINE void *fill_first(void *memory, int value, size_t size)
{
    return (find_wide_registers() == PRESENT ? fill_many_wide : fill_many_narrow)(memory, value, size);
}

void *memmove(void *to, const void *from, size_t size)
{
    unsigned char *d = to;
    const unsigned char *s = from;
    if (size <= NARROW) {
        if (size >= 8)
            MOVE_ENDS(uint64_t, d, s, size);
        else if (size >= 4)
            MOVE_ENDS(uint32_t, d, s, size);
        else if (size >= 2)
            MOVE_ENDS(uint16_t, d, s, size);
        else if (size)
            *d = *s;
    } else if (size <= 2 * NARROW)
        MOVE_ENDS(narrow, d, s, size);
    else if (size <= 4 * NARROW) {
        const unsigned char *last = s + size - NARROW;
        narrow a = LOAD(narrow, s), b = LOAD(narrow, s + NARROW), c = LOAD(narrow, last - NARROW), e = LOAD(narrow, last);
        STORE(d, a);
        STORE(d + NARROW, b);
        STORE(d + size - 2 * NARROW, c);
        STORE(d + size - NARROW, e);
    } else if (size <= TURN) {
        const unsigned char *s_end = s + size;
        unsigned char *end = d + size;
        narrow a = LOAD(narrow, s), b = LOAD(narrow, s + NARROW), c = LOAD(narrow, s + 2 * NARROW);
        narrow e = LOAD(narrow, s + 3 * NARROW), f = LOAD(narrow, s_end - 4 * NARROW), g = LOAD(narrow, s_end - 3 * NARROW);
        narrow h = LOAD(narrow, s_end - 2 * NARROW), i = LOAD(narrow, s_end - NARROW);
        STORE(d, a);
        STORE(d + NARROW, b);
        STORE(d + 2 * NARROW, c);
        STORE(d + 3 * NARROW, e);
        STORE(end - 4 * NARROW, f);
        STORE(end - 3 * NARROW, g);
        STORE(end - 2 * NARROW, h);
        STORE(end - NARROW, i);
    } else {
        int known = __atomic_load_n(&wide_registers, __ATOMIC_RELAXED);
        return (known == PRESENT ? move_many_wide : known == ABSENT ? move_many_narrow : move_first)(to, from, size);
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) __attribute__((alias("memmove")));

void *memset(void *memory, int value, size_t size)
{
    unsigned char *d = memory, byte = (unsigned char)value;
    if (size <= NARROW) {
        uint64_t bytes = byte * 0x0101010101010101;
        if (size >= 8)
            FILL_ENDS(d, bytes, size);
        else if (size >= 4)
            FILL_ENDS(d, (uint32_t)bytes, size);
        else if (size >= 2)
            FILL_ENDS(d, (uint16_t)bytes, size);
        else if (size)
            *d = byte;
    } else if (size <= TURN) {
        narrow bytes = byte - (narrow){};
        FILL_ENDS(d, bytes, size);
        if (size > 2 * NARROW) {
            STORE(d + NARROW, bytes);
            STORE(d + size - 2 * NARROW, bytes);
        }
        if (size > 4 * NARROW) {
            STORE(d + 2 * NARROW, bytes);
            STORE(d + 3 * NARROW, bytes);
            STORE(d + size - 4 * NARROW, bytes);
            STORE(d + size - 3 * NARROW, bytes);
        }
    } else {
        int known = __atomic_load_n(&wide_registers, __ATOMIC_RELAXED);
        return (known == PRESENT ? fill_many_wide : known == ABSENT ? fill_many_narrow : fill_first)(memory, value, size);
    }
    return memory;
}
