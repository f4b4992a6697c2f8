/* Operands of functions on memory and strings, and plain loops that say what comes of them. */
#ifndef CASTIRON_TEST_EDGES_H
#define CASTIRON_TEST_EDGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

enum kind { MEMORY = 1, TEXT = 2, WIDE_MEMORY = 4, WIDE = 8 /* a text */ };

struct operands {
    unsigned char *a, *b; /* of a text, the last byte is zero; b is a, or differs at `position`, or ends there */
    wchar_t *wide, *other; /* the same as wide characters */
    size_t size, size_of_b; /* bytes, or wide characters */
    size_t position;
    int byte; /* at `position` in a, or nowhere */
    int where; /* what is written lies */
    size_t limits[4]; /* what may be said of the size of a */
    int limit_count;
};

/* A function, and whether it does with operands of these kinds what it should. */
struct row {
    const char *name;
    int kinds;
    bool (*check)(const struct operands *);
};

/* Of memory.c, strings.c and wide.c; each ends with a row without a name. */
extern const struct row memory_rows[], text_rows[], wide_rows[];

#define CHECK(name) static bool check_##name(const struct operands *o)
#define ROW(kinds, name) {#name, kinds, check_##name}
#define EACH_LIMIT(n) (int i = 0, go = 1; i < o->limit_count; i++, go = 1) for (size_t n = o->limits[i]; go; go = 0)
#define BYTES(count) ((count) * sizeof(wchar_t))

unsigned number(void); /* at random, and the same in each run */

/* Where an operand lies, from its beginning: at that of the pages, or wherever it must to end with them, or that far behind
 * the beginning. */
enum where { BEGIN, END, WHERE = 19 };
int aligned(int where); /* the same for wide characters */

/* Room for operands, with bytes around them that are what is searched for, or that no function may write. */
void make_pages(void);
void *room_for_a(size_t bytes, int where, int around);
void *room_for_b(size_t bytes, int where, int around);
void *room_for_needle(size_t bytes, int where, int around);
unsigned char *out(const struct operands *o, size_t bytes);
wchar_t *wide_out(const struct operands *o, size_t count);

/* Whether what out() gave has this content, and nothing was written around it; also content that was added in parts. */
bool wrote(const void *memory, const void *content, size_t bytes);
void add(const void *bytes, size_t size);
void add_byte(int byte, size_t times);
bool wrote_added(const void *memory);

int sign(int value);
size_t least(size_t a, size_t b);
bool same(const unsigned char *a, const unsigned char *b, size_t size);
void *find(const unsigned char *a, int byte, size_t size);
void *find_last(const unsigned char *a, int byte, size_t size);
wchar_t *wide_find(const wchar_t *a, int c, size_t size);
size_t length(const unsigned char *a, size_t limit);
size_t wide_length(const wchar_t *a, size_t limit);
/* The sign of the difference, of texts up to where they end. */
int order(const unsigned char *a, const unsigned char *b, size_t limit, bool fold);
int wide_order(const wchar_t *a, const wchar_t *b, size_t limit, bool text, bool fold);

#endif
