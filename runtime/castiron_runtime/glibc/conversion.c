/* iconv.  glibc stops at a character that the other encoding does not have (EILSEQ); what follows slashes in a name
 * asks to replace ("//TRANSLIT") or drop ("//IGNORE") it.  musl always writes an asterisk and counts.  So where the other
 * encoding does not have all of Unicode, characters are converted one by one, and its asterisks taken back. */
#include "gnu.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LONGEST_NAME = 64, LONGEST_CHARACTER = 16 };

struct conversion {
    iconv_t real;
    int whole; /* the other encoding has every character */
    int ignore;
    int transliterate;
};

/* Copy the name up to its slashes; 0 if it is longer than any encoding's. */
static int copy_name(char *to, const char *name)
{
    size_t length = strcspn(name, "/");
    if (length >= LONGEST_NAME)
        return 0;
    memcpy(to, name, length);
    to[length] = '\0';
    return 1;
}

iconv_t GNU(iconv_open)(const char *to, const char *from)
{
    char plain_to[LONGEST_NAME], plain_from[LONGEST_NAME];
    if (!copy_name(plain_to, to) || !copy_name(plain_from, from)) {
        errno = EINVAL;
        return (iconv_t)-1;
    }
    struct conversion *conversion = malloc(sizeof *conversion);
    if (!conversion)
        return (iconv_t)-1;
    const char *suffix = to + strcspn(to, "/");
    *conversion = (struct conversion){
        .real = iconv_open(plain_to, plain_from),
        .whole = strncasecmp(plain_to, "utf", 3) == 0 || strncasecmp(plain_to, "ucs", 3) == 0
            || strcasecmp(plain_to, "wchar_t") == 0 || plain_to[0] == '\0',
        .ignore = strcasestr(suffix, "IGNORE") != NULL,
        .transliterate = strcasestr(suffix, "TRANSLIT") != NULL,
    };
    if (conversion->real == (iconv_t)-1) {
        free(conversion);
        return (iconv_t)-1;
    }
    return (iconv_t)conversion;
}

int GNU(iconv_close)(iconv_t descriptor)
{
    struct conversion *conversion = (struct conversion *)descriptor;
    int result = iconv_close(conversion->real);
    free(conversion);
    return result;
}

/* One character: 0, or -1 and errno as iconv's, or 1 if musl put an asterisk, which is not counted as written. */
static int convert_one(iconv_t real, char **from, size_t *from_left, char **to, size_t *to_left)
{
    size_t most = *from_left < LONGEST_CHARACTER ? *from_left : LONGEST_CHARACTER;
    for (size_t n = 1; n <= most; n++) {
        char *in = *from, *out = *to;
        size_t in_left = n, out_left = *to_left;
        size_t result = iconv(real, &in, &in_left, &out, &out_left);
        if (result == (size_t)-1) {
            if (errno == EINVAL && n < *from_left)
                continue;
            return -1;
        }
        *from_left -= (size_t)(in - *from);
        *from = in;
        if (result != 0)
            return 1;
        *to = out;
        *to_left = out_left;
        return 0;
    }
    errno = EILSEQ;
    return -1;
}

size_t GNU(iconv)(iconv_t descriptor, char **from, size_t *from_left, char **to, size_t *to_left)
{
    struct conversion *conversion = (struct conversion *)descriptor;
    if (conversion->whole || !from || !*from)
        return iconv(conversion->real, from, from_left, to, to_left);
    size_t replaced = 0;
    int dropped = 0;
    while (*from_left > 0) {
        char *before = *from;
        size_t before_left = *from_left;
        int result = convert_one(conversion->real, from, from_left, to, to_left);
        if (result < 0)
            return (size_t)-1;
        if (result == 0)
            continue;
        if (conversion->transliterate) {
            if (*to_left == 0) {
                *from = before;
                *from_left = before_left;
                errno = E2BIG;
                return (size_t)-1;
            }
            *(*to)++ = '?';
            --*to_left;
            replaced++;
        } else if (conversion->ignore) {
            dropped = 1;
        } else {
            *from = before;
            *from_left = before_left;
            errno = EILSEQ;
            return (size_t)-1;
        }
    }
    if (dropped) {
        errno = EILSEQ;
        return (size_t)-1;
    }
    return replaced;
}
