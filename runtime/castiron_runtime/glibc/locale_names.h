/* Which names of locales there are. */
#ifndef CASTIRON_GNU_LOCALE_NAMES_H
#define CASTIRON_GNU_LOCALE_NAMES_H

/* musl's name of the locale that a program asks for by `name`, or NULL if there is none; "" (that of the environment) stays. */
const char *castiron_gnu_locale_name(const char *name);

/* The part of "LC_CTYPE=...;LC_NUMERIC=..." that is meant for a category, copied; the whole if it is no such list.
 * Returns 0 if it does not fit or the list has no such part. */
int castiron_gnu_locale_part(const char *list, int category, char *to, unsigned long size);

extern const char *const castiron_gnu_category_names[];

#endif
