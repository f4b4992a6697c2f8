/* Functions on texts and characters that are wrong in the C library (Zig's, which stand in for musl's).
 *
 * Its strncmp and wcsncmp read one character behind the size that they are given, its wcsncat all of the text; its memccpy
 * leaves the byte out that it looks for, returns no null pointer, and reads behind the byte; its strtok and wcstok go on in
 * the last text where the next one has no token; its tolower and toupper make 255 of EOF; its isascii looks at the lowest
 * byte alone (C23 7.4, 7.26, 7.31; POSIX.1-2024, memccpy, isascii).  index and rindex, which do not find the zero byte there,
 * are in memory_simd.c. */
#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <wchar.h>

#undef isascii

int strncmp(const char *left, const char *right, size_t size)
{
    const unsigned char *a = (const unsigned char *)left, *b = (const unsigned char *)right;
    for (; size != 0; a++, b++, size--)
        if (*a != *b || *a == '\0')
            return *a - *b;
    return 0;
}

int wcsncmp(const wchar_t *a, const wchar_t *b, size_t size)
{
    for (; size != 0; a++, b++, size--)
        if (*a != *b || *a == L'\0')
            return (*a > *b) - (*a < *b);
    return 0;
}

void *memccpy(void *restrict to, const void *restrict from, int byte, size_t size)
{
    const unsigned char *place = memchr(from, byte, size);
    if (place == NULL) {
        memcpy(to, from, size);
        return NULL;
    }
    size = (size_t)(place - (const unsigned char *)from) + 1;
    return (unsigned char *)memcpy(to, from, size) + size;
}

/* At the end, `rest` is the empty text behind the last token, as in glibc.  A text is written to only where a token ends
 * in it: it may be a literal. */
char *strtok_r(char *restrict text, const char *restrict separators, char **restrict rest)
{
    if (text == NULL && (text = *rest) == NULL)
        return NULL;
    text += strspn(text, separators);
    char *end = text + strcspn(text, separators);
    bool found = end != text;
    if (*end != '\0')
        *end++ = '\0';
    *rest = end;
    return found ? text : NULL;
}

char *strtok(char *restrict text, const char *restrict separators)
{
    static char *rest;
    return strtok_r(text, separators, &rest);
}

wchar_t *wcstok(wchar_t *restrict text, const wchar_t *restrict separators, wchar_t **restrict rest)
{
    if (text == NULL && (text = *rest) == NULL)
        return NULL;
    text += wcsspn(text, separators);
    wchar_t *end = text + wcscspn(text, separators);
    bool found = end != text;
    if (*end != L'\0')
        *end++ = L'\0';
    *rest = end;
    return found ? text : NULL;
}

wchar_t *wcsncat(wchar_t *restrict to, const wchar_t *restrict from, size_t size)
{
    wchar_t *end = to + wcslen(to);
    size = wcsnlen(from, size);
    wmemcpy(end, from, size);
    end[size] = L'\0';
    return to;
}

int tolower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

int toupper(int c)
{
    return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

/* Every locale of musl's has these letters alone in one byte. */
int tolower_l(int c, locale_t locale)
{
    (void)locale;
    return tolower(c);
}

int toupper_l(int c, locale_t locale)
{
    (void)locale;
    return toupper(c);
}

int __tolower_l(int c, locale_t locale) __attribute__((alias("tolower_l")));
int __toupper_l(int c, locale_t locale) __attribute__((alias("toupper_l")));

int isascii(int c)
{
    return (c & ~0x7F) == 0;
}
