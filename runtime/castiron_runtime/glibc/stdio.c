/* Streams.  Images read and write musl's FILE: its first members lie where glibc's macros (getc_unlocked, feof_unlocked) look,
 * and its write pointers always send those macros to __overflow; musl keeps it so on purpose. */
#include "gnu.h"

#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <wchar.h>

int GNU(peekc)(FILE *file)
{
    flockfile(file);
    int c = ungetc(getc_unlocked(file), file);
    funlockfile(file);
    return c;
}

/* glibc's returns the next character and leaves it; __uflow takes it. */
int GNU(__underflow)(FILE *file) { return GNU(peekc)(file); }

int GNU(fcloseall)(void)
{
    /* Closing what other libraries of the program still write to would lose it; at exit nothing else happens. */
    return fflush(NULL);
}

int GNU(__printf_fp)(FILE *file, const void *info, const void *const *arguments)
{
    UNSUPPORTED("__printf_fp", "the C library of this binary has no conversions of one's own; nothing is printed");
    errno = ENOSYS;
    return -1;
}

/* Conversions of one's own: musl's printf has a fixed set. */
#define NO_CONVERSIONS(name, parameters)                                                                    \
    int GNU(name) parameters                                                                               \
    {                                                                                                      \
        UNSUPPORTED(#name, "the C library of this binary has no conversions of one's own; it fails");      \
        errno = ENOSYS;                                                                                    \
        return -1;                                                                                         \
    }

/* Libraries register conversions when they are loaded (libquadmath) and go on without: whoever then prints with one is told
 * by musl's printf, which returns an error.  So these fail as they may, and say nothing. */
int GNU(register_printf_specifier)(int c, void *print, void *sizes) { return -1; }
int GNU(register_printf_function)(int c, void *print, void *sizes) { return -1; }
int GNU(register_printf_modifier)(const wchar_t *text) { return -1; }
int GNU(register_printf_type)(void *take) { return -1; }
NO_CONVERSIONS(printf_size, (FILE * file, const void *info, const void *const *arguments))
NO_CONVERSIONS(printf_size_info, (const void *info, size_t n, int *types))
