/* What a locale says of itself: glibc's items beyond those that musl has, which glibc's C++ library asks for when a locale has a
 * name.  All of them are those of glibc's "C"; C.UTF-8's are the same. */
#include <langinfo.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "gnu.h"
#include "locale_object.h"

/* Items of a category, by glibc's langinfo.h. */
enum {
    CTYPE_MB_CUR_MAX = 13,
    NUMERIC_GROUPING = 2,
    NUMERIC_POINT_WIDE = 3,
    NUMERIC_SEPARATOR_WIDE = 4,
    TIME_NARROW = 52, /* what is below is narrow, and musl has it */
    TIME_WIDE_END = 101,
    TIME_DATE = 108,
    TIME_DATE_WIDE = 109,
    TIME_CODESET = 110,
    TIME_OTHER_MONTHS = 111,
    MONETARY_FIRST_NUMBER = 7,
    MONETARY_LAST_NUMBER = 37,
    MONETARY_CURRENCY = 15,
    MONETARY_POINT_WIDE = 0x2b,
    MONETARY_SEPARATOR_WIDE = 0x2c,
    MESSAGES_LAST = 3,
};

static const wchar_t *const wide_time[] = {
    L"Sun", L"Mon", L"Tue", L"Wed", L"Thu", L"Fri", L"Sat",
    L"Sunday", L"Monday", L"Tuesday", L"Wednesday", L"Thursday", L"Friday", L"Saturday",
    L"Jan", L"Feb", L"Mar", L"Apr", L"May", L"Jun", L"Jul", L"Aug", L"Sep", L"Oct", L"Nov", L"Dec",
    L"January", L"February", L"March", L"April", L"May", L"June", L"July", L"August", L"September", L"October",
    L"November", L"December",
    L"AM", L"PM", L"%a %b %e %H:%M:%S %Y", L"%m/%d/%y", L"%H:%M:%S", L"%I:%M:%S %p",
    L"", L"", L"", L"", L"",
};
_Static_assert(sizeof wide_time / sizeof *wide_time == TIME_WIDE_END - TIME_NARROW, "one for each item");

/* An empty text of both kinds. */
static const wchar_t empty[1];

static char *word(uintptr_t value) { return (char *)value; }

/* musl's own; the program's locale has no object. */
static char *musl(nl_item item, locale_t locale)
{
    return locale && locale != LC_GLOBAL_LOCALE ? nl_langinfo_l(item, locale) : nl_langinfo(item);
}

static char *codeset(locale_t locale)
{
    char *name = musl(CODESET, locale);
    return strcmp(name, "ASCII") == 0 ? "ANSI_X3.4-1968" : name;
}

static char *of_time(int item, locale_t locale)
{
    if (item >= TIME_NARROW && item < TIME_WIDE_END)
        return (char *)wide_time[item - TIME_NARROW];
    if (item == TIME_DATE)
        return "%a %b %e %H:%M:%S %Z %Y";
    if (item == TIME_DATE_WIDE)
        return (char *)L"%a %b %e %H:%M:%S %Z %Y";
    if (item == TIME_CODESET)
        return codeset(locale);
    if (item >= TIME_OTHER_MONTHS && item < TIME_OTHER_MONTHS + 12)
        return musl(MON_1 + item - TIME_OTHER_MONTHS, locale);
    return (char *)empty;
}

static char *of_money(int item)
{
    if (item == MONETARY_CURRENCY)
        return "-";
    if (item >= MONETARY_FIRST_NUMBER && item <= MONETARY_LAST_NUMBER && item != 22 && item != 23)
        return "\377";
    if (item == MONETARY_POINT_WIDE || item == MONETARY_SEPARATOR_WIDE)
        return word(0);
    return (char *)empty;
}

char *GNU(nl_langinfo_l)(nl_item item, const struct gnu_locale *locale)
{
    locale_t real = castiron_gnu_real_locale(locale);
    int category = item >> 16, number = item & 0xffff;
    if (number == 0xffff)
        return category < MUSL_CATEGORIES ? musl(item, real) : "C";
    switch (category) {
    case LC_CTYPE:
        if (item == CODESET)
            return codeset(real);
        return number == CTYPE_MB_CUR_MAX ? word(MB_CUR_MAX) : (char *)empty;
    case LC_NUMERIC:
        if (number == NUMERIC_POINT_WIDE)
            return word(L'.');
        if (number == NUMERIC_SEPARATOR_WIDE)
            return word(0);
        return number < NUMERIC_GROUPING ? musl(item, real) : (char *)empty;
    case LC_TIME:
        if (item == D_T_FMT)
            return "%a %b %e %H:%M:%S %Y";
        return number < ERA - ABDAY_1 ? musl(item, real) : of_time(number, real);
    case LC_MONETARY:
        return of_money(number);
    case LC_MESSAGES:
        return number <= MESSAGES_LAST ? musl(item, real) : (char *)empty;
    default:
        return (char *)empty;
    }
}

/* Of the thread's locale. */
char *GNU(nl_langinfo)(nl_item item)
{
    struct gnu_locale of_thread = {.real = uselocale(NULL)};
    return GNU(nl_langinfo_l)(item, &of_thread);
}

SAME(__nl_langinfo_l, castiron_gnu_nl_langinfo_l);

/* What the message catalogs of glibc's gettext count; programs that change catalogs add to it. */
int GNU(_nl_msg_cat_cntr);
