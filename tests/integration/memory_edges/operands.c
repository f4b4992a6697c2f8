#include "edges.h"

#include <stdlib.h>
#include <sys/mman.h>

enum {
    PAGE = 4096,
    PAGES = 4,       /* of an operand */
    AROUND = 64,     /* bytes on both sides that are filled */
    UNTOUCHED = 0xEE /* around what is written */
};

enum region { A, B, OUT, NEEDLE, REGIONS };

static unsigned char *lows[REGIONS];

static unsigned seed = 1;

unsigned number(void)
{
    seed = seed * 1103515245 + 12345;
    return seed >> 8;
}

int sign(int value)
{
    return (value > 0) - (value < 0);
}

size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void *room(enum region region, size_t bytes, int where, int around)
{
    unsigned char *low = lows[region], *high = low + PAGES * PAGE;
    unsigned char *at = where == BEGIN ? low : where == END ? high - bytes : low + where;
    for (int i = 0; i < AROUND; i++) {
        if (at - low > i)
            at[-1 - i] = (unsigned char)around;
        if (high - (at + bytes) > i)
            at[bytes + i] = (unsigned char)around;
    }
    return at;
}

void make_pages(void)
{
    for (int region = 0; region < REGIONS; region++) {
        unsigned char *pages = mmap(0, (PAGES + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages == MAP_FAILED || mprotect(pages + PAGE, PAGES * PAGE, PROT_READ | PROT_WRITE))
            abort();
        lows[region] = pages + PAGE;
    }
}

void *room_for_a(size_t bytes, int where, int around)
{
    return room(A, bytes, where, around);
}

void *room_for_b(size_t bytes, int where, int around)
{
    return room(B, bytes, where, around);
}

void *room_for_needle(size_t bytes, int where, int around)
{
    return room(NEEDLE, bytes, where, around);
}

int aligned(int where)
{
    return where <= END ? where : where & ~(int)(sizeof(wchar_t) - 1);
}

unsigned char *out(const struct operands *o, size_t bytes)
{
    return room(OUT, bytes, o->where, UNTOUCHED);
}

wchar_t *wide_out(const struct operands *o, size_t count)
{
    return room(OUT, count * sizeof(wchar_t), aligned(o->where), UNTOUCHED);
}

bool same(const unsigned char *a, const unsigned char *b, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

bool wrote(const void *memory, const void *content, size_t bytes)
{
    const unsigned char *at = memory, *low = lows[OUT], *high = low + PAGES * PAGE;
    for (int i = 0; i < AROUND; i++)
        if ((at - low > i && at[-1 - i] != UNTOUCHED) || (high - (at + bytes) > i && at[bytes + i] != UNTOUCHED))
            return false;
    return same(at, content, bytes);
}

/* What was added. */
static unsigned char content[PAGES * PAGE];
static size_t filled;

void add(const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        content[filled++] = ((const unsigned char *)bytes)[i];
}

void add_byte(int byte, size_t times)
{
    while (times-- > 0)
        content[filled++] = (unsigned char)byte;
}

bool wrote_added(const void *memory)
{
    size_t size = filled;
    filled = 0;
    return wrote(memory, content, size);
}

void *find(const unsigned char *a, int byte, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (a[i] == byte)
            return (void *)(a + i);
    return NULL;
}

void *find_last(const unsigned char *a, int byte, size_t size)
{
    while (size-- > 0)
        if (a[size] == byte)
            return (void *)(a + size);
    return NULL;
}

size_t length(const unsigned char *a, size_t limit)
{
    size_t i = 0;
    while (i < limit && a[i])
        i++;
    return i;
}

size_t wide_length(const wchar_t *a, size_t limit)
{
    size_t i = 0;
    while (i < limit && a[i])
        i++;
    return i;
}

wchar_t *wide_find(const wchar_t *a, int c, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (a[i] == c)
            return (wchar_t *)a + i;
    return NULL;
}

static int folded(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

int order(const unsigned char *a, const unsigned char *b, size_t limit, bool fold)
{
    for (size_t i = 0; i < limit; i++) {
        int left = fold ? folded(a[i]) : a[i], right = fold ? folded(b[i]) : b[i];
        if (left != right || left == 0)
            return sign(left - right);
    }
    return 0;
}

int wide_order(const wchar_t *a, const wchar_t *b, size_t limit, bool text, bool fold)
{
    for (size_t i = 0; i < limit; i++) {
        int left = fold ? folded(a[i]) : a[i], right = fold ? folded(b[i]) : b[i];
        if (left != right || (text && left == 0))
            return sign(left - right);
    }
    return 0;
}
