/* The functions behind stat and mknod in programs that were built before glibc 2.33: the first argument is the version of the
 * structure, of which the machine knows one (two for what glibc calls the kernel's; they are equal here). */
#include "gnu.h"

#include <errno.h>
#include <sys/stat.h>

#define VERSION_KERNEL 0
#define VERSION_LINUX 1

static int is_known(int version)
{
    if (version == VERSION_KERNEL || version == VERSION_LINUX)
        return 1;
    errno = EINVAL;
    return 0;
}

int GNU(__xstat)(int version, const char *path, struct stat *to) { return is_known(version) ? stat(path, to) : -1; }
int GNU(__lxstat)(int version, const char *path, struct stat *to) { return is_known(version) ? lstat(path, to) : -1; }
int GNU(__fxstat)(int version, int fd, struct stat *to) { return is_known(version) ? fstat(fd, to) : -1; }

int GNU(__fxstatat)(int version, int fd, const char *path, struct stat *to, int flags)
{
    return is_known(version) ? fstatat(fd, path, to, flags) : -1;
}

SAME(__xstat64, castiron_gnu___xstat);
SAME(__lxstat64, castiron_gnu___lxstat);
SAME(__fxstat64, castiron_gnu___fxstat);
SAME(__fxstatat64, castiron_gnu___fxstatat);

/* Here only version 0 exists. */
int GNU(__xmknod)(int version, const char *path, mode_t mode, dev_t *device)
{
    if (version != VERSION_KERNEL) {
        errno = EINVAL;
        return -1;
    }
    return mknod(path, mode, *device);
}

int GNU(__xmknodat)(int version, int fd, const char *path, mode_t mode, dev_t *device)
{
    if (version != VERSION_KERNEL) {
        errno = EINVAL;
        return -1;
    }
    return mknodat(fd, path, mode, *device);
}

/* glibc 2.28 made these functions of what were macros. */
unsigned GNU(gnu_dev_major)(dev_t device) { return (unsigned)((device >> 32 & 0xfffff000) | (device >> 8 & 0xfff)); }
unsigned GNU(gnu_dev_minor)(dev_t device) { return (unsigned)((device >> 12 & 0xffffff00) | (device & 0xff)); }

dev_t GNU(gnu_dev_makedev)(unsigned major, unsigned minor)
{
    return (dev_t)(major & 0xfffff000u) << 32 | (dev_t)(major & 0xfff) << 8 | (dev_t)(minor & 0xffffff00u) << 12
        | (minor & 0xff);
}
