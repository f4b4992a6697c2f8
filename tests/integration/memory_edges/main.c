/* Every function on memory and strings, compared with plain loops on operands that end where a page begins which must not be
 * touched, or begin where one ends, or lie at any distance from it.  What lies around an operand is what is searched for.
 *
 * Those of the stub and those of the C library alike: a function that is replaced one day is in the table already.  A size
 * may be more than there is where the standard says that a function stops at what it finds.  Prints the functions' names. */
#include "edges.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALL = 72, /* every size up to this one, with every position in it */
    LARGE = 600 /* and every size up to this one, with a few positions; a few larger ones */
};

static const struct row *const tables[] = {memory_rows, text_rows, wide_rows};

static const char *only; /* this row, if the program has an argument */
static const char *current;
static struct operands operands;

static void fail(const char *what)
{
    const struct operands *o = &operands;
    printf("%s %s for %zu and %zu, position %zu, byte %d\n", current, what, o->size, o->size_of_b, o->position, o->byte);
    exit(1);
}

/* No function below is one that a signal must not interrupt: this is the end of the test. */
static void left_its_pages(int number)
{
    (void)number;
    fail("left its pages");
}

static void check_all(enum kind kind)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct row *row = tables[i]; row->name != NULL; row++) {
            current = row->name;
            bool wanted = row->kinds & kind && (only == NULL || strcmp(only, row->name) == 0);
            if (wanted && !row->check(&operands))
                fail("is wrong");
        }
}

static int letter(size_t i)
{
    return 'a' + (int)(i * 7 % 13);
}

/* One of three second operands: the same, one that differs at the position, one that ends there. */
static void make(enum kind kind, size_t size, size_t position, int second)
{
    static const int others[] = {'X', 'c', 0xC3};
    struct operands *o = &operands;
    bool text = kind == TEXT || kind == WIDE, wide = kind == WIDE || kind == WIDE_MEMORY;
    size_t width = wide ? sizeof(wchar_t) : 1;
    int around = number() % 2 ? 'W' : 0, places[3];
    for (int i = 0; i < 3; i++) {
        int where = (int)(number() % (number() % 2 ? 2 : WHERE));
        places[i] = wide ? aligned(where) : where;
    }
    size_t again = number() % (2 * size); /* the byte once more, or not */
    size_t other = second == 2 ? position + 1 : size;
    *o = (struct operands){.size = size, .size_of_b = other, .position = position, .where = places[2],
                           .byte = number() % 4 ? 'W' : 'Z', .limits = {position, size, size + 1 + number() % 60, SIZE_MAX},
                           .limit_count = text ? 4 : 2};
    void *a = room_for_a(size * width, places[0], around), *b = room_for_b(other * width, places[1], around);
    for (size_t i = 0; i < size; i++) {
        int value = text && i == size - 1 ? 0 : i == position || i == again ? 'W' : letter(i);
        int change = text && i == other - 1 ? 0 : second == 1 && i == position ? others[number() % (wide ? 2 : 3)] : value;
        if (wide) {
            ((wchar_t *)a)[i] = value;
            if (i < other)
                ((wchar_t *)b)[i] = change;
        } else {
            ((unsigned char *)a)[i] = (unsigned char)value;
            if (i < other)
                ((unsigned char *)b)[i] = (unsigned char)change;
        }
    }
    o->a = a, o->b = b, o->wide = a, o->other = b;
}

int main(int argc, char **argv)
{
    only = argc > 1 ? argv[1] : NULL;
    make_pages();
    struct sigaction action = {.sa_handler = left_its_pages};
    sigaction(SIGSEGV, &action, NULL);
    static const enum kind kinds[] = {MEMORY, TEXT, WIDE_MEMORY, WIDE};
    for (int i = 0; i < 4; i++)
        for (size_t size = 1; size <= LARGE + 20; size++) {
            size_t real = size <= LARGE ? size : LARGE + number() % 1200;
            size_t step = size <= SMALL ? 1 : real / 4;
            for (size_t position = size <= SMALL ? 0 : number() % step; position < real; position += step)
                for (int second = 0; second < (kinds[i] & (MEMORY | WIDE_MEMORY) ? 2 : 3); second++)
                    for (int round = 0; round < 6; round++) {
                        make(kinds[i], real, position, second);
                        check_all(kinds[i]);
                    }
        }
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct row *row = tables[i]; row->name != NULL; row++)
            puts(row->name);
}
