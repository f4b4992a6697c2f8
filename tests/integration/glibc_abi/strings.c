/* Strings, errors, conversions of text. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <error.h>
#include <iconv.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "abi.h"

static void convert(const char *to, const char *from, const char *text)
{
    iconv_t conversion = iconv_open(to, from);
    if (conversion == (iconv_t)-1) {
        printf("iconv %s: none %d\n", to, errno);
        return;
    }
    char in[64], out[64];
    strcpy(in, text);
    char *source = in, *target = out;
    size_t left = strlen(in), room = sizeof out;
    errno = 0;
    size_t result = iconv(conversion, &source, &left, &target, &room);
    printf("iconv %s: %zd %d left %zu:", to, result, result == (size_t)-1 ? errno : 0, left);
    for (char *at = out; at < target; at++)
        printf(" %02x", (unsigned char)*at);
    printf(" close %d\n", iconv_close(conversion));
}

static int compare(const void *a, const void *b, void *count)
{
    (*(int *)count)++;
    return *(const int *)a - *(const int *)b;
}

struct item {
    double key;
    int place;
};

static int compare_keys(const void *a, const void *b)
{
    double left = ((const struct item *)a)->key, right = ((const struct item *)b)->key;
    return (left > right) - (left < right);
}

static int compare_with(const void *a, const void *b, void *scale)
{
    return compare_keys(a, b) * *(int *)scale;
}

/* Equal elements keep their order; NaN compares as equal to all numbers, which contradicts itself. */
static void check_sorting(int kinds, int with_nan)
{
    struct item items[300];
    int backwards = -1;
    unsigned sum[2] = {0, 0};
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 300; i++)
            items[i] = (struct item){.key = with_nan && i % 7 == 0 ? __builtin_nan("") : i * 7919 % kinds, .place = i};
        if (round == 0)
            qsort(items, 300, sizeof *items, compare_keys);
        else
            qsort_r(items, 300, sizeof *items, compare_with, &backwards);
        for (int i = 0; i < 300; i++)
            sum[round] = sum[round] * 31 + (unsigned)items[i].place;
    }
    printf("qsort %d %d: %d %d %u %u\n", kinds, with_nan, items[0].place, items[1].place, sum[0], sum[1]);
}

void check_strings(void)
{
    check_sorting(1, 0);
    check_sorting(10, 0);
    check_sorting(1000, 0);
    check_sorting(50, 1);
    char buffer[64] = "unchanged";
    printf("strerror_r %s", strerror_r(ENOENT, buffer, sizeof buffer));
    printf(" %s", strerror_r(EACCES, buffer, 5) != NULL ? "text" : "none");
    printf(" %s\n", strerror_r(0, buffer, sizeof buffer) != NULL ? "text" : "none");
    printf("basename %s|%s|%s|\n", basename("/a/b"), basename("/a/b/"), basename("c"));
    { const char *text = "abcdef"; printf("rawmemchr %td\n", (char *)rawmemchr(text, 'e') - text); }
    printf("names %s %s %s %s\n", strerrorname_np(EAGAIN), strerrorname_np(EDEADLK), strerrorname_np(12345) ? "?" : "none", sigabbrev_np(SIGSEGV));
    char list[] = "a,b;c", *rest, *part = strtok_r(list, ",;", &rest);
    int count = 0;
    for (; part; part = strtok_r(NULL, ",;", &rest))
        count++;
    printf("strtok_r %d strverscmp %d %d\n", count, strverscmp("a10", "a9") > 0, strcasestr("xABc", "abc") != NULL);
    int (*volatile lower)(int) = tolower, (*volatile upper)(int) = toupper;
    printf("case %d %d %d %d %d %d\n", lower(EOF), upper(EOF), lower(-61), upper('x'), lower(300), _tolower('X'));
    int numbers[] = {5, 2, 9, 1}, calls = 0;
    qsort_r(numbers, 4, sizeof *numbers, compare, &calls);
    printf("qsort_r %d %d %d %d %d\n", numbers[0], numbers[1], numbers[2], numbers[3], calls > 2);
    convert("UTF-16LE", "UTF-8", "\xc3\xa9!");
    convert("ISO-8859-1", "UTF-8", "\xc3\xa9!");
    convert("ASCII", "UTF-8", "ab\xc3\xa9z");
    convert("ASCII//TRANSLIT", "UTF-8", "ab\xe4\xb8\xad!");
    convert("ASCII//IGNORE", "UTF-8", "ab\xe4\xb8\xad!");
    convert("UTF-8", "ISO-8859-1", "\xe9");
    convert("UTF-8", "UTF-8", "a\xff");
    convert("UTF-8", "UTF-8", "a\xe4\xb8");
    convert("SHIFT_JIS", "UTF-8", "\xe3\x81\x82");
    convert("NOSUCH", "UTF-8", "");
    printf("rand %d %d", rand(), rand());
    srand(42);
    printf(" %d %ld", rand(), random());
    char own[64], *usual = initstate(5, own, sizeof own);
    printf(" %ld", random());
    printf(" %d %ld", setstate(usual) == own, random());
    printf(" %d", initstate(1, own, 4) == NULL);
    unsigned seed = 3;
    for (int i = 0; i < 3; i++)
        printf(" %d", rand_r(&seed));
    printf(" %u\n", seed);
    struct random_data random = {0};
    char state[128];
    int32_t value;
    printf("random_r %d", initstate_r(42, state, sizeof state, &random));
    for (int i = 0; i < 5; i++) {
        random_r(&random, &value);
        printf(" %d", value);
    }
    char small[32];
    struct random_data other = {0};
    initstate_r(7, small, sizeof small, &other);
    random_r(&other, &value);
    printf(" %d", value);
    srandom_r(9, &other);
    random_r(&other, &value);
    printf(" %d\n", value);
    struct drand48_data d48 = {0};
    double fraction;
    long whole;
    srand48_r(5, &d48);
    drand48_r(&d48, &fraction);
    lrand48_r(&d48, &whole);
    printf("drand48_r %.12f %ld", fraction, whole);
    mrand48_r(&d48, &whole);
    printf(" %ld\n", whole);
    wchar_t wide[8];
    printf("wcslen %zu\n", wcslen(wmempcpy(wide, L"abc", 4) - 4));
}
