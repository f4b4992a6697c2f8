/* Functions of the C library whose callers the linker leads to the stub (--wrap, stub.toml), by the names under which the
 * stub itself reaches them.  Here are those that several files call; the others are declared where they are wrapped. */
#ifndef CASTIRON_REAL_H
#define CASTIRON_REAL_H

#include <sys/stat.h>
#include <sys/types.h>

int __real_access(const char *path, int mode);
int __real_fstat(int descriptor, struct stat *status);
int __real_fstatat(int folder, const char *path, struct stat *status, int flags);
int __real_lstat(const char *path, struct stat *status);
ssize_t __real_readlink(const char *path, char *target, size_t size);
ssize_t __real_readlinkat(int folder, const char *path, char *target, size_t size);
int __real_stat(const char *path, struct stat *status);

#endif
