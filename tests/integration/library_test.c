/* What C and POSIX say of functions that the stub corrects, or that the C library might have wrong one day. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#undef isascii

static int checks, failures;

static void check(bool right, const char *what)
{
    checks++;
    if (!right) {
        failures++;
        printf("%s\n", what);
    }
}

#define CHECK(condition) check(condition, #condition)

/* Texts, the base, where the number ends, and what strtoll and strtoull make of it, with errno. */
static const struct {
    const char *text;
    int base, end;
    long long value;
    int error;
    unsigned long long natural;
    int natural_error;
} numbers[] = {
    {"0", 10, 1, 0, 0, 0, 0},
    {"  \t\n\v\f\r+12x", 10, 10, 12, 0, 12, 0},
    {"-12 ", 10, 3, -12, 0, -12ULL, 0},
    {"", 10, 0, 0, 0, 0, 0},
    {" +", 10, 0, 0, 0, 0, 0},
    {"-x", 16, 0, 0, 0, 0, 0},
    {"0x", 16, 1, 0, 0, 0, 0},
    {"0xg", 0, 1, 0, 0, 0, 0},
    {"-0X1fG", 0, 5, -31, 0, -31ULL, 0},
    {"0x1f", 16, 4, 31, 0, 31, 0},
    {"0x1f", 10, 1, 0, 0, 0, 0},
    {"0778", 0, 3, 63, 0, 63, 0},
    {"08", 0, 1, 0, 0, 0, 0},
    {"1012", 2, 3, 5, 0, 5, 0},
    {"zZ-", 36, 2, 1295, 0, 1295, 0},
    {"9223372036854775807", 10, 19, LLONG_MAX, 0, LLONG_MAX, 0},
    {"9223372036854775808.", 10, 19, LLONG_MAX, ERANGE, 1ULL << 63, 0},
    {"-9223372036854775808", 10, 20, LLONG_MIN, 0, 1ULL << 63, 0},
    {"-9223372036854775809", 10, 20, LLONG_MIN, ERANGE, LLONG_MAX, 0},
    {"18446744073709551615", 10, 20, LLONG_MAX, ERANGE, ULLONG_MAX, 0},
    {"18446744073709551616", 10, 20, LLONG_MAX, ERANGE, ULLONG_MAX, ERANGE},
    {"-18446744073709551615", 10, 21, LLONG_MIN, ERANGE, 1, 0},
    {"-99999999999999999999999999999 1", 10, 30, LLONG_MIN, ERANGE, ULLONG_MAX, ERANGE},
    {"0xffffffffffffffffffffffffffffg", 16, 30, LLONG_MAX, ERANGE, ULLONG_MAX, ERANGE},
    {"12", 1, 0, 0, EINVAL, 0, EINVAL},
    {"12", 37, 0, 0, EINVAL, 0, EINVAL},
    {"12", -1, 0, 0, EINVAL, 0, EINVAL},
};

static void check_numbers(void)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *text = numbers[i].text;
        char *end = NULL;
        errno = 0;
        check(strtoll(text, &end, numbers[i].base) == numbers[i].value && errno == numbers[i].error, text);
        check(end == text + numbers[i].end, text);
        errno = 0;
        check(strtoimax(text, NULL, numbers[i].base) == numbers[i].value && errno == numbers[i].error, text);
        errno = 0;
        check(strtol(text, &end, numbers[i].base) == numbers[i].value && errno == numbers[i].error, text);
        errno = 0;
        check(strtoull(text, &end, numbers[i].base) == numbers[i].natural && errno == numbers[i].natural_error, text);
        check(end == text + numbers[i].end, text);
        errno = 0;
        check(strtoumax(text, NULL, numbers[i].base) == numbers[i].natural && errno == numbers[i].natural_error, text);
        errno = 0;
        check(strtoul(text, &end, numbers[i].base) == numbers[i].natural && errno == numbers[i].natural_error, text);
    }
}

static void check_tokens(void)
{
    char text[] = "--one-two--three", *rest = NULL;
    CHECK(strcmp(strtok_r(text, "-", &rest), "one") == 0 && strcmp(rest, "two--three") == 0);
    CHECK(strcmp(strtok_r(NULL, "-", &rest), "two") == 0 && strcmp(strtok_r(NULL, "-", &rest), "three") == 0);
    CHECK(strtok_r(NULL, "-", &rest) == NULL && strtok_r(NULL, "-", &rest) == NULL);
    /* Literals, which are not written to where nothing is found, and end what was before. */
    rest = (char *)"of another text";
    CHECK(strtok_r((char *)"", "-", &rest) == NULL && strtok_r(NULL, "-", &rest) == NULL);
    rest = (char *)"of another text";
    CHECK(strtok_r((char *)"--", "-", &rest) == NULL && strtok_r(NULL, "-", &rest) == NULL);
    CHECK(strcmp(strtok_r((char *)"whole", "-", &rest), "whole") == 0 && *rest == '\0');

    char line[] = "a b";
    CHECK(strcmp(strtok(line, " "), "a") == 0);
    CHECK(strtok((char *)"", " ") == NULL && strtok(NULL, " ") == NULL);

    wchar_t wide[] = L"--one-two", *others = NULL;
    CHECK(wcscmp(wcstok(wide, L"-", &others), L"one") == 0 && wcscmp(wcstok(NULL, L"-", &others), L"two") == 0);
    CHECK(wcstok(NULL, L"-", &others) == NULL && wcstok(NULL, L"-", &others) == NULL);
    others = (wchar_t *)L"of another text";
    CHECK(wcstok((wchar_t *)L"-", L"-", &others) == NULL && wcstok(NULL, L"-", &others) == NULL);
}

static void check_characters(void)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    CHECK(tolower(EOF) == EOF && toupper(EOF) == EOF && tolower_l(EOF, c) == EOF && toupper_l(EOF, c) == EOF);
    for (int i = 0; i < 256; i++) {
        bool large = i >= 'A' && i <= 'Z', small = i >= 'a' && i <= 'z', number = i >= '0' && i <= '9';
        CHECK(tolower(i) == (large ? i + 32 : i) && toupper(i) == (small ? i - 32 : i));
        CHECK(tolower_l(i, c) == tolower(i) && toupper_l(i, c) == toupper(i));
        CHECK(!(isupper)(i) == !large && !(islower)(i) == !small && !(isalpha)(i) == !(large || small));
        CHECK(!(isalnum)(i) == !(large || small || number) && !(isdigit)(i) == !number);
        CHECK(!(isxdigit)(i) == !(number || (i >= 'a' && i <= 'f') || (i >= 'A' && i <= 'F')));
        CHECK(!(isspace)(i) == !(i == ' ' || (i >= '\t' && i <= '\r')) && !(isblank)(i) == !(i == ' ' || i == '\t'));
        CHECK(!(isprint)(i) == !(i >= ' ' && i <= '~') && !(isgraph)(i) == !(i > ' ' && i <= '~'));
        CHECK(!(iscntrl)(i) == !(i < ' ' || i == 127));
        CHECK(!(ispunct)(i) == !(i > ' ' && i <= '~' && !large && !small && !number));
        CHECK(!isascii(i) == !(i < 128) && toascii(i) == (i & 127));
    }
    CHECK(!isascii(256) && !isascii(-1) && !isascii(0x10041) && isascii(127));
    CHECK(!(isalpha)(EOF) && !(isspace)(EOF) && !(isprint)(EOF) && !(iscntrl)(EOF));
    freelocale(c);
}

static void check_others(void)
{
    CHECK(*index("text", 0) == 0 && *rindex("text", 0) == 0 && *index("text", 't' + 256) == 't');
    CHECK(strcmp(index("text", 't'), "text") == 0 && strcmp(rindex("text", 't'), "t") == 0);
    CHECK(strstr("text", "") != NULL && strcasestr("tEXt", "exT") != NULL && strcasestr("text", "") != NULL);
    char copied[9] = "........";
    CHECK(memccpy(copied, "ab:cd", ':', 5) == copied + 3 && memcmp(copied, "ab:.....", 8) == 0);
    CHECK(memccpy(copied, "abcde", ':', 5) == NULL && memcmp(copied, "abcde...", 8) == 0);
    CHECK(memccpy(copied, "", ':', 0) == NULL && memcmp(copied, "abcde...", 8) == 0);
    /* The numbers of POSIX's generator: X = 0x5DEECE66D * X + 11, from the seed and 0x330E. */
    uint64_t state = 0x12345678330E;
    srand48(0x12345678);
    for (int i = 0; i < 100; i++) {
        state = (state * 0x5DEECE66D + 11) & 0xFFFFFFFFFFFF;
        CHECK(lrand48() == (long)(state >> 17));
    }
    /* musl's generator, so that a seed gives what it gives under the target interpreter. */
    state = 41;
    srand(42);
    for (int i = 0; i < 100; i++) {
        state = state * 6364136223846793005 + 1;
        CHECK(rand() == (int)(state >> 33));
    }
    CHECK(labs(LONG_MIN + 1) == LONG_MAX && div(-7, 2).quot == -3 && div(-7, 2).rem == -1);
    CHECK(ffs(0) == 0 && ffs(8) == 4 && ffsl(LONG_MIN) == (int)(8 * sizeof(long)));
}

/* The leader of a session cannot change its group. */
static void check_errors(void)
{
    pid_t child = fork();
    if (child == 0) {
        setsid();
        errno = 0;
        _exit(setpgrp() == -1 && errno == EPERM ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
    check_numbers();
    check_tokens();
    check_characters();
    check_others();
    check_errors();
    printf("%d checks, %d failures\n", checks, failures);
    return failures != 0;
}
