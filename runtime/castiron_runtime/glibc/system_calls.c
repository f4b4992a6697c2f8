/* System calls that glibc has functions for and musl does not. */
#include "gnu.h"

#include <errno.h>
#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

int GNU(close_range)(unsigned first, unsigned last, int flags) { return (int)syscall(SYS_close_range, first, last, flags); }

void GNU(closefrom)(int first)
{
    if (first < 0)
        first = 0;
    if (syscall(SYS_close_range, first, ~0u, 0) == 0)
        return;
    /* Linux before 5.9. */
    long most = sysconf(_SC_OPEN_MAX);
    for (long fd = first; fd < most; fd++)
        close((int)fd);
}

int GNU(execveat)(int fd, const char *path, char *const arguments[], char *const environment[], int flags)
{
    return (int)syscall(SYS_execveat, fd, path, arguments, environment, flags);
}

int GNU(renameat2)(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

int GNU(pidfd_open)(pid_t process, unsigned flags) { return (int)syscall(SYS_pidfd_open, process, flags); }
int GNU(pidfd_getfd)(int pidfd, int fd, unsigned flags) { return (int)syscall(SYS_pidfd_getfd, pidfd, fd, flags); }

int GNU(pidfd_send_signal)(int pidfd, int number, siginfo_t *information, unsigned flags)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, number, information, flags);
}

ssize_t GNU(process_madvise)(int pidfd, const struct iovec *ranges, size_t count, int advice, unsigned flags)
{
    return syscall(SYS_process_madvise, pidfd, ranges, count, advice, flags);
}

int GNU(process_mrelease)(int pidfd, unsigned flags) { return (int)syscall(SYS_process_mrelease, pidfd, flags); }
int GNU(tgkill)(pid_t process, pid_t thread, int number) { return (int)syscall(SYS_tgkill, process, thread, number); }

int GNU(epoll_pwait2)(
    int fd, struct epoll_event *events, int most, const struct timespec *timeout, const sigset_t *signals)
{
    return (int)syscall(SYS_epoll_pwait2, fd, events, most, timeout, signals, _NSIG / 8);
}

int GNU(pkey_mprotect)(void *address, size_t size, int protection, int key)
{
    if (key == -1)
        return mprotect(address, size, protection);
    return (int)syscall(SYS_pkey_mprotect, address, size, protection, key);
}

int GNU(pkey_alloc)(unsigned flags, unsigned rights) { return (int)syscall(SYS_pkey_alloc, flags, rights); }
int GNU(pkey_free)(int key) { return (int)syscall(SYS_pkey_free, key); }

ssize_t GNU(getdirentries)(int fd, char *to, size_t size, off_t *place)
{
    off_t before = lseek(fd, 0, SEEK_CUR);
    ssize_t result = syscall(SYS_getdents64, fd, to, size);
    if (result >= 0 && before >= 0)
        *place = before;
    return result;
}

SAME(getdirentries64, castiron_gnu_getdirentries);

/* The header behind `at` in the ancillary data of a message; NULL if there is no whole one. */
struct cmsghdr *GNU(__cmsg_nxthdr)(struct msghdr *message, struct cmsghdr *at)
{
    size_t header = sizeof(struct cmsghdr), length;
    memcpy(&length, at, sizeof length); /* glibc's cmsg_len has 64 bits */
    unsigned char *end = (unsigned char *)message->msg_control + message->msg_controllen;
    if (length < header || length > (size_t)(end - (unsigned char *)at))
        return NULL;
    size_t left = (size_t)(end - (unsigned char *)at), step = (length + 7) & ~(size_t)7;
    if (step > left || left - step < header)
        return NULL;
    return (struct cmsghdr *)((unsigned char *)at + step);
}

int GNU(__arch_prctl)(int code, unsigned long value)
{
#ifdef SYS_arch_prctl
    return (int)syscall(SYS_arch_prctl, code, value);
#else
    errno = ENOSYS;
    return -1;
#endif
}

SAME(arch_prctl, castiron_gnu___arch_prctl);
