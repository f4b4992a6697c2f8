/* Functions on texts of bytes, some of which also take memory that no zero byte ends. */
#define _GNU_SOURCE
#include "edges.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_A ((char *)o->a)
#define TEXT_B ((char *)o->b)

CHECK(strlen)
{
    return strlen(TEXT_A) == length(o->a, SIZE_MAX);
}

CHECK(strnlen)
{
    for EACH_LIMIT (n)
        if (strnlen(TEXT_A, n) != length(o->a, n))
            return false;
    return true;
}

CHECK(strchr)
{
    return strchr(TEXT_A, o->byte) == find(o->a, o->byte, o->size) && strchr(TEXT_A, 256) == TEXT_A + length(o->a, SIZE_MAX);
}

CHECK(index)
{
    return index(TEXT_A, o->byte) == find(o->a, o->byte, o->size);
}

CHECK(strchrnul)
{
    char *place = find(o->a, o->byte, o->size);
    return strchrnul(TEXT_A, o->byte) == (place != NULL ? place : TEXT_A + length(o->a, SIZE_MAX));
}

CHECK(strrchr)
{
    return strrchr(TEXT_A, o->byte) == find_last(o->a, o->byte, o->size) && strrchr(TEXT_A, 0) == TEXT_A + length(o->a, SIZE_MAX);
}

CHECK(rindex)
{
    return rindex(TEXT_A, o->byte) == find_last(o->a, o->byte, o->size);
}

/* A text of the one byte that is searched, and one of what else there is. */
static char *needle_text(const struct operands *o, const char *text)
{
    size_t size = strlen(text) + 2;
    char *needle = room_for_needle(size, o->where, 'a');
    needle[0] = (char)o->byte;
    for (size_t i = 1; i < size; i++)
        needle[i] = text[i - 1];
    return needle;
}

CHECK(strcspn)
{
    char *place = find(o->a, o->byte, o->size);
    size_t expected = place != NULL ? (size_t)(place - TEXT_A) : length(o->a, SIZE_MAX);
    return strcspn(TEXT_A, needle_text(o, "")) == expected && strcspn(TEXT_A, needle_text(o, "YZ")) == expected;
}

CHECK(strpbrk)
{
    char *place = find(o->a, o->byte, o->size);
    return strpbrk(TEXT_A, needle_text(o, "")) == place && strpbrk(TEXT_A, needle_text(o, "YZ")) == place;
}

CHECK(strspn)
{
    size_t expected = 0;
    while (o->a[expected] >= 'a' && o->a[expected] <= 'm')
        expected++;
    return strspn(TEXT_A, needle_text(o, "abcdefghijklm") + 1) == expected;
}

static bool finds_text(const struct operands *o, char *(*function)(const char *, const char *))
{
    size_t size = least(o->size - 1 - least(o->position, o->size - 1), number() % 300);
    unsigned char *needle = room_for_needle(size + 1, o->where, o->byte);
    for (size_t i = 0; i < size; i++)
        needle[i] = o->a[o->position + i];
    needle[size] = 0;
    if (size && number() % 2)
        needle[number() % size] = 'Q';
    char *expected = NULL;
    for (size_t i = 0; i + size < o->size && expected == NULL; i++)
        expected = same(o->a + i, needle, size) ? TEXT_A + i : NULL;
    return function(TEXT_A, (char *)needle) == expected;
}

CHECK(strstr)
{
    return finds_text(o, strstr);
}

CHECK(strcasestr)
{
    return finds_text(o, strcasestr);
}

CHECK(strcmp)
{
    int expected = order(o->a, o->b, SIZE_MAX, false);
    return sign(strcmp(TEXT_A, TEXT_B)) == expected && sign(strcmp(TEXT_B, TEXT_A)) == -expected;
}

CHECK(strcoll)
{
    return sign(strcoll(TEXT_A, TEXT_B)) == order(o->a, o->b, SIZE_MAX, false);
}

CHECK(strverscmp)
{
    return sign(strverscmp(TEXT_A, TEXT_B)) == order(o->a, o->b, SIZE_MAX, false);
}

CHECK(strcasecmp)
{
    return sign(strcasecmp(TEXT_A, TEXT_B)) == order(o->a, o->b, SIZE_MAX, true);
}

CHECK(strncmp)
{
    for EACH_LIMIT (n)
        if (sign(strncmp(TEXT_A, TEXT_B, n)) != order(o->a, o->b, n, false))
            return false;
    return true;
}

CHECK(strncasecmp)
{
    for EACH_LIMIT (n)
        if (sign(strncasecmp(TEXT_A, TEXT_B, n)) != order(o->a, o->b, n, true))
            return false;
    return true;
}

CHECK(strcpy)
{
    char *to = (char *)out(o, o->size);
    return strcpy(to, TEXT_A) == to && wrote(to, o->a, o->size);
}

CHECK(stpcpy)
{
    char *to = (char *)out(o, o->size);
    return stpcpy(to, TEXT_A) == to + o->size - 1 && wrote(to, o->a, o->size);
}

static bool copies_up_to(const struct operands *o, char *(*function)(char *, const char *, size_t), bool end)
{
    for EACH_LIMIT (n) {
        if (n > o->size + 1000)
            continue;
        char *to = (char *)out(o, n);
        size_t copied = length(o->a, n);
        add(o->a, copied);
        add_byte(0, n - copied);
        if (function(to, TEXT_A, n) != (end ? to + copied : to) || !wrote_added(to))
            return false;
    }
    return true;
}

CHECK(strncpy)
{
    return copies_up_to(o, strncpy, false);
}

CHECK(stpncpy)
{
    return copies_up_to(o, stpncpy, true);
}

CHECK(strlcpy)
{
    for EACH_LIMIT (n) {
        if (n == 0)
            continue;
        size_t copied = least(n - 1, o->size - 1);
        char *to = (char *)out(o, copied + 1);
        add(o->a, copied);
        add_byte(0, 1);
        if (strlcpy(to, TEXT_A, n) != o->size - 1 || !wrote_added(to))
            return false;
    }
    return true;
}

CHECK(strcat)
{
    char *to = (char *)out(o, o->position + o->size);
    add_byte('p', o->position);
    add(o->a, o->size);
    for (size_t i = 0; i < o->position; i++)
        to[i] = 'p';
    to[o->position] = 0;
    return strcat(to, TEXT_A) == to && wrote_added(to);
}

CHECK(strncat)
{
    for EACH_LIMIT (n) {
        size_t copied = length(o->a, n);
        char *to = (char *)out(o, o->position + copied + 1);
        add_byte('p', o->position);
        add(o->a, copied);
        add_byte(0, 1);
        for (size_t i = 0; i < o->position; i++)
            to[i] = 'p';
        to[o->position] = 0;
        if (strncat(to, TEXT_A, n) != to || !wrote_added(to))
            return false;
    }
    return true;
}

CHECK(strlcat)
{
    char *to = (char *)out(o, o->position + o->size);
    add_byte('p', o->position);
    add(o->a, o->size);
    for (size_t i = 0; i < o->position; i++)
        to[i] = 'p';
    to[o->position] = 0;
    return strlcat(to, TEXT_A, o->position + o->size) == o->position + o->size - 1 && wrote_added(to);
}

CHECK(strxfrm)
{
    char *to = (char *)out(o, o->size);
    return strxfrm(to, TEXT_A, o->size) == o->size - 1 && wrote(to, o->a, o->size);
}

CHECK(strdup)
{
    char *copy = strdup(TEXT_A);
    bool right = copy != NULL && same((unsigned char *)copy, o->a, o->size);
    free(copy);
    return right;
}

CHECK(strndup)
{
    for EACH_LIMIT (n) {
        char *copy = strndup(TEXT_A, n);
        size_t copied = length(o->a, n);
        bool right = copy != NULL && same((unsigned char *)copy, o->a, copied) && copy[copied] == 0;
        free(copy);
        if (!right)
            return false;
    }
    return true;
}

CHECK(strsep)
{
    char *to = (char *)out(o, o->size), *rest = to, *place = find(o->a, o->byte, o->size);
    for (size_t i = 0; i < o->size; i++)
        to[i] = TEXT_A[i];
    char *expected = place != NULL ? to + (place - TEXT_A) + 1 : NULL;
    return strsep(&rest, needle_text(o, "")) == to && rest == expected && (rest == NULL || rest[-1] == 0);
}

CHECK(snprintf)
{
    for EACH_LIMIT (n) {
        size_t copied = length(o->a, n);
        char *to = (char *)out(o, copied + 1);
        add(o->a, copied);
        add_byte(0, 1);
        if (snprintf(to, copied + 1, "%.*s", (int)least(n, INT32_MAX), TEXT_A) != (int)copied || !wrote_added(to))
            return false;
    }
    return true;
}

CHECK(sscanf)
{
    char *place = find(o->a, 'W', o->size);
    int read = -1, expected = (int)(place != NULL ? place - TEXT_A : (ptrdiff_t)(o->size - 1));
    sscanf(TEXT_A, "%*[^W]%n", &read);
    return read == (expected == 0 ? -1 : expected);
}

CHECK(strtol)
{
    /* All letters of its texts are digits here. */
    char *end;
    strtol(TEXT_A, &end, 36);
    return end == TEXT_A + o->size - 1;
}

CHECK(fnmatch)
{
    return (fnmatch(TEXT_A, TEXT_B, 0) == 0) == (order(o->a, o->b, SIZE_MAX, false) == 0);
}

const struct row text_rows[] = {
    ROW(TEXT, strlen), ROW(MEMORY | TEXT, strnlen), ROW(TEXT, strchr), ROW(TEXT, index), ROW(TEXT, strchrnul),
    ROW(TEXT, strrchr), ROW(TEXT, rindex), ROW(TEXT, strcspn), ROW(TEXT, strpbrk), ROW(TEXT, strspn), ROW(TEXT, strstr),
    ROW(TEXT, strcasestr), ROW(TEXT, strcmp), ROW(TEXT, strcoll), ROW(TEXT, strverscmp), ROW(TEXT, strcasecmp),
    ROW(MEMORY | TEXT, strncmp), ROW(MEMORY | TEXT, strncasecmp), ROW(TEXT, strcpy), ROW(TEXT, stpcpy),
    ROW(MEMORY | TEXT, strncpy), ROW(MEMORY | TEXT, stpncpy), ROW(TEXT, strlcpy), ROW(TEXT, strcat),
    ROW(MEMORY | TEXT, strncat), ROW(TEXT, strlcat), ROW(TEXT, strxfrm), ROW(TEXT, strdup), ROW(MEMORY | TEXT, strndup),
    ROW(TEXT, strsep), ROW(MEMORY | TEXT, snprintf), ROW(TEXT, sscanf), ROW(TEXT, strtol), ROW(TEXT, fnmatch), {0},
};
