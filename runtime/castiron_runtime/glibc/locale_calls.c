/* Functions that take a locale.  musl's locales differ in the encoding of characters alone, so most do what they do without one;
 * of the others, the locale is turned into musl's. */
#include "gnu.h"
#include "locale_object.h"

#include <locale.h>
#include <monetary.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

/* glibc has each under two names. */
#define BOTH(name, target)       \
    SAME(name##_l, target);      \
    SAME(__##name##_l, target)

BOTH(isalnum, isalnum);
BOTH(isalpha, isalpha);
BOTH(isascii, isascii);
BOTH(isblank, isblank);
BOTH(iscntrl, iscntrl);
BOTH(isdigit, isdigit);
BOTH(isgraph, isgraph);
BOTH(islower, islower);
BOTH(isprint, isprint);
BOTH(ispunct, ispunct);
BOTH(isspace, isspace);
BOTH(isupper, isupper);
BOTH(isxdigit, isxdigit);
BOTH(toascii, toascii);
BOTH(tolower, castiron_gnu_tolower);
BOTH(toupper, castiron_gnu_toupper);
BOTH(iswalnum, iswalnum);
BOTH(iswalpha, iswalpha);
BOTH(iswblank, iswblank);
BOTH(iswcntrl, iswcntrl);
BOTH(iswdigit, iswdigit);
BOTH(iswgraph, iswgraph);
BOTH(iswlower, iswlower);
BOTH(iswprint, iswprint);
BOTH(iswpunct, iswpunct);
BOTH(iswspace, iswspace);
BOTH(iswupper, iswupper);
BOTH(iswxdigit, iswxdigit);
BOTH(iswctype, iswctype);
BOTH(towctrans, towctrans);
BOTH(towlower, towlower);
BOTH(towupper, towupper);
BOTH(wctrans, wctrans);
BOTH(wctype, wctype);
BOTH(strcasecmp, strcasecmp);
BOTH(strncasecmp, strncasecmp);
BOTH(wcscasecmp, wcscasecmp);
BOTH(wcsncasecmp, wcsncasecmp);
BOTH(strcoll, strcoll);
BOTH(strxfrm, strxfrm);
BOTH(wcscoll, wcscoll);
BOTH(wcsxfrm, wcsxfrm);
BOTH(strptime, strptime);

size_t strftime_l(char *restrict, size_t, const char *restrict, const struct tm *restrict, locale_t);
size_t wcsftime_l(wchar_t *restrict, size_t, const wchar_t *restrict, const struct tm *restrict, locale_t);

size_t GNU(strftime_l)(char *to, size_t size, const char *format, const struct tm *time, const struct gnu_locale *locale)
{
    return strftime_l(to, size, format, time, castiron_gnu_real_locale(locale));
}

size_t GNU(wcsftime_l)(
    wchar_t *to, size_t size, const wchar_t *format, const struct tm *time, const struct gnu_locale *locale)
{
    return wcsftime_l(to, size, format, time, castiron_gnu_real_locale(locale));
}

char *GNU(strerror_l)(int number, const struct gnu_locale *locale)
{
    return strerror_l(number, castiron_gnu_real_locale(locale));
}

SAME(__strftime_l, castiron_gnu_strftime_l);
SAME(__wcsftime_l, castiron_gnu_wcsftime_l);

/* musl's strfmon takes its amounts from the arguments that follow, and has no form that takes them as a list. */
ssize_t GNU(strfmon_l)(char *to, size_t size, const struct gnu_locale *locale, const char *format, ...)
{
    UNSUPPORTED("strfmon_l", "the C library of this binary writes amounts of money in one locale only (strfmon); it fails");
    return -1;
}

SAME(__strfmon_l, castiron_gnu_strfmon_l);
