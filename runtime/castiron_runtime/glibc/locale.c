/* Locales: glibc's objects on top of musl's. */
#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gnu.h"
#include "locale_names.h"
#include "locale_object.h"

#define GNU_GLOBAL ((struct gnu_locale *)-1)

enum { LONGEST_NAME = 256, ALL_MASK = 0x1fbf };

static _Thread_local struct gnu_locale *current;

locale_t castiron_gnu_real_locale(const struct gnu_locale *locale)
{
    if (!locale)
        return NULL;
    return locale == GNU_GLOBAL ? LC_GLOBAL_LOCALE : locale->real;
}

const char *castiron_gnu_category_name(const struct gnu_locale *locale, int category)
{
    if (locale && locale != GNU_GLOBAL && locale->names[category])
        return locale->names[category];
    return category < MUSL_CATEGORIES ? setlocale(category, NULL) : "C";
}

/* musl knows names of LC_CTYPE alone; `names` are those that differ from what it is. */
static void fill(struct gnu_locale *locale, locale_t real, const char *const *names)
{
    locale->real = real;
    locale->classes = castiron_gnu_classes + 128;
    locale->lower = castiron_gnu_lower + 128;
    locale->upper = castiron_gnu_upper + 128;
    for (int i = 0; i < GNU_CATEGORIES; i++) {
        if (names[i] && *names[i])
            locale->names[i] = names[i];
        else if (names[i] || !locale->names[i])
            locale->names[i] = i < MUSL_CATEGORIES ? nl_langinfo_l(NL_LOCALE_NAME(i), real) : "C";
    }
}

/* musl's mask of one category, or 0 for one that it does not have. */
static int musl_mask(int category) { return category < MUSL_CATEGORIES ? 1 << category : 0; }

struct gnu_locale *GNU(newlocale)(int mask, const char *name, struct gnu_locale *base)
{
    if (mask == 1 << LC_ALL)
        mask = ALL_MASK;
    if (mask & ~ALL_MASK || !name) {
        errno = EINVAL;
        return NULL;
    }
    /* All names first: a failure leaves the base as it is. */
    const char *names[GNU_CATEGORIES] = {0};
    for (int i = 0; i < GNU_CATEGORIES; i++) {
        char part[LONGEST_NAME];
        if (!(mask & 1 << i))
            continue;
        names[i] = castiron_gnu_locale_part(name, i, part, sizeof part) ? castiron_gnu_locale_name(part) : NULL;
        if (!names[i]) {
            errno = strchr(name, '=') && !strchr(name, ';') ? EINVAL : ENOENT;
            return NULL;
        }
    }
    struct gnu_locale *locale = base ? base : calloc(1, sizeof *locale);
    if (!locale)
        return NULL;
    locale_t real = base ? base->real : newlocale(LC_ALL_MASK, "C", NULL);
    for (int i = 0; real && i < MUSL_CATEGORIES; i++) {
        if (!names[i])
            continue;
        /* musl changes its base or gives another locale for it. */
        locale_t next = newlocale(musl_mask(i), names[i], real);
        if (!next && !base)
            freelocale(real);
        real = next;
    }
    if (!real) {
        if (!base)
            free(locale);
        return NULL;
    }
    fill(locale, real, names);
    return locale;
}

struct gnu_locale *GNU(duplocale)(struct gnu_locale *from)
{
    struct gnu_locale *locale = calloc(1, sizeof *locale);
    locale_t real = locale ? duplocale(castiron_gnu_real_locale(from)) : NULL;
    if (!real) {
        free(locale);
        return NULL;
    }
    const char *none[GNU_CATEGORIES] = {0};
    fill(locale, real, from == GNU_GLOBAL ? none : from->names);
    return locale;
}

void GNU(freelocale)(struct gnu_locale *locale)
{
    if (!locale || locale == GNU_GLOBAL)
        return;
    freelocale(locale->real);
    free(locale);
}

struct gnu_locale *GNU(uselocale)(struct gnu_locale *locale)
{
    struct gnu_locale *before = current ? current : GNU_GLOBAL;
    if (locale) {
        if (!uselocale(castiron_gnu_real_locale(locale)))
            return NULL;
        current = locale == GNU_GLOBAL ? NULL : locale;
    }
    return before;
}

/* The longest character of UTF-8 as glibc counts it. */
size_t GNU(__ctype_get_mb_cur_max)(void) { return MB_CUR_MAX > 1 ? 6 : 1; }

SAME(__newlocale, castiron_gnu_newlocale);
SAME(__duplocale, castiron_gnu_duplocale);
SAME(__freelocale, castiron_gnu_freelocale);
SAME(__uselocale, castiron_gnu_uselocale);

/* The program's locale, as glibc writes a mixed one: "LC_CTYPE=C.UTF-8;LC_NUMERIC=C;...". */
static char *all_names(void)
{
    static char text[GNU_CATEGORIES * (LONGEST_NAME + sizeof "LC_IDENTIFICATION")];
    const char *names[GNU_CATEGORIES];
    int same = 1;
    for (int i = 0; i < GNU_CATEGORIES; i++) {
        names[i] = i < MUSL_CATEGORIES ? setlocale(i, NULL) : "C";
        if (i < MUSL_CATEGORIES)
            same &= strcmp(names[i], names[0]) == 0;
    }
    if (same)
        return (char *)names[0];
    char *at = text;
    for (int i = 0; i < GNU_CATEGORIES; i++)
        if (i != LC_ALL)
            at += snprintf(at, (size_t)(text + sizeof text - at), "%s%s=%.255s", at == text ? "" : ";",
                castiron_gnu_category_names[i], names[i]);
    return text;
}

char *GNU(setlocale)(int category, const char *name)
{
    if (category < 0 || category >= GNU_CATEGORIES)
        return NULL;
    if (category >= MUSL_CATEGORIES && category != LC_ALL) {
        const char *found = name ? castiron_gnu_locale_name(name) : "C";
        return found ? "C" : NULL;
    }
    if (!name)
        return category == LC_ALL ? all_names() : setlocale(category, NULL);
    int first = category == LC_ALL ? 0 : category, last = category == LC_ALL ? MUSL_CATEGORIES - 1 : category;
    for (int i = first; i <= last; i++) {
        char part[LONGEST_NAME];
        if (!castiron_gnu_locale_part(name, i, part, sizeof part) || !castiron_gnu_locale_name(part))
            return NULL;
    }
    for (int i = first; i <= last; i++) {
        char part[LONGEST_NAME];
        castiron_gnu_locale_part(name, i, part, sizeof part);
        if (!setlocale(i, castiron_gnu_locale_name(part)))
            return NULL;
    }
    return category == LC_ALL ? all_names() : setlocale(category, NULL);
}
