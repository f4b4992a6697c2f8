/* Formatted output that knows the size of what it writes to (-D_FORTIFY_SOURCE).
 *
 * `flag` above 0 asks glibc to refuse %n in a format that lies in writable memory.  Whether memory is writable is only known from
 * /proc/self/maps; here, as in glibc without /proc, %n is taken. */
#include "gnu.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <wchar.h>

#define FORWARD(last, call)          \
    va_list arguments;               \
    va_start(arguments, last);       \
    int result = call;               \
    va_end(arguments);               \
    return result

int GNU(__vsnprintf_chk)(char *to, size_t n, int flag, size_t room, const char *format, va_list arguments)
{
    if (n > room)
        castiron_gnu_overflow();
    return vsnprintf(to, n, format, arguments);
}

int GNU(__vsprintf_chk)(char *to, int flag, size_t room, const char *format, va_list arguments)
{
    if (room == 0)
        castiron_gnu_overflow();
    if (room == (size_t)-1)
        return vsprintf(to, format, arguments);
    /* musl takes no sizes above INT_MAX. */
    size_t most = room > 0x7fffffff ? 0x7fffffff : room;
    int length = vsnprintf(to, most, format, arguments);
    if (length >= 0 && (size_t)length >= room)
        castiron_gnu_overflow();
    return length;
}

int GNU(__vprintf_chk)(int flag, const char *format, va_list arguments) { return vprintf(format, arguments); }

int GNU(__vfprintf_chk)(FILE *file, int flag, const char *format, va_list arguments)
{
    return vfprintf(file, format, arguments);
}

int GNU(__vasprintf_chk)(char **to, int flag, const char *format, va_list arguments)
{
    return vasprintf(to, format, arguments);
}

int GNU(__vdprintf_chk)(int fd, int flag, const char *format, va_list arguments)
{
    return vdprintf(fd, format, arguments);
}

void GNU(__vsyslog_chk)(int priority, int flag, const char *format, va_list arguments)
{
    vsyslog(priority, format, arguments);
}

int GNU(__printf_chk)(int flag, const char *format, ...) { FORWARD(format, vprintf(format, arguments)); }

int GNU(__fprintf_chk)(FILE *file, int flag, const char *format, ...)
{
    FORWARD(format, vfprintf(file, format, arguments));
}

int GNU(__sprintf_chk)(char *to, int flag, size_t room, const char *format, ...)
{
    FORWARD(format, GNU(__vsprintf_chk)(to, flag, room, format, arguments));
}

int GNU(__snprintf_chk)(char *to, size_t n, int flag, size_t room, const char *format, ...)
{
    FORWARD(format, GNU(__vsnprintf_chk)(to, n, flag, room, format, arguments));
}

int GNU(__asprintf_chk)(char **to, int flag, const char *format, ...)
{
    FORWARD(format, vasprintf(to, format, arguments));
}

int GNU(__dprintf_chk)(int fd, int flag, const char *format, ...) { FORWARD(format, vdprintf(fd, format, arguments)); }

void GNU(__syslog_chk)(int priority, int flag, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsyslog(priority, format, arguments);
    va_end(arguments);
}

int GNU(__vswprintf_chk)(wchar_t *to, size_t n, int flag, size_t room, const wchar_t *format, va_list arguments)
{
    if (n > room)
        castiron_gnu_overflow();
    return vswprintf(to, n, format, arguments);
}

int GNU(__vwprintf_chk)(int flag, const wchar_t *format, va_list arguments) { return vwprintf(format, arguments); }

int GNU(__vfwprintf_chk)(FILE *file, int flag, const wchar_t *format, va_list arguments)
{
    return vfwprintf(file, format, arguments);
}

int GNU(__swprintf_chk)(wchar_t *to, size_t n, int flag, size_t room, const wchar_t *format, ...)
{
    FORWARD(format, GNU(__vswprintf_chk)(to, n, flag, room, format, arguments));
}

int GNU(__wprintf_chk)(int flag, const wchar_t *format, ...) { FORWARD(format, vwprintf(format, arguments)); }

int GNU(__fwprintf_chk)(FILE *file, int flag, const wchar_t *format, ...)
{
    FORWARD(format, vfwprintf(file, format, arguments));
}
