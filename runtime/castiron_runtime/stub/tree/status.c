/* stat, access and the like, of files in the tree. */
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <stdlib.h>

#include "libc/real.h"
#include "tree/tree.h"

int __real_fstatat(int folder, const char *path, struct stat *status, int flags);
int __real_statx(int folder, const char *path, int flags, unsigned mask, struct statx *status);
int __real_eaccess(const char *path, int mode);
int __real_euidaccess(const char *path, int mode);
int __real_faccessat(int folder, const char *path, int mode, int flags);
ssize_t __real_readlinkat(int folder, const char *path, char *target, size_t size);
char *__real_realpath(const char *path, char *resolved);
int __real_statfs(const char *path, struct statfs *status);
int __real_statvfs(const char *path, struct statvfs *status);

enum { BLOCK = 4096, DEVICE_MAJOR = 0, DEVICE_MINOR = 0xCA57 };

/* As of an ordinary file on a read-only disk. */
static void describe(uint32_t index, struct stat *status)
{
    const Node *node = payload_node(index);
    bool folder = node->kind == NODE_FOLDER;
    memset(status, 0, sizeof *status);
    status->st_dev = makedev(DEVICE_MAJOR, DEVICE_MINOR);
    status->st_ino = (ino_t)index + 1;
    status->st_nlink = folder ? 2 : 1;
    /* The permissions of an installed package, so that copies of it are writable. */
    bool all = folder || node->executable;
    status->st_mode = node->kind == NODE_LINK ? S_IFLNK | 0777 : (folder ? S_IFDIR : S_IFREG) | (all ? 0755 : 0644);
    status->st_size = folder ? BLOCK : (off_t)node->size;
    status->st_blksize = BLOCK;
    status->st_blocks = (blkcnt_t)((status->st_size + 511) / 512);
    status->st_atim.tv_sec = status->st_mtim.tv_sec = status->st_ctim.tv_sec = TREE_TIME;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

/* The node that a call is about: links are followed, or the path's last one is not. */
static uint32_t subject(const struct tree_place *place, int flags)
{
    return flags & AT_SYMLINK_NOFOLLOW ? place->link : place->node;
}

static int answer(const struct tree_place *place, int flags, struct stat *status)
{
    if (place->kind == TREE_ERROR)
        return fail(place->error);
    describe(subject(place, flags), status);
    return 0;
}

int __wrap_stat(const char *path, struct stat *status)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_stat(path, status), result < 0)
    return place.kind == TREE_OUTSIDE ? __real_stat(place.path, status) : answer(&place, 0, status);
}

int __wrap_lstat(const char *path, struct stat *status)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_lstat(path, status), result < 0)
    if (place.kind == TREE_OUTSIDE)
        return __real_lstat(place.path, status);
    return answer(&place, AT_SYMLINK_NOFOLLOW, status);
}

int __wrap_fstat(int descriptor, struct stat *status)
{
    if (__real_fstat(descriptor, status) < 0)
        return -1;
    uint32_t node = tree_descriptor_node(status);
    if (node != NODE_NONE)
        describe(node, status);
    return 0;
}

int __wrap_fstatat(int folder, const char *path, struct stat *status, int flags)
{
    if (path != NULL && path[0] == '\0' && (flags & AT_EMPTY_PATH) && folder != AT_FDCWD)
        return __wrap_fstat(folder, status);
    TREE_LOCATE_OR_RETURN(place, folder, path, int, __real_fstatat(folder, path, status, flags), result < 0)
    if (place.kind == TREE_OUTSIDE)
        return __real_fstatat(place.folder, place.path, status, flags);
    return answer(&place, flags, status);
}

static struct statx_timestamp timestamp(void)
{
    return (struct statx_timestamp){.tv_sec = TREE_TIME};
}

static void extended(uint32_t node, struct statx *status)
{
    struct stat plain;
    describe(node, &plain);
    memset(status, 0, sizeof *status);
    status->stx_mask = STATX_BASIC_STATS | STATX_BTIME;
    status->stx_blksize = (uint32_t)plain.st_blksize;
    status->stx_nlink = (uint32_t)plain.st_nlink;
    status->stx_mode = (uint16_t)plain.st_mode;
    status->stx_ino = plain.st_ino;
    status->stx_size = (uint64_t)plain.st_size;
    status->stx_blocks = (uint64_t)plain.st_blocks;
    status->stx_atime = status->stx_btime = status->stx_ctime = status->stx_mtime = timestamp();
    status->stx_dev_major = DEVICE_MAJOR;
    status->stx_dev_minor = DEVICE_MINOR;
}

int __wrap_statx(int folder, const char *path, int flags, unsigned mask, struct statx *status)
{
    if (path != NULL && path[0] == '\0' && (flags & AT_EMPTY_PATH) && folder != AT_FDCWD) {
        struct stat plain;
        uint32_t node = __real_fstat(folder, &plain) == 0 ? tree_descriptor_node(&plain) : NODE_NONE;
        if (node == NODE_NONE)
            return __real_statx(folder, path, flags, mask, status);
        extended(node, status);
        return 0;
    }
    TREE_LOCATE_OR_RETURN(place, folder, path, int, __real_statx(folder, path, flags, mask, status), result < 0)
    if (place.kind == TREE_OUTSIDE)
        return __real_statx(place.folder, place.path, flags, mask, status);
    if (place.kind == TREE_ERROR)
        return fail(place.error);
    extended(subject(&place, flags), status);
    return 0;
}

static int may_access(const struct tree_place *place, int mode)
{
    if (place->kind == TREE_ERROR)
        return fail(place->error);
    const Node *node = payload_node(place->node);
    if (mode & W_OK)
        return fail(EROFS);
    if ((mode & X_OK) && node->kind == NODE_FILE && !node->executable)
        return fail(EACCES);
    return 0;
}

int __wrap_access(const char *path, int mode)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_access(path, mode), result < 0)
    return place.kind == TREE_OUTSIDE ? __real_access(place.path, mode) : may_access(&place, mode);
}

int __wrap_eaccess(const char *path, int mode)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_eaccess(path, mode), result < 0)
    return place.kind == TREE_OUTSIDE ? __real_eaccess(place.path, mode) : may_access(&place, mode);
}

int __wrap_euidaccess(const char *path, int mode)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_euidaccess(path, mode), result < 0)
    return place.kind == TREE_OUTSIDE ? __real_euidaccess(place.path, mode) : may_access(&place, mode);
}

int __wrap_faccessat(int folder, const char *path, int mode, int flags)
{
    TREE_LOCATE_OR_RETURN(place, folder, path, int, __real_faccessat(folder, path, mode, flags), result < 0)
    if (place.kind == TREE_OUTSIDE)
        return __real_faccessat(place.folder, place.path, mode, flags);
    return may_access(&place, mode);
}

/* As readlink: as much of the text as there is room for. */
static ssize_t read_link(const struct tree_place *place, char *target, size_t size)
{
    if (place->kind == TREE_ERROR)
        return fail(place->error);
    const Node *node = payload_node(place->link);
    if (node->kind != NODE_LINK || size == 0)
        return fail(EINVAL);
    size_t length = node->size < size ? node->size : size;
    memcpy(target, payload_text(node->target), length);
    return (ssize_t)length;
}

ssize_t __wrap_readlink(const char *path, char *target, size_t size)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, ssize_t, __real_readlink(path, target, size), result < 0)
    if (place.kind == TREE_OUTSIDE)
        return __real_readlink(place.path, target, size);
    return read_link(&place, target, size);
}

ssize_t __wrap_readlinkat(int folder, const char *path, char *target, size_t size)
{
    TREE_LOCATE_OR_RETURN(place, folder, path, ssize_t, __real_readlinkat(folder, path, target, size), result < 0)
    if (place.kind == TREE_OUTSIDE)
        return __real_readlinkat(place.folder, place.path, target, size);
    return read_link(&place, target, size);
}

char *__wrap_realpath(const char *path, char *resolved)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, char *, __real_realpath(path, resolved), result == NULL)
    if (place.kind == TREE_OUTSIDE)
        return __real_realpath(place.path, resolved);
    size_t length = place.kind == TREE_ERROR ? 0 : tree_node_path(place.node, NULL, 0);
    if (place.kind == TREE_ERROR || length >= PATH_MAX) {
        errno = place.kind == TREE_ERROR ? place.error : ENAMETOOLONG;
        return NULL;
    }
    if (resolved == NULL)
        resolved = malloc(length + 1);
    if (resolved != NULL)
        tree_node_path(place.node, resolved, length + 1);
    return resolved;
}

/* The file system of the executable itself, read-only. */

int __wrap_statfs(const char *path, struct statfs *status)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_statfs(path, status), result < 0)
    if (place.kind == TREE_OUTSIDE)
        return __real_statfs(place.path, status);
    if (place.kind == TREE_ERROR)
        return fail(place.error);
    int result = __real_statfs(tree_root, status);
    if (result == 0)
        status->f_flags |= ST_RDONLY;
    return result;
}

int __wrap_statvfs(const char *path, struct statvfs *status)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_statvfs(path, status), result < 0)
    if (place.kind == TREE_OUTSIDE)
        return __real_statvfs(place.path, status);
    if (place.kind == TREE_ERROR)
        return fail(place.error);
    int result = __real_statvfs(tree_root, status);
    if (result == 0)
        status->f_flag |= ST_RDONLY;
    return result;
}
