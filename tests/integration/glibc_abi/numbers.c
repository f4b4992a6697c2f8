/* Numbers in texts, formatted output and input. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "abi.h"


static void show(const char *text, int base)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, base);
    printf("strtol(%s, %d) %ld rest '%s' %d", text, base, value, end, errno);
    errno = 0;
    unsigned long other = strtoul(text, &end, base);
    printf(" unsigned %lu %d\n", other, errno);
}

void check_numbers(void)
{
    const char *const texts[] = {"12", " -0x1fz", "0777", "99999999999999999999", "-99999999999999999999", "0x", "z", "+5", "0b101"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        show(texts[i], 0);
        show(texts[i], 10);
        show(texts[i], 16);
    }
    locale_t locale = newlocale(LC_ALL_MASK, "C", NULL);
    char *end;
    printf("strtod_l %.17g %.17g %a\n", strtod_l("3.14159e-10", NULL, locale), strtod_l("0x1.8p3x", &end, locale), strtod("nan", NULL) != 0 ? 1.0 : 0.0);
    printf("strtoll_l %lld %llu\n", strtoll_l("-77", NULL, 10, locale), strtoull_l("ff", NULL, 16, locale));
    printf("wcstol_l %ld %.3f\n", wcstol_l(L"42", NULL, 10, locale), wcstod_l(L"2.5", NULL, locale));
    freelocale(locale);
    char text[200];
    snprintf(text, sizeof text, "%5.2f|%-6d|%+ld|%#x|%zu|%hhd|%Lg|%a|%e|%c|%%|%*d|%.3s|%o", 3.14159, 42, 7L, 255, (size_t)9, 300, 1.25L, 0.5, 12345.678, 'q', 5, 3, "abcdef", 8);
    printf("%s\n", text);
    snprintf(text, sizeof text, "%2$s %1$d %jd %td", 1, "two", (intmax_t)3, (ptrdiff_t)4);
    int d, n;
    unsigned u;
    double f;
    char s[16], *heap;
    printf("sscanf %d", sscanf("12 ff word 2.5 heap", "%d %x %15s %lf %ms%n", &d, &u, s, &f, &heap, &n));
    printf(" %d %u %s %g %s %d\n", d, u, s, f, heap, n);
    free(heap);
    char *made;
    printf("asprintf %d", asprintf(&made, "%d-%s", 5, "x"));
    printf(" %s\n", made);
    free(made);
    printf("strfromd %d", strfromd(text, sizeof text, "%.3f", 2.0 / 3));
    printf(" %s", text);
    printf(" %d", strfromf(text, sizeof text, "%g", 1.5f));
    printf(" %s", text);
    printf(" %d", strfroml(text, sizeof text, "%.10e", 1.0L / 3));
    printf(" %s\n", text);
}
