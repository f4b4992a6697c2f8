/* Functions on wide characters. */
#define _GNU_SOURCE
#include "edges.h"

#include <stdlib.h>
#include <string.h>

CHECK(mbstowcs)
{
    wchar_t *to = wide_out(o, o->size);
    if (mbstowcs(to, (char *)o->a, o->size) != o->size - 1)
        return false;
    for (size_t i = 0; i < o->size; i++)
        add(&(wchar_t){o->a[i]}, sizeof(wchar_t));
    return wrote_added(to) && mbstowcs(NULL, (char *)o->a, 0) == o->size - 1;
}

CHECK(wcstombs)
{
    char *to = (char *)out(o, o->size);
    if (wcstombs(to, o->wide, o->size) != o->size - 1)
        return false;
    for (size_t i = 0; i < o->size; i++)
        add_byte(o->wide[i], 1);
    return wrote_added(to) && wcstombs(NULL, o->wide, 0) == o->size - 1;
}

CHECK(wcslen)
{
    return wcslen(o->wide) == o->size - 1;
}

CHECK(wcsnlen)
{
    for EACH_LIMIT (n)
        if (wcsnlen(o->wide, n) != wide_length(o->wide, n))
            return false;
    return true;
}

CHECK(wcschr)
{
    return wcschr(o->wide, o->byte) == wide_find(o->wide, o->byte, o->size) && wcschr(o->wide, 0) == o->wide + o->size - 1;
}

CHECK(wcsrchr)
{
    wchar_t *expected = NULL;
    for (size_t i = 0; i < o->size; i++)
        if (o->wide[i] == o->byte)
            expected = o->wide + i;
    return wcsrchr(o->wide, o->byte) == expected;
}

CHECK(wmemchr)
{
    return wmemchr(o->wide, o->byte, o->size) == wide_find(o->wide, o->byte, o->size);
}

CHECK(wmemcmp)
{
    size_t size = least(o->size, o->size_of_b);
    return sign(wmemcmp(o->wide, o->other, size)) == wide_order(o->wide, o->other, size, false, false);
}

CHECK(wcscmp)
{
    return sign(wcscmp(o->wide, o->other)) == wide_order(o->wide, o->other, SIZE_MAX, true, false);
}

CHECK(wcscoll)
{
    return sign(wcscoll(o->wide, o->other)) == wide_order(o->wide, o->other, SIZE_MAX, true, false);
}

CHECK(wcscasecmp)
{
    return sign(wcscasecmp(o->wide, o->other)) == wide_order(o->wide, o->other, SIZE_MAX, true, true);
}

CHECK(wcsncmp)
{
    for EACH_LIMIT (n)
        if (sign(wcsncmp(o->wide, o->other, n)) != wide_order(o->wide, o->other, n, true, false))
            return false;
    return true;
}

CHECK(wcsncasecmp)
{
    for EACH_LIMIT (n)
        if (sign(wcsncasecmp(o->wide, o->other, n)) != wide_order(o->wide, o->other, n, true, true))
            return false;
    return true;
}

static wchar_t *wide_needle(const struct operands *o)
{
    wchar_t *needle = room_for_needle(BYTES(2), aligned(o->where), 'a');
    needle[0] = o->byte;
    needle[1] = 0;
    return needle;
}

CHECK(wcscspn)
{
    wchar_t *place = wide_find(o->wide, o->byte, o->size);
    return wcscspn(o->wide, wide_needle(o)) == (place != NULL ? (size_t)(place - o->wide) : o->size - 1);
}

CHECK(wcsspn)
{
    size_t expected = 0;
    while (o->wide[expected] == o->byte)
        expected++;
    return wcsspn(o->wide, wide_needle(o)) == expected;
}

CHECK(wcspbrk)
{
    return wcspbrk(o->wide, wide_needle(o)) == wide_find(o->wide, o->byte, o->size);
}

CHECK(wcsstr)
{
    size_t size = least(o->size - 1 - least(o->position, o->size - 1), number() % 300);
    wchar_t *needle = room_for_needle(BYTES(size + 1), aligned(o->where), o->byte), *expected = NULL;
    for (size_t i = 0; i < size; i++)
        needle[i] = o->wide[o->position + i];
    needle[size] = 0;
    if (size && number() % 2)
        needle[number() % size] = 'Q';
    for (size_t i = 0; i + size < o->size && expected == NULL; i++)
        expected = wide_order(o->wide + i, needle, size, false, false) == 0 ? o->wide + i : NULL;
    return wcsstr(o->wide, needle) == expected;
}

CHECK(wmemcpy)
{
    wchar_t *to = wide_out(o, o->size);
    return wmemcpy(to, o->wide, o->size) == to && wrote(to, o->wide, BYTES(o->size));
}

CHECK(wmemmove)
{
    wchar_t *to = wide_out(o, o->size);
    return wmemmove(to, o->wide, o->size) == to && wrote(to, o->wide, BYTES(o->size));
}

CHECK(wmemset)
{
    wchar_t *to = wide_out(o, o->size);
    for (size_t i = 0; i < o->size; i++)
        add(&(wchar_t){o->byte}, sizeof(wchar_t));
    return wmemset(to, o->byte, o->size) == to && wrote_added(to);
}

CHECK(wcscpy)
{
    wchar_t *to = wide_out(o, o->size);
    return wcscpy(to, o->wide) == to && wrote(to, o->wide, BYTES(o->size));
}

CHECK(wcpcpy)
{
    wchar_t *to = wide_out(o, o->size);
    return wcpcpy(to, o->wide) == to + o->size - 1 && wrote(to, o->wide, BYTES(o->size));
}

static bool wide_copies_up_to(const struct operands *o, wchar_t *(*function)(wchar_t *, const wchar_t *, size_t), bool end)
{
    for EACH_LIMIT (n) {
        if (n > o->size + 1000)
            continue;
        wchar_t *to = wide_out(o, n);
        size_t copied = wide_length(o->wide, n);
        add(o->wide, BYTES(copied));
        add_byte(0, BYTES(n - copied));
        wchar_t *result = function(to, o->wide, n);
        if ((end ? result != to + copied : result != to) || !wrote_added(to))
            return false;
    }
    return true;
}

CHECK(wcsncpy)
{
    return wide_copies_up_to(o, wcsncpy, false);
}

CHECK(wcpncpy)
{
    return wide_copies_up_to(o, wcpncpy, true);
}

CHECK(wcscat)
{
    wchar_t *to = wide_out(o, o->position + o->size);
    for (size_t i = 0; i < o->position; i++)
        to[i] = 'p';
    to[o->position] = 0;
    add(to, BYTES(o->position));
    add(o->wide, BYTES(o->size));
    return wcscat(to, o->wide) == to && wrote_added(to);
}

CHECK(wcsncat)
{
    for EACH_LIMIT (n) {
        size_t copied = wide_length(o->wide, n);
        wchar_t *to = wide_out(o, o->position + copied + 1);
        for (size_t i = 0; i < o->position; i++)
            to[i] = 'p';
        to[o->position] = 0;
        add(to, BYTES(o->position));
        add(o->wide, BYTES(copied));
        add_byte(0, sizeof(wchar_t));
        if (wcsncat(to, o->wide, n) != to || !wrote_added(to))
            return false;
    }
    return true;
}

CHECK(wcsdup)
{
    wchar_t *copy = wcsdup(o->wide);
    bool right = copy != NULL && wide_order(copy, o->wide, o->size, false, false) == 0;
    free(copy);
    return right;
}

const struct row wide_rows[] = {
    ROW(TEXT, mbstowcs), ROW(WIDE, wcstombs), ROW(WIDE, wcslen), ROW(WIDE_MEMORY | WIDE, wcsnlen), ROW(WIDE, wcschr), ROW(WIDE, wcsrchr),
    ROW(WIDE_MEMORY, wmemchr), ROW(WIDE_MEMORY, wmemcmp), ROW(WIDE, wcscmp), ROW(WIDE, wcscoll), ROW(WIDE, wcscasecmp), ROW(WIDE_MEMORY | WIDE, wcsncmp),
    ROW(WIDE_MEMORY | WIDE, wcsncasecmp), ROW(WIDE, wcscspn), ROW(WIDE, wcsspn), ROW(WIDE, wcspbrk), ROW(WIDE, wcsstr), ROW(WIDE_MEMORY, wmemcpy),
    ROW(WIDE_MEMORY, wmemmove), ROW(WIDE_MEMORY, wmemset), ROW(WIDE, wcscpy), ROW(WIDE, wcpcpy), ROW(WIDE_MEMORY | WIDE, wcsncpy), ROW(WIDE_MEMORY | WIDE, wcpncpy),
    ROW(WIDE, wcscat), ROW(WIDE_MEMORY | WIDE, wcsncat), ROW(WIDE, wcsdup), {0},
};
