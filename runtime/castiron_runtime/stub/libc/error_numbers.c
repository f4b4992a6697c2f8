/* Where the C library, Zig's in the place of musl's, tells errors wrongly.
 *
 * posix_fallocate and posix_fadvise return the number of an error (POSIX.1); its own set errno and return -1, which CPython
 * 3.11 shows as "[Errno -1] No error information".  setpgrp sets errno and returns -1; its own returns the negative number. */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int number_of(long result, int errno_before)
{
    int number = result < 0 ? errno : 0;
    errno = errno_before;
    return number;
}

int posix_fallocate(int descriptor, off_t offset, off_t length)
{
    int before = errno;
    return number_of(syscall(SYS_fallocate, descriptor, 0, offset, length), before);
}

int posix_fadvise(int descriptor, off_t offset, off_t length, int advice)
{
    int before = errno;
    return number_of(syscall(SYS_fadvise64, descriptor, offset, length, advice), before);
}

pid_t setpgrp(void)
{
    return setpgid(0, 0);
}
