/* Functions on memory and narrow strings that know the size of what they write to (-D_FORTIFY_SOURCE).
 * `room` is what the compiler knew of the destination; (size_t)-1 if nothing. */
#include "gnu.h"

#include <string.h>
#include <strings.h>

static void need(size_t bytes, size_t room)
{
    if (bytes > room)
        castiron_gnu_overflow();
}

void *GNU(__memcpy_chk)(void *to, const void *from, size_t n, size_t room)
{
    need(n, room);
    return memcpy(to, from, n);
}

void *GNU(__memmove_chk)(void *to, const void *from, size_t n, size_t room)
{
    need(n, room);
    return memmove(to, from, n);
}

void *GNU(__mempcpy_chk)(void *to, const void *from, size_t n, size_t room)
{
    need(n, room);
    return (char *)memcpy(to, from, n) + n;
}

void *GNU(__memset_chk)(void *to, int byte, size_t n, size_t room)
{
    need(n, room);
    return memset(to, byte, n);
}

void GNU(__explicit_bzero_chk)(void *to, size_t n, size_t room)
{
    need(n, room);
    explicit_bzero(to, n);
}

char *GNU(__strcpy_chk)(char *to, const char *from, size_t room)
{
    size_t size = strlen(from) + 1;
    need(size, room);
    return memcpy(to, from, size);
}

char *GNU(__stpcpy_chk)(char *to, const char *from, size_t room)
{
    size_t size = strlen(from) + 1;
    need(size, room);
    return (char *)memcpy(to, from, size) + size - 1;
}

char *GNU(__strncpy_chk)(char *to, const char *from, size_t n, size_t room)
{
    need(n, room);
    return strncpy(to, from, n);
}

char *GNU(__stpncpy_chk)(char *to, const char *from, size_t n, size_t room)
{
    need(n, room);
    return stpncpy(to, from, n);
}

/* What stands in `to` counts, too: `room` is that of the whole object. */
static char *append(char *to, const char *from, size_t length, size_t room)
{
    size_t before = strnlen(to, room);
    if (before >= room || length >= room - before)
        castiron_gnu_overflow();
    memcpy(to + before, from, length);
    to[before + length] = '\0';
    return to;
}

char *GNU(__strcat_chk)(char *to, const char *from, size_t room) { return append(to, from, strlen(from), room); }

char *GNU(__strncat_chk)(char *to, const char *from, size_t n, size_t room)
{
    return append(to, from, strnlen(from, n), room);
}

size_t GNU(__strlcpy_chk)(char *to, const char *from, size_t n, size_t room)
{
    need(n, room);
    return strlcpy(to, from, n);
}

size_t GNU(__strlcat_chk)(char *to, const char *from, size_t n, size_t room)
{
    need(n, room);
    return strlcat(to, from, n);
}
