/* glibc's locale_t.  Its C++ library reads the character tables and the names out of it. */
#ifndef CASTIRON_GNU_LOCALE_OBJECT_H
#define CASTIRON_GNU_LOCALE_OBJECT_H

#include <locale.h>
#include <stdint.h>

enum {
    /* Categories: musl has those up to LC_MESSAGES (5); 6 is LC_ALL, those behind it are glibc's (paper, names ...). */
    GNU_CATEGORIES = 13,
    MUSL_CATEGORIES = 6,
};

/* bits/types/__locale_t.h; the last member is ours. */
struct gnu_locale {
    const void *data[GNU_CATEGORIES];
    const uint16_t *classes;
    const int32_t *lower, *upper;
    const char *names[GNU_CATEGORIES];
    locale_t real;
};

/* Of bytes from -128 to 255, index 128 for 0: ctype.c. */
extern const uint16_t castiron_gnu_classes[384];
extern const int32_t castiron_gnu_lower[384], castiron_gnu_upper[384];

/* musl's locale: of a locale of ours, of LC_GLOBAL_LOCALE, or none. */
locale_t castiron_gnu_real_locale(const struct gnu_locale *locale);

/* The name of a category, of an object or of the program. */
const char *castiron_gnu_category_name(const struct gnu_locale *locale, int category);

#endif
