/* Locales, kinds of characters, what a locale says of itself. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

#include "abi.h"

static void characters(void)
{
    unsigned hash = 0;
    for (int c = -128; c < 256; c++) {
        unsigned kind = (*__ctype_b_loc())[c];
        hash = hash * 31 + kind;
        hash = hash * 31 + (unsigned)(*__ctype_tolower_loc())[c];
        hash = hash * 31 + (unsigned)(*__ctype_toupper_loc())[c];
    }
    printf("tables %u toupper %d %d %d tolower %d %d\n", hash, toupper('q'), toupper(EOF), toupper(0xe9), tolower('Q'), tolower(EOF));
    unsigned wide = 0;
    for (wint_t c = 0; c < 128; c++)
        wide = wide * 33 + (iswalpha(c) != 0) + 2 * (iswdigit(c) != 0) + 4 * (iswspace(c) != 0) + 8 * (iswpunct(c) != 0) + 16 * towupper(c);
    printf("wide %u\n", wide);
}

static void object(const char *name)
{
    errno = 0;
    locale_t locale = newlocale(LC_ALL_MASK, name, NULL);
    printf("newlocale(%s) %d %d\n", name, locale != NULL, locale ? 0 : errno);
    if (!locale)
        return;
    printf("names %s %s tables %d\n", locale->__names[LC_CTYPE], locale->__names[LC_PAPER],
        (locale->__ctype_b['x'] & _ISalpha) != 0 && locale->__ctype_toupper['x'] == 'X' && locale->__ctype_tolower['X'] == 'x');
    const nl_item items[] = {CODESET, RADIXCHAR, THOUSEP, ABDAY_1, DAY_7, ABMON_12, MON_1, AM_STR, D_T_FMT, D_FMT, T_FMT, T_FMT_AMPM, YESEXPR, NOEXPR, CRNCYSTR, __INT_CURR_SYMBOL, __MON_DECIMAL_POINT, __FRAC_DIGITS, __INT_N_SIGN_POSN, _DATE_FMT, NL_LOCALE_NAME(LC_CTYPE)};
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        const char *text = nl_langinfo_l(items[i], locale);
        printf("%s%x", i ? " " : "langinfo ", (unsigned)(unsigned char)text[0]);
        if (text[0] >= ' ' && text[0] <= '~')
            printf("=%s", text);
    }
    /* A wide character in the pointer itself: glibc leaves what is above its 32 bits as it is. */
    printf("\nwide %ls %ls %ls point %u separator %u\n", (wchar_t *)nl_langinfo_l(_NL_WDAY_1, locale), (wchar_t *)nl_langinfo_l(_NL_WMON_12, locale),
        (wchar_t *)nl_langinfo_l(_NL_WD_FMT, locale), (unsigned)(uintptr_t)nl_langinfo_l(_NL_NUMERIC_DECIMAL_POINT_WC, locale),
        (unsigned)(uintptr_t)nl_langinfo_l(_NL_NUMERIC_THOUSANDS_SEP_WC, locale));
    printf("kinds %d %d %d %d %d", isalpha_l('x', locale) != 0, isdigit_l('x', locale) != 0, toupper_l('x', locale), iswctype_l(L'a', wctype_l("alpha", locale), locale) != 0, (int)towupper_l(L'b', locale));
    printf(" compare %d %d %zu\n", strcoll_l("a", "b", locale) < 0, strcasecmp_l("AB", "ab", locale), strxfrm_l(NULL, "abc", 0, locale) > 0 ? (size_t)1 : 0);
    locale_t before = uselocale(locale);
    printf("uselocale %d %d max %zu", before == LC_GLOBAL_LOCALE, uselocale(NULL) == locale, MB_CUR_MAX);
    wchar_t c;
    mbstate_t state = {0};
    printf(" mbrtowc %zd %s\n", mbrtowc(&c, strcmp(name, "C.UTF-8") ? "e" : "\xc3\xa9", 2, &state), nl_langinfo(CODESET));
    uselocale(before);
    struct tm when = {.tm_year = 100, .tm_mday = 2};
    char text[64];
    strftime_l(text, sizeof text, "%a %B %d %x %X %p", &when, locale);
    wchar_t wide[64];
    wcsftime(wide, 64, L"%A %b", &when);
    printf("strftime_l %s %ls\n", text, wide);
    locale_t copy = duplocale(locale);
    printf("duplocale %s", copy->__names[LC_TIME]);
    copy = newlocale(LC_CTYPE_MASK, "C", copy);
    printf(" changed %s %s", copy->__names[LC_CTYPE], copy->__names[LC_TIME]);
    printf(" wrong %d", newlocale(LC_CTYPE_MASK, "xx_YY.nope", copy) == NULL);
    printf(" still %s\n", copy->__names[LC_CTYPE]);
    freelocale(copy);
    freelocale(locale);
}

void check_locales(void)
{
    characters();
    object("C");
    object("POSIX");
    object("C.UTF-8");
    object("nope");
    object("LC_CTYPE=C.UTF-8;LC_NUMERIC=C;LC_TIME=C;LC_COLLATE=C;LC_MONETARY=C;LC_MESSAGES=C;LC_PAPER=C;LC_NAME=C;LC_ADDRESS=C;LC_TELEPHONE=C;LC_MEASUREMENT=C;LC_IDENTIFICATION=C");
    printf("setlocale %s", setlocale(LC_ALL, NULL));
    printf(" %s", setlocale(LC_CTYPE, "C.UTF-8"));
    printf(" %s", setlocale(LC_ALL, NULL));
    printf(" wrong %d", setlocale(LC_ALL, "xx_YY") == NULL);
    char kept[512];
    strcpy(kept, setlocale(LC_ALL, NULL));
    printf(" C %s", setlocale(LC_ALL, "C"));
    printf(" back %d %s", strcmp(setlocale(LC_ALL, kept), kept), setlocale(LC_CTYPE, NULL));
    printf(" paper %s %d\n", setlocale(LC_PAPER, "C"), setlocale(99, "C") == NULL);
    setlocale(LC_ALL, "C");
    struct lconv *conventions = localeconv();
    printf("localeconv %s %d %d\n", conventions->decimal_point, conventions->thousands_sep[0], conventions->frac_digits);
}
