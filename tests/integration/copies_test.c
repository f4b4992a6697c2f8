/* Compares the stub's functions that copy and fill memory with plain loops: every size up to SIZES from and to various
 * alignments, at both ends of pages that must not be left, into memory that overlaps on either side, and larger ones. */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096
#define PAGES 64
#define AROUND 64 /* bytes on both sides that must stay as they were */
#define SIZES 600
#define ROUNDS 20000

static unsigned seed = 1;
static unsigned char *pages, *low, *high, *expected;

static unsigned number(void)
{
    seed = seed * 1103515245 + 12345;
    return seed >> 8;
}

static void fill(unsigned char *memory, size_t size)
{
    for (size_t i = 0; i < size; i++)
        memory[i] = (unsigned char)(number() >> 3);
}

static void fail(const char *name, size_t size, const unsigned char *to, const unsigned char *from)
{
    printf("%s is wrong for %zu bytes to %ld from %ld\n", name, size, (long)(to - low), (long)(from - low));
    exit(1);
}

/* One call on memory between low and high, which all lies there again as it should afterwards. */
static void copies(unsigned char *to, const unsigned char *from, size_t size)
{
    const unsigned char *start = to < from ? to : from, *end = (to > from ? to : from) + size;
    start = start - low > AROUND ? start - AROUND : low;
    end = high - end > AROUND ? end + AROUND : high;
    for (const unsigned char *p = start; p < end; p++)
        expected[p - low] = *p;
    for (size_t i = 0; i < size; i++)
        expected[to - low + i] = from[i];
    bool apart = to >= from + size || from >= to + size;
    if ((size % 2 && apart ? memcpy(to, from, size) : memmove(to, from, size)) != to)
        fail("the result", size, to, from);
    for (const unsigned char *p = start; p < end; p++)
        if (expected[p - low] != *p)
            fail("memcpy or memmove", size, to, from);
}

static void fills(unsigned char *to, int byte, size_t size)
{
    unsigned char *start = to - low > AROUND ? to - AROUND : low;
    unsigned char *end = high - (to + size) > AROUND ? to + size + AROUND : high;
    for (unsigned char *p = start; p < end; p++)
        *p = (unsigned char)(byte + 1 + (p - start) % 5);
    if (memset(to, byte, size) != to)
        fail("memset", size, to, to);
    for (unsigned char *p = start; p < end; p++)
        if (*p != (p >= to && p < to + size ? (unsigned char)byte : (unsigned char)(byte + 1 + (p - start) % 5)))
            fail("memset", size, to, to);
}

int main(void)
{
    pages = mmap(0, (PAGES + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    low = pages + PAGE, high = low + PAGES * PAGE, expected = malloc(PAGES * PAGE);
    if (pages == MAP_FAILED || expected == NULL || mprotect(low, PAGES * PAGE, PROT_READ | PROT_WRITE))
        return 2;
    unsigned char *middle = low + PAGES / 2 * PAGE;
    for (size_t size = 0; size <= SIZES; size++) {
        fill(low, 2 * PAGE);
        fill(middle - PAGE, 2 * PAGE);
        fill(high - PAGE, PAGE);
        for (int aside = 0; aside < 33; aside += 1 + (int)(number() % 4)) {
            copies(low, high - size, size);
            copies(high - size, low, size);
            copies(low + aside, middle + number() % 64, size);
            copies(high - size - aside, middle + number() % 64, size);
            fills(low + aside, (int)number(), size);
            fills(high - size - aside, (int)number(), size);
        }
        for (int apart = -70; apart <= 70; apart += 1 + (int)(number() % 3))
            copies(middle + apart, middle, size);
        for (int round = 0; round < 8; round++)
            copies(middle + number() % (2 * size + 1), middle + size, size);
    }
    for (int round = 0; round < ROUNDS; round++) {
        size_t size = number() % (round % 100 ? 5000 : 25 * PAGE), start = number() % (PAGES * PAGE - size);
        size_t to = number() % 4 ? number() % (PAGES * PAGE - size) : start + number() % 300 - 150;
        if (to > PAGES * PAGE - size)
            to = start;
        fill(low + start, 64);
        copies(low + to, low + start, size);
        fills(low + start, (int)number(), size);
    }
    printf("sizes up to %d and %d others\n", SIZES, ROUNDS);
}
