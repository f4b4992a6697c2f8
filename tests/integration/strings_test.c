/* Compares the stub's functions on memory with plain loops, at both ends of pages that must not be left. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096
#define ROUNDS 200000

static unsigned seed = 1;

static unsigned number(void)
{
    seed = seed * 1103515245 + 12345;
    return seed >> 8;
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void fail(const char *name, size_t size)
{
    printf("%s is wrong for %zu bytes\n", name, size);
    exit(1);
}

int main(void)
{
    unsigned char *pages = mmap(0, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char *low = pages + PAGE, *high = pages + 3 * PAGE, *copy = malloc(PAGE);
    if (pages == MAP_FAILED || copy == NULL || mprotect(low, 2 * PAGE, PROT_READ | PROT_WRITE))
        return 2;
    for (int round = 0; round < ROUNDS; round++) {
        size_t size = number() % (number() % 16 ? 200 : 3000), i;
        size_t aside = number() % 2 ? 0 : number() % 40;
        unsigned char *memory = number() % 2 ? high - size - aside : low + aside;
        for (i = 0; i < size; i++)
            memory[i] = copy[i] = number() % 5 ? 1 : (unsigned char)number();
        int byte = number() % 3 ? 1 : number() % 256;
        for (i = 0; i < size && memory[i] != byte; i++)
            ;
        if (memchr(memory, byte, size) != (i < size ? memory + i : NULL))
            fail("memchr", size);
        /* It must not look behind the byte, whatever the size (C11 7.24.5.1): sscanf and strnlen rely on it. */
        if (i < size && memchr(memory, byte, size + number() % 1000) != memory + i)
            fail("memchr of more than there is", size);
        for (i = size; i > 0 && memory[i - 1] != byte; i--)
            ;
        if (memrchr(memory, byte, size) != (i > 0 ? memory + i - 1 : NULL))
            fail("memrchr", size);
        if (size && number() % 2)
            copy[number() % size] ^= (unsigned char)number();
        for (i = 0; i < size && memory[i] == copy[i]; i++)
            ;
        int expected = i < size ? memory[i] - copy[i] : 0;
        if (sign(memcmp(memory, copy, size)) != sign(expected) || sign(memcmp(copy, memory, size)) != -sign(expected))
            fail("memcmp", size);
        if (!bcmp(memory, copy, size) != !expected)
            fail("bcmp", size);
        if (size) {
            memory[size - 1] = 0;
            for (i = 0; memory[i]; i++)
                ;
            if (strlen((char *)memory) != i)
                fail("strlen", size);
            char *text = (char *)memory, *first = NULL, *last = NULL;
            for (size_t at = 0; at <= i; at++)
                if (memory[at] == byte) {
                    first = first != NULL ? first : text + at;
                    last = text + at;
                }
            if (strchr(text, byte) != first || strrchr(text, byte - 256) != last)
                fail("strchr", size);
            if (strchrnul(text, byte) != (first != NULL ? first : text + i))
                fail("strchrnul", size);
        }
    }
    low[5] = 'q';
    if (memchr(low, 'q', (size_t)-1) == NULL)
        fail("memchr", (size_t)-1);
    printf("%d rounds\n", ROUNDS);
}
