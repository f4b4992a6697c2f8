/* Regular expressions with glibc's structures on musl's matcher.
 *
 * regex_t has 64 bytes in both, with re_nsub at offset 48 in glibc's and 0 in musl's; regmatch_t has ints in glibc's and longs
 * in musl's.  What musl's matcher does not have and glibc's does is refused when it is compiled: references to groups in extended
 * expressions, and classes of equivalent or of several characters. */
#include "gnu.h"

#include <limits.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

struct gnu_regex {
    regex_t *real;
    char unused[40];
    size_t re_nsub;
    unsigned char flags[8]; /* bits of what the program compiled it with: regex.h, struct re_pattern_buffer */
};
_Static_assert(sizeof(struct gnu_regex) == 64 && offsetof(struct gnu_regex, re_nsub) == 48, "glibc's regex_t");

struct gnu_match {
    int start, end;
};

enum {
    GNU_STARTEND = 1 << 2,
    /* Matches that need no memory of their own. */
    FEW = 32,
};

/* Whether an extended expression refers to a group: \1 outside of brackets. */
static int has_reference(const char *text)
{
    for (const char *at = text; *at; at++) {
        if (*at == '\\' && at[1]) {
            if (at[1] >= '1' && at[1] <= '9')
                return 1;
            at++;
        } else if (*at == '[') {
            at++;
            if (*at == '^')
                at++;
            if (*at == ']')
                at++;
            for (; *at && *at != ']'; at++)
                if (*at == '[' && (at[1] == ':' || at[1] == '.' || at[1] == '=')) {
                    char kind = at[1];
                    for (at += 2; *at && !(*at == kind && at[1] == ']'); at++)
                        ;
                    if (!*at)
                        return 0;
                    at++;
                }
            if (!*at)
                return 0;
        }
    }
    return 0;
}

int GNU(regcomp)(struct gnu_regex *regex, const char *text, int flags)
{
    memset(regex, 0, sizeof *regex);
    if (flags & REG_EXTENDED && has_reference(text)) {
        UNSUPPORTED("regcomp",
            "the C library of this binary has no references to groups (\\1) in extended expressions; it fails");
        return REG_ESUBREG;
    }
    regex_t *real = malloc(sizeof *real);
    if (!real)
        return REG_ESPACE;
    int error = regcomp(real, text, flags);
    if (error) {
        free(real);
        return error;
    }
    regex->real = real;
    regex->re_nsub = real->re_nsub;
    return 0;
}

int GNU(regexec)(const struct gnu_regex *regex, const char *text, size_t count, struct gnu_match *matches, int flags)
{
    regmatch_t few[FEW];
    regmatch_t *found = few;
    char *part = NULL;
    int shift = 0, result = REG_ESPACE;
    if (!matches)
        count = 0;
    if (flags & GNU_STARTEND) {
        /* Offsets count from the text's start; what is before it is not looked at. */
        shift = matches[0].start;
        part = strndup(text + shift, (size_t)(matches[0].end - shift));
        if (!part)
            return REG_ESPACE;
        text = part;
        flags &= ~GNU_STARTEND;
    }
    if (count > FEW)
        found = calloc(count, sizeof *found);
    if (found)
        result = regexec(regex->real, text, count, count ? found : NULL, flags);
    for (size_t i = 0; result == 0 && i < count; i++) {
        if (found[i].rm_so < 0)
            matches[i] = (struct gnu_match){-1, -1};
        else if (found[i].rm_eo > INT_MAX - shift)
            result = REG_ESPACE; /* no int holds that */
        else
            matches[i] = (struct gnu_match){(int)found[i].rm_so + shift, (int)found[i].rm_eo + shift};
    }
    if (found != few)
        free(found);
    free(part);
    return result;
}

void GNU(regfree)(struct gnu_regex *regex)
{
    if (regex->real) {
        regfree(regex->real);
        free(regex->real);
        regex->real = NULL;
    }
}

size_t GNU(regerror)(int error, const struct gnu_regex *regex, char *to, size_t size)
{
    return regerror(error, regex ? regex->real : NULL, to, size);
}

/* GNU's own interface, on which the one above stands in glibc: another matcher.  Each says so and fails. */
#define NO_MATCHER "the C library of this binary has POSIX's regular expressions alone (regcomp, regexec); it fails"

unsigned long GNU(re_syntax_options);

unsigned long GNU(re_set_syntax)(unsigned long syntax)
{
    unsigned long before = GNU(re_syntax_options);
    GNU(re_syntax_options) = syntax;
    return before;
}

const char *GNU(re_compile_pattern)(const char *text, size_t length, void *pattern)
{
    UNSUPPORTED("re_compile_pattern", NO_MATCHER);
    return "Regular expressions of this kind are not supported";
}

int GNU(re_compile_fastmap)(void *pattern)
{
    UNSUPPORTED("re_compile_fastmap", NO_MATCHER);
    return -2;
}

int GNU(re_search)(void *pattern, const char *text, int length, int start, int range, void *registers)
{
    UNSUPPORTED("re_search", NO_MATCHER);
    return -2;
}

int GNU(re_match)(void *pattern, const char *text, int length, int start, void *registers)
{
    UNSUPPORTED("re_match", NO_MATCHER);
    return -2;
}
