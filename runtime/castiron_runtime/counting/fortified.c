/* What LLVM's library calls of glibc's fortified functions, as the distribution compiled it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

int __fprintf_chk(FILE *stream, int flag, const char *format, ...)
{
    (void)flag;
    va_list arguments;
    va_start(arguments, format);
    int written = vfprintf(stream, format, arguments);
    va_end(arguments);
    return written;
}

int __snprintf_chk(char *text, size_t limit, int flag, size_t size, const char *format, ...)
{
    (void)flag;
    (void)size;
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(text, limit, format, arguments);
    va_end(arguments);
    return written;
}
