/* error and error_at_line (error.h): a message with the program's name, and perhaps the end of the program. */
#include "gnu.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void (*GNU(error_print_progname))(void);
unsigned GNU(error_message_count);
int GNU(error_one_per_line);

static void finish(int status, int number, const char *format, va_list arguments)
{
    vfprintf(stderr, format, arguments);
    GNU(error_message_count)++;
    if (number)
        fprintf(stderr, ": %s", strerror(number));
    putc('\n', stderr);
    fflush(stderr);
    if (status)
        exit(status);
}

void GNU(error)(int status, int number, const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    if (GNU(error_print_progname))
        GNU(error_print_progname)();
    else
        fprintf(stderr, "%s: ", program_invocation_name);
    va_start(arguments, format);
    finish(status, number, format, arguments);
    va_end(arguments);
}

void GNU(error_at_line)(int status, int number, const char *file, unsigned line, const char *format, ...)
{
    static const char *last_file;
    static unsigned last_line;
    if (GNU(error_one_per_line)) {
        if (last_line == line && (file == last_file || (file && last_file && strcmp(file, last_file) == 0)))
            return;
        last_file = file;
        last_line = line;
    }
    va_list arguments;
    fflush(stdout);
    if (GNU(error_print_progname))
        GNU(error_print_progname)();
    else
        fprintf(stderr, "%s:", program_invocation_name);
    if (file)
        fprintf(stderr, "%s:%u: ", file, line);
    else
        putc(' ', stderr);
    va_start(arguments, format);
    finish(status, number, format, arguments);
    va_end(arguments);
}

/* assert_perror */
_Noreturn void GNU(__assert_perror_fail)(int number, const char *file, unsigned line, const char *function)
{
    fprintf(stderr, "%s: %s:%u: %s: Unexpected error: %s.\n", program_invocation_short_name, file, line, function, strerror(number));
    fflush(stderr);
    abort();
}

_Noreturn void GNU(__assert)(const char *assertion, const char *file, int line)
{
    fprintf(stderr, "%s: %s:%d: Assertion `%s' failed.\n", program_invocation_short_name, file, line, assertion);
    fflush(stderr);
    abort();
}

/* glibc's message has the program's name in front. */
_Noreturn void GNU(__assert_fail)(const char *assertion, const char *file, unsigned line, const char *function)
{
    fprintf(stderr, "%s: %s:%u: %s%sAssertion `%s' failed.\n", program_invocation_short_name, file, line,
        function ? function : "", function ? ": " : "", assertion);
    fflush(stderr);
    abort();
}
