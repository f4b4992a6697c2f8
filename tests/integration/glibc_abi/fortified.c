/* Each function that knows its destination's size: once within it, once beyond, in a child whose end is told. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#include "abi.h"

static const char text[] = "0123456789";
static const wchar_t wide[] = L"0123456789";

static void list(char *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(to, 8 + (one - 1), format, arguments);
    va_end(arguments);
}

/* `n` is 4 or, beyond, 11 (of 8). */
#define CASES(CASE)                                                                    \
    CASE(memcpy, memcpy(d.small, text, n))                                             \
    CASE(memmove, memmove(d.small, text, n))                                           \
    CASE(mempcpy, mempcpy(d.small, text, n))                                           \
    CASE(memset, memset(d.small, 1, n))                                                \
    CASE(explicit_bzero, explicit_bzero(d.small, n))                                   \
    CASE(strcpy, strcpy(d.small, text + 11 - n))                                       \
    CASE(stpcpy, stpcpy(d.small, text + 11 - n))                                       \
    CASE(strncpy, strncpy(d.small, text, n))                                           \
    CASE(stpncpy, stpncpy(d.small, text, n))                                           \
    CASE(strcat, (d.small[0] = 0, strcat(d.small, text + 11 - n)))                     \
    CASE(strncat, (d.small[0] = 0, strncat(d.small, text, n)))                         \
    CASE(wmemcpy, wmemcpy(d.narrow, wide, n))                                          \
    CASE(wmemset, wmemset(d.narrow, L'x', n))                                          \
    CASE(wcscpy, wcscpy(d.narrow, wide + 11 - n))                                      \
    CASE(wcsncpy, wcsncpy(d.narrow, wide, n))                                          \
    CASE(wcscat, (d.narrow[0] = 0, wcscat(d.narrow, wide + 11 - n)))                   \
    CASE(sprintf, sprintf(d.small, "%s", text + 11 - n))                               \
    CASE(snprintf, snprintf(d.small, n, "%s", text))                                   \
    CASE(vsnprintf, list(d.small, "%s", text))                                         \
    CASE(swprintf, swprintf(d.narrow, n, L"%d", 12))                                   \
    CASE(read, read(zeros, d.small, n))                                                \
    CASE(pread, pread(zeros, d.small, n, 0))                                           \
    CASE(recv, recv(-1, d.small, n, 0))                                                \
    CASE(recvfrom, recvfrom(-1, d.small, n, 0, NULL, NULL))                            \
    CASE(readlink, readlink("/proc/self/exe", d.small, n))                             \
    CASE(getcwd, getcwd(d.small, n))                                                   \
    CASE(gethostname, gethostname(d.small, n))                                         \
    CASE(poll, poll((struct pollfd *)d.small, n / 10 + (one - 1), 0))                  \
    CASE(fread, fread(d.small, 1, n, zero_file))                                       \
    CASE(fgets, fgets(d.small, (int)n, lines))                                         \
    CASE(mbstowcs, mbstowcs(d.narrow, text, n))                                        \
    CASE(wcstombs, wcstombs(d.small, wide, n))                                         \
    CASE(realpath, realpath("/", n > 8 ? d.large : d.path))                            \
    CASE(open, open("/dev/null", n > 8 ? O_RDWR | O_CREAT : O_RDWR))                   \
    CASE(FD_SET, FD_SET(n > 8 ? 5000 * (int)one : 5, &d.set))                          \
    CASE(confstr, confstr(_CS_PATH, d.small, n))

static struct {
    char small[8];
    wchar_t narrow[8];
    char large[64];
    char path[PATH_MAX];
    fd_set set;
} d;

static FILE *lines, *zero_file;
static int zeros;

#define STATEMENT(name, call)                                  \
    static void name##_case(volatile size_t limit)             \
    {                                                          \
        size_t n = limit;                                      \
        call;                                                  \
    }
CASES(STATEMENT)

static void run(const char *name, void (*function)(size_t), size_t n)
{
    int ends[2];
    if (pipe(ends))
        return;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 2);
        close(ends[0]);
        lines = fmemopen((void *)text, sizeof text - 1, "r");
        zero_file = fopen("/dev/zero", "r");
        zeros = open("/dev/zero", O_RDONLY);
        function(n);
        _exit(0);
    }
    close(ends[1]);
    char said[200] = "";
    size_t length = 0;
    ssize_t got;
    while (length < sizeof said - 1 && (got = read(ends[0], said + length, sizeof said - 1 - length)) > 0)
        length += (size_t)got;
    close(ends[0]);
    int status;
    waitpid(child, &status, 0);
    for (char *at = said; *at; at++)
        if (*at == '\n')
            *at = '|';
    printf("%s %zu: %s %d %s\n", name, n, WIFSIGNALED(status) ? "signal" : "exit",
        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), said);
}

void check_fortified(void)
{
#define CALL(name, call)                               \
    run(#name, (void (*)(size_t))name##_case, 4);      \
    run(#name, (void (*)(size_t))name##_case, 11);
    CASES(CALL)
}
