/* Functions that would change a file: EROFS for what is in the tree. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#include "tree/tree.h"

/* What a change of something in the tree fails with: as on a read-only disk, what is not there cannot be removed either,
 * but what is not there cannot be made.  The tree's root is the executable, a file: no folder that could be removed. */
static int refuse(const struct tree_place *place, bool makes)
{
    if (place->kind == TREE_NODE && place->node == NODE_ROOT && !makes)
        errno = ENOTDIR;
    else if (place->kind == TREE_ERROR && !(makes && place->error == ENOENT && place->path[0] != '\0'))
        errno = place->error;
    else
        errno = makes && place->kind == TREE_NODE ? EEXIST : EROFS;
    return -1;
}

/* Defines __wrap_NAME for a function with one path.  `at` and `path` are the names of its arguments; `call` is that of the
 * real function, with the place's. */
#define CHANGE(name, makes, at, path, parameters, call) CHANGE_OR_EMPTY(name, makes, at, path, 0, parameters, call)

/* Likewise, for a function that may be asked by its flags to change what a descriptor is open on. */
#define CHANGE_OR_EMPTY(name, makes, at, path, flags, parameters, call)                                                    \
    int __real_##name parameters;                                                                                          \
    int __wrap_##name parameters                                                                                           \
    {                                                                                                                      \
        if (tree_meant_without_path(at, path, flags) != NODE_NONE) {                                                       \
            errno = EROFS;                                                                                                 \
            return -1;                                                                                                     \
        }                                                                                                                  \
        TREE_LOCATE_OR_RETURN(place, at, path, int, __real_##name call, result < 0)                                        \
        return refuse(&place, makes);                                                                                      \
    }

#define HERE AT_FDCWD

CHANGE(truncate, false, HERE, path, (const char *path, off_t size), (place.path, size))
CHANGE(unlink, false, HERE, path, (const char *path), (place.path))
CHANGE(unlinkat, false, at, path, (int at, const char *path, int flags), (place.folder, place.path, flags))
CHANGE(remove, false, HERE, path, (const char *path), (place.path))
CHANGE(rmdir, false, HERE, path, (const char *path), (place.path))
CHANGE(mkdir, true, HERE, path, (const char *path, mode_t mode), (place.path, mode))
CHANGE(mkdirat, true, at, path, (int at, const char *path, mode_t mode), (place.folder, place.path, mode))
CHANGE(mkfifo, true, HERE, path, (const char *path, mode_t mode), (place.path, mode))
CHANGE(mkfifoat, true, at, path, (int at, const char *path, mode_t mode), (place.folder, place.path, mode))
CHANGE(mknod, true, HERE, path, (const char *path, mode_t mode, dev_t device), (place.path, mode, device))
CHANGE(mknodat, true, at, path, (int at, const char *path, mode_t mode, dev_t device),
       (place.folder, place.path, mode, device))
CHANGE(symlink, true, HERE, path, (const char *target, const char *path), (target, place.path))
CHANGE(symlinkat, true, at, path, (const char *target, int at, const char *path), (target, place.folder, place.path))
CHANGE(chmod, false, HERE, path, (const char *path, mode_t mode), (place.path, mode))
CHANGE(lchmod, false, HERE, path, (const char *path, mode_t mode), (place.path, mode))
CHANGE_OR_EMPTY(fchmodat, false, at, path, flags, (int at, const char *path, mode_t mode, int flags),
                (place.folder, place.path, mode, flags))
CHANGE(chown, false, HERE, path, (const char *path, uid_t user, gid_t group), (place.path, user, group))
CHANGE(lchown, false, HERE, path, (const char *path, uid_t user, gid_t group), (place.path, user, group))
CHANGE_OR_EMPTY(fchownat, false, at, path, flags, (int at, const char *path, uid_t user, gid_t group, int flags),
                (place.folder, place.path, user, group, flags))
CHANGE(utime, false, HERE, path, (const char *path, const struct utimbuf *times), (place.path, times))
CHANGE(utimes, false, HERE, path, (const char *path, const struct timeval times[2]), (place.path, times))
CHANGE(lutimes, false, HERE, path, (const char *path, const struct timeval times[2]), (place.path, times))
CHANGE(futimesat, false, at, path, (int at, const char *path, const struct timeval times[2]),
       (place.folder, place.path, times))

/* What a descriptor that is open for reading lets change: more than the content.  On a memfd it would work, and another time
 * would make it one of nothing in the tree. */

/* Whether the descriptor is of the tree; then sets errno. */
static bool is_refused(int descriptor)
{
    if (descriptor < 0 || tree_node_at(descriptor) == NODE_NONE)
        return false;
    errno = EROFS;
    return true;
}

/* Defines __wrap_NAME for a function with a descriptor; the parameters say its name. */
#define CHANGE_OPEN(name, descriptor, parameters, arguments)                                                               \
    int __real_##name parameters;                                                                                          \
    int __wrap_##name parameters                                                                                           \
    {                                                                                                                      \
        return is_refused(descriptor) ? -1 : __real_##name arguments;                                                      \
    }

CHANGE_OPEN(fchmod, open, (int open, mode_t mode), (open, mode))
CHANGE_OPEN(fchown, open, (int open, uid_t user, gid_t group), (open, user, group))
CHANGE_OPEN(fsetxattr, open, (int open, const char *attribute, const void *value, size_t size, int flags),
            (open, attribute, value, size, flags))
CHANGE_OPEN(fremovexattr, open, (int open, const char *attribute), (open, attribute))

int __real_utimensat(int at, const char *path, const struct timespec times[2], int flags);

/* Without a path it is about what is open: so the C library's futimens, futimes and futimesat ask. */
int __wrap_utimensat(int at, const char *path, const struct timespec times[2], int flags)
{
    if (path == NULL)
        return is_refused(at) ? -1 : __real_utimensat(at, path, times, flags);
    if (tree_meant_without_path(at, path, flags) != NODE_NONE) {
        errno = EROFS;
        return -1;
    }
    TREE_LOCATE_OR_RETURN(place, at, path, int, __real_utimensat(place.folder, place.path, times, flags), result < 0)
    return refuse(&place, false);
}

/* Two paths: a change that touches the tree at either end is refused; between the two it is one to another disk. */

/* Whether one of the places is in the tree; then sets errno. */
static bool touches_tree(const struct tree_place *from, const struct tree_place *to)
{
    if (from->kind != TREE_OUTSIDE)
        refuse(from, false);
    else if (to->kind != TREE_OUTSIDE)
        refuse(to, to->kind == TREE_ERROR);
    return from->kind != TREE_OUTSIDE || to->kind != TREE_OUTSIDE;
}

/* Falls through when one of the two is in the tree, with errno set. */
#define LOCATE_BOTH_OR_RETURN(one, from_folder, from, two, to_folder, to, call)                                            \
    TREE_PLACE(one, from_folder, from)                                                                                     \
    TREE_PLACE(two, to_folder, to)                                                                                         \
    while (!touches_tree(&one, &two)) {                                                                                    \
        int result = (call);                                                                                               \
        if (result == 0 || errno != ENOTDIR || (!TREE_RETRY(one) && !TREE_RETRY(two)))                                     \
            return result;                                                                                                 \
    }

int __real_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __real_linkat(int from_folder, const char *from, int to_folder, const char *to, int flags);

int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    LOCATE_BOTH_OR_RETURN(one, from_folder, from, two, to_folder, to,
                          __real_renameat(one.folder, one.path, two.folder, two.path))
    return -1;
}

int __wrap_rename(const char *from, const char *to)
{
    return __wrap_renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int __wrap_linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    LOCATE_BOTH_OR_RETURN(one, from_folder, from, two, to_folder, to,
                          __real_linkat(one.folder, one.path, two.folder, two.path, flags))
    if (one.kind == TREE_NODE && two.kind == TREE_OUTSIDE)
        errno = EXDEV; /* from the tree to the disk: between two file systems */
    return -1;
}

int __wrap_link(const char *from, const char *to)
{
    return __wrap_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}
