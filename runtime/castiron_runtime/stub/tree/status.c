/* stat, access and the like, of files in the tree. */
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <stdlib.h>

#include "libc/real.h"
#include "tree/tree.h"

int __real_statx(int folder, const char *path, int flags, unsigned mask, struct statx *status);
int __real_eaccess(const char *path, int mode);
int __real_euidaccess(const char *path, int mode);
int __real_faccessat(int folder, const char *path, int mode, int flags);
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
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_stat(place.path, status), result < 0)
    return answer(&place, 0, status);
}

int __wrap_lstat(const char *path, struct stat *status)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_lstat(place.path, status), result < 0)
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
    uint32_t meant = tree_meant_without_path(folder, path, flags);
    if (meant != NODE_NONE) {
        describe(meant, status);
        return 0;
    }
    TREE_LOCATE_OR_RETURN(place, folder, path, int, __real_fstatat(place.folder, place.path, status, flags), result < 0)
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
    uint32_t meant = tree_meant_without_path(folder, path, flags);
    if (meant != NODE_NONE) {
        extended(meant, status);
        return 0;
    }
    TREE_LOCATE_OR_RETURN(place, folder, path, int, __real_statx(place.folder, place.path, flags, mask, status), result < 0)
    if (place.kind == TREE_ERROR)
        return fail(place.error);
    extended(subject(&place, flags), status);
    return 0;
}

static int may_access_node(uint32_t index, int mode)
{
    const Node *node = payload_node(index);
    if (mode & W_OK)
        return fail(EROFS);
    if ((mode & X_OK) && node->kind == NODE_FILE && !node->executable)
        return fail(EACCES);
    return 0;
}

static int may_access(const struct tree_place *place, int mode)
{
    return place->kind == TREE_ERROR ? fail(place->error) : may_access_node(place->node, mode);
}

int __wrap_access(const char *path, int mode)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_access(place.path, mode), result < 0)
    return may_access(&place, mode);
}

int __wrap_eaccess(const char *path, int mode)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_eaccess(place.path, mode), result < 0)
    return may_access(&place, mode);
}

int __wrap_euidaccess(const char *path, int mode)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_euidaccess(place.path, mode), result < 0)
    return may_access(&place, mode);
}

int __wrap_faccessat(int folder, const char *path, int mode, int flags)
{
    uint32_t meant = tree_meant_without_path(folder, path, flags);
    if (meant != NODE_NONE)
        return may_access_node(meant, mode);
    TREE_LOCATE_OR_RETURN(place, folder, path, int, __real_faccessat(place.folder, place.path, mode, flags), result < 0)
    return may_access(&place, mode);
}

/* As readlink: as much of the text as there is room for. */
static ssize_t read_link_node(uint32_t index, char *target, size_t size)
{
    const Node *node = payload_node(index);
    if (node->kind != NODE_LINK || size == 0)
        return fail(EINVAL);
    size_t length = node->size < size ? node->size : size;
    memcpy(target, payload_text(node->target), length);
    return (ssize_t)length;
}

static ssize_t read_link(const struct tree_place *place, char *target, size_t size)
{
    return place->kind == TREE_ERROR ? fail(place->error) : read_link_node(place->link, target, size);
}

ssize_t __wrap_readlink(const char *path, char *target, size_t size)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, ssize_t, __real_readlink(place.path, target, size), result < 0)
    return read_link(&place, target, size);
}

ssize_t __wrap_readlinkat(int folder, const char *path, char *target, size_t size)
{
    uint32_t meant = folder == AT_FDCWD ? NODE_NONE : tree_meant_without_path(folder, path, AT_EMPTY_PATH);
    if (meant != NODE_NONE && payload_node(meant)->kind == NODE_LINK) /* opened with O_PATH and O_NOFOLLOW */
        return read_link_node(meant, target, size);
    TREE_LOCATE_OR_RETURN(place, folder, path, ssize_t, __real_readlinkat(place.folder, place.path, target, size), result < 0)
    return read_link(&place, target, size);
}

char *__wrap_realpath(const char *path, char *resolved)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, char *, __real_realpath(place.path, resolved), result == NULL)
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
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_statfs(place.path, status), result < 0)
    if (place.kind == TREE_ERROR)
        return fail(place.error);
    int result = __real_statfs(tree_root, status);
    if (result == 0)
        status->f_flags |= ST_RDONLY;
    return result;
}

int __wrap_statvfs(const char *path, struct statvfs *status)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_statvfs(place.path, status), result < 0)
    if (place.kind == TREE_ERROR)
        return fail(place.error);
    int result = __real_statvfs(tree_root, status);
    if (result == 0)
        status->f_flag |= ST_RDONLY;
    return result;
}
