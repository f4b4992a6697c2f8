/* Functions on wide strings and multibyte characters that know the size of what they write to (-D_FORTIFY_SOURCE).
 * `room` counts wide characters, or bytes where the destination is narrow. */
#include "gnu.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>


static void need(size_t count, size_t room)
{
    if (count > room)
        castiron_gnu_overflow();
}

wchar_t *GNU(__wmemcpy_chk)(wchar_t *to, const wchar_t *from, size_t n, size_t room)
{
    need(n, room);
    return wmemcpy(to, from, n);
}

wchar_t *GNU(__wmemmove_chk)(wchar_t *to, const wchar_t *from, size_t n, size_t room)
{
    need(n, room);
    return wmemmove(to, from, n);
}

wchar_t *GNU(__wmempcpy_chk)(wchar_t *to, const wchar_t *from, size_t n, size_t room)
{
    need(n, room);
    return wmemcpy(to, from, n) + n;
}

wchar_t *GNU(__wmemset_chk)(wchar_t *to, wchar_t c, size_t n, size_t room)
{
    need(n, room);
    return wmemset(to, c, n);
}

wchar_t *GNU(wmempcpy)(wchar_t *to, const wchar_t *from, size_t n) { return wmemcpy(to, from, n) + n; }

wchar_t *GNU(__wcscpy_chk)(wchar_t *to, const wchar_t *from, size_t room)
{
    need(wcslen(from) + 1, room);
    return wcscpy(to, from);
}

wchar_t *GNU(__wcpcpy_chk)(wchar_t *to, const wchar_t *from, size_t room)
{
    need(wcslen(from) + 1, room);
    return wcpcpy(to, from);
}

wchar_t *GNU(__wcsncpy_chk)(wchar_t *to, const wchar_t *from, size_t n, size_t room)
{
    need(n, room);
    return wcsncpy(to, from, n);
}

wchar_t *GNU(__wcpncpy_chk)(wchar_t *to, const wchar_t *from, size_t n, size_t room)
{
    need(n, room);
    return wcpncpy(to, from, n);
}

wchar_t *GNU(__wcsncat_chk)(wchar_t *to, const wchar_t *from, size_t n, size_t room)
{
    size_t before = wcsnlen(to, room), length = wcsnlen(from, n);
    if (before >= room || length >= room - before)
        castiron_gnu_overflow();
    return wcsncat(to, from, n);
}

wchar_t *GNU(__wcscat_chk)(wchar_t *to, const wchar_t *from, size_t room)
{
    return GNU(__wcsncat_chk)(to, from, wcslen(from), room);
}

size_t GNU(__wcslcpy_chk)(wchar_t *to, const wchar_t *from, size_t n, size_t room)
{
    need(n, room);
    size_t length = wcslen(from);
    if (n > 0) {
        size_t taken = length < n ? length : n - 1;
        wmemcpy(to, from, taken);
        to[taken] = L'\0';
    }
    return length;
}

size_t GNU(wcslcpy)(wchar_t *to, const wchar_t *from, size_t n) { return GNU(__wcslcpy_chk)(to, from, n, (size_t)-1); }

size_t GNU(__wcslcat_chk)(wchar_t *to, const wchar_t *from, size_t n, size_t room)
{
    need(n, room);
    size_t before = wcsnlen(to, n);
    return before + GNU(__wcslcpy_chk)(to + before, from, n - before, room - before);
}

size_t GNU(wcslcat)(wchar_t *to, const wchar_t *from, size_t n) { return GNU(__wcslcat_chk)(to, from, n, (size_t)-1); }

size_t GNU(__wcrtomb_chk)(char *to, wchar_t c, mbstate_t *state, size_t room)
{
    /* glibc asks for room for the longest character of the locale; UTF-8's have 4 bytes. */
    need(MB_CUR_MAX, room);
    return wcrtomb(to, c, state);
}

int GNU(__wctomb_chk)(char *to, wchar_t c, size_t room)
{
    need(MB_CUR_MAX, room);
    return wctomb(to, c);
}

size_t GNU(__mbstowcs_chk)(wchar_t *to, const char *from, size_t n, size_t room)
{
    need(n, room);
    return mbstowcs(to, from, n);
}

size_t GNU(__wcstombs_chk)(char *to, const wchar_t *from, size_t n, size_t room)
{
    need(n, room);
    return wcstombs(to, from, n);
}

size_t GNU(__mbsrtowcs_chk)(wchar_t *to, const char **from, size_t n, mbstate_t *state, size_t room)
{
    need(n, room);
    return mbsrtowcs(to, from, n, state);
}

size_t GNU(__mbsnrtowcs_chk)(wchar_t *to, const char **from, size_t bytes, size_t n, mbstate_t *state, size_t room)
{
    need(n, room);
    return mbsnrtowcs(to, from, bytes, n, state);
}

size_t GNU(__wcsrtombs_chk)(char *to, const wchar_t **from, size_t n, mbstate_t *state, size_t room)
{
    need(n, room);
    return wcsrtombs(to, from, n, state);
}

size_t GNU(__wcsnrtombs_chk)(char *to, const wchar_t **from, size_t count, size_t n, mbstate_t *state, size_t room)
{
    need(n, room);
    return wcsnrtombs(to, from, count, n, state);
}
