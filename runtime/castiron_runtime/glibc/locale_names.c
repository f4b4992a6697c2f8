/* Names of locales.  musl takes every name and does as in C.UTF-8; glibc takes those that are installed, of which a static program
 * has none but the two that glibc brings with it.  So other names fail here as they do on a machine without them.
 *
 * The empty name means the environment's.  A user's LANG names a locale that this binary does not have as a rule, and glibc's
 * programs would stop where theirs is missing; so it stays with musl, which takes it for C.UTF-8. */
#include "locale_names.h"

#include <string.h>
#include <strings.h>

#include "gnu.h"
#include "locale_object.h"

const char *const castiron_gnu_category_names[GNU_CATEGORIES] = {
    "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE", "LC_MONETARY", "LC_MESSAGES", "LC_ALL", "LC_PAPER", "LC_NAME",
    "LC_ADDRESS", "LC_TELEPHONE", "LC_MEASUREMENT", "LC_IDENTIFICATION",
};

const char *castiron_gnu_locale_name(const char *name)
{
    if (!*name)
        return "";
    if (strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0)
        return "C";
    /* glibc compares encodings without case and hyphens. */
    if (strncmp(name, "C.", 2) == 0 && (strcasecmp(name + 2, "UTF-8") == 0 || strcasecmp(name + 2, "UTF8") == 0))
        return "C.UTF-8";
    return NULL;
}

int castiron_gnu_locale_part(const char *list, int category, char *to, unsigned long size)
{
    const char *start = list;
    if (strchr(list, '=')) {
        const char *name = castiron_gnu_category_names[category];
        size_t length = strlen(name);
        while (strncmp(start, name, length) != 0 || start[length] != '=') {
            start = strchr(start, ';');
            if (!start++)
                return 0;
        }
        start += length + 1;
    }
    size_t length = strchr(list, '=') ? strcspn(start, ";") : strlen(start);
    if (length >= size)
        return 0;
    memcpy(to, start, length);
    to[length] = '\0';
    return 1;
}
