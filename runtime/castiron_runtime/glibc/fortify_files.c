/* System calls and streams that know the size of what they write to, or which arguments they need (-D_FORTIFY_SOURCE). */
#include "gnu.h"

#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

static void need(size_t bytes, size_t room)
{
    if (bytes > room)
        castiron_gnu_overflow();
}

/* Whether `count` elements of `size` bytes are more than `room`, without overflow. */
static void need_elements(size_t size, size_t count, size_t room)
{
    if (size != 0 && count > room / size)
        castiron_gnu_overflow();
}

size_t GNU(__fread_chk)(void *to, size_t room, size_t size, size_t count, FILE *file)
{
    need_elements(size, count, room);
    return fread(to, size, count, file);
}

size_t GNU(__fread_unlocked_chk)(void *to, size_t room, size_t size, size_t count, FILE *file)
{
    need_elements(size, count, room);
    return fread_unlocked(to, size, count, file);
}

/* A line may be asked for with a size beyond the object's, as long as it fits. */
#define LINE(name, type, get, length, next, end, newline)                            \
    type *name(type *to, size_t room, int n, FILE *file)                             \
    {                                                                                \
        if (n <= 0 || (size_t)n <= room)                                             \
            return get(to, n, file);                                                 \
        if (room == 0)                                                               \
            castiron_gnu_overflow();                                                 \
        if (room == 1) {                                                             \
            if (next(file) != end)                                                   \
                castiron_gnu_overflow();                                             \
            return NULL;                                                             \
        }                                                                            \
        type *line = get(to, (int)room, file);                                       \
        if (line) {                                                                  \
            size_t read = length(line);                                              \
            if (read == room - 1 && line[read - 1] != newline && next(file) != end)  \
                castiron_gnu_overflow();                                             \
        }                                                                            \
        return line;                                                                 \
    }

LINE(GNU(__fgets_chk), char, fgets, strlen, getc, EOF, '\n')
LINE(GNU(__fgets_unlocked_chk), char, fgets_unlocked, strlen, getc_unlocked, EOF, '\n')
LINE(GNU(__fgetws_chk), wchar_t, fgetws, wcslen, getwc, WEOF, L'\n')
LINE(GNU(__fgetws_unlocked_chk), wchar_t, fgetws_unlocked, wcslen, getwc_unlocked, WEOF, L'\n')

ssize_t GNU(__read_chk)(int fd, void *to, size_t n, size_t room)
{
    need(n, room);
    return read(fd, to, n);
}

ssize_t GNU(__pread_chk)(int fd, void *to, size_t n, off_t offset, size_t room)
{
    need(n, room);
    return pread(fd, to, n, offset);
}

SAME(__pread64_chk, castiron_gnu___pread_chk);

ssize_t GNU(__recv_chk)(int fd, void *to, size_t n, size_t room, int flags)
{
    need(n, room);
    return recv(fd, to, n, flags);
}

ssize_t GNU(__recvfrom_chk)(
    int fd, void *to, size_t n, size_t room, int flags, struct sockaddr *address, socklen_t *length)
{
    need(n, room);
    return recvfrom(fd, to, n, flags, address, length);
}

ssize_t GNU(__readlink_chk)(const char *path, char *to, size_t n, size_t room)
{
    need(n, room);
    return readlink(path, to, n);
}

ssize_t GNU(__readlinkat_chk)(int fd, const char *path, char *to, size_t n, size_t room)
{
    need(n, room);
    return readlinkat(fd, path, to, n);
}

char *GNU(__getcwd_chk)(char *to, size_t n, size_t room)
{
    need(n, room);
    return getcwd(to, n);
}

char *GNU(__getwd_chk)(char *to, size_t room)
{
    char *whole = getcwd(NULL, 0);
    if (!whole)
        return NULL;
    size_t length = 0;
    while (whole[length])
        length++;
    need(length + 1, room);
    for (size_t i = 0; i <= length; i++)
        to[i] = whole[i];
    free(whole);
    return to;
}

char *GNU(getwd)(char *to) { return GNU(__getwd_chk)(to, PATH_MAX); }

char *GNU(__realpath_chk)(const char *path, char *to, size_t room)
{
    need(PATH_MAX, room);
    return realpath(path, to);
}

int GNU(__gethostname_chk)(char *to, size_t n, size_t room)
{
    need(n, room);
    return gethostname(to, n);
}

int GNU(__getdomainname_chk)(char *to, size_t n, size_t room)
{
    need(n, room);
    return getdomainname(to, n);
}

int GNU(__getlogin_r_chk)(char *to, size_t n, size_t room)
{
    need(n, room);
    return getlogin_r(to, n);
}

int GNU(__ttyname_r_chk)(int fd, char *to, size_t n, size_t room)
{
    need(n, room);
    return ttyname_r(fd, to, n);
}

int GNU(__ptsname_r_chk)(int fd, char *to, size_t n, size_t room)
{
    need(n, room);
    return ptsname_r(fd, to, n);
}

size_t GNU(__confstr_chk)(int name, char *to, size_t n, size_t room)
{
    need(n, room);
    return confstr(name, to, n);
}

int GNU(__getgroups_chk)(int count, gid_t *to, size_t room)
{
    if (count > 0)
        need_elements(sizeof *to, (size_t)count, room);
    return getgroups(count, to);
}

int GNU(__poll_chk)(struct pollfd *to, nfds_t count, int timeout, size_t room)
{
    need_elements(sizeof *to, count, room);
    return poll(to, count, timeout);
}

int GNU(__ppoll_chk)(
    struct pollfd *to, nfds_t count, const struct timespec *timeout, const sigset_t *signals, size_t room)
{
    need_elements(sizeof *to, count, room);
    return ppoll(to, count, timeout, signals);
}

/* The word of an fd_set that holds a descriptor. */
long GNU(__fdelt_chk)(long fd)
{
    if (fd < 0 || fd >= FD_SETSIZE)
        castiron_gnu_fatal("bit out of range 0 - FD_SETSIZE on fd_set");
    return fd / (8 * (long)sizeof(long));
}

SAME(__fdelt_warn, castiron_gnu___fdelt_chk);

/* Opening without a mode, which creating a file needs. */
static void need_no_mode(int flags, const char *what)
{
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
        castiron_gnu_fatal(what);
}

int GNU(__open_2)(const char *path, int flags)
{
    need_no_mode(flags, "invalid open call: O_CREAT or O_TMPFILE without mode");
    return open(path, flags);
}

int GNU(__open64_2)(const char *path, int flags)
{
    need_no_mode(flags, "invalid open64 call: O_CREAT or O_TMPFILE without mode");
    return open(path, flags);
}

int GNU(__openat_2)(int fd, const char *path, int flags)
{
    need_no_mode(flags, "invalid openat call: O_CREAT or O_TMPFILE without mode");
    return openat(fd, path, flags);
}

int GNU(__openat64_2)(int fd, const char *path, int flags)
{
    need_no_mode(flags, "invalid openat64 call: O_CREAT or O_TMPFILE without mode");
    return openat(fd, path, flags);
}

mqd_t GNU(__mq_open_2)(const char *name, int flags)
{
    need_no_mode(flags, "invalid mq_open call: O_CREAT without mode and attr");
    return mq_open(name, flags);
}

/* glibc refuses a jump to a frame that was left already.  Contexts of one's own stacks make that right, so it checks
 * whether the thread is on an alternate stack; what is wrong then crashes later.  Here there is no check. */
_Noreturn void GNU(__longjmp_chk)(jmp_buf state, int value) { longjmp(state, value); }
