/* Functions that would change a file: EROFS for what is in the tree. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>
#include <utime.h>

#include "tree/tree.h"

/* What a change of something in the tree fails with: as on a read-only disk, what is not there cannot be removed either,
 * but what is not there cannot be made. */
static int refuse(const struct tree_place *place, bool makes)
{
    if (place->kind == TREE_ERROR && !(makes && place->error == ENOENT))
        errno = place->error;
    else
        errno = makes && place->kind == TREE_NODE ? EEXIST : EROFS;
    return -1;
}

/* Defines __wrap_NAME for a function with one path.  `at` and `path` are the names of its arguments; `elsewhere` is the
 * call with the path that leaves the tree. */
#define CHANGE(name, makes, at, path, parameters, call, elsewhere)                                                         \
    int __real_##name parameters;                                                                                          \
    int __wrap_##name parameters                                                                                           \
    {                                                                                                                      \
        TREE_LOCATE_OR_RETURN(place, at, path, int, __real_##name call, result < 0)                                               \
        return place.kind == TREE_OUTSIDE ? __real_##name elsewhere : refuse(&place, makes);                               \
    }

#define HERE AT_FDCWD

CHANGE(truncate, false, HERE, path, (const char *path, off_t size), (path, size), (place.path, size))
CHANGE(unlink, false, HERE, path, (const char *path), (path), (place.path))
CHANGE(unlinkat, false, at, path, (int at, const char *path, int flags), (at, path, flags),
       (place.folder, place.path, flags))
CHANGE(remove, false, HERE, path, (const char *path), (path), (place.path))
CHANGE(rmdir, false, HERE, path, (const char *path), (path), (place.path))
CHANGE(mkdir, true, HERE, path, (const char *path, mode_t mode), (path, mode), (place.path, mode))
CHANGE(mkdirat, true, at, path, (int at, const char *path, mode_t mode), (at, path, mode),
       (place.folder, place.path, mode))
CHANGE(mkfifo, true, HERE, path, (const char *path, mode_t mode), (path, mode), (place.path, mode))
CHANGE(mkfifoat, true, at, path, (int at, const char *path, mode_t mode), (at, path, mode),
       (place.folder, place.path, mode))
CHANGE(mknod, true, HERE, path, (const char *path, mode_t mode, dev_t device), (path, mode, device),
       (place.path, mode, device))
CHANGE(mknodat, true, at, path, (int at, const char *path, mode_t mode, dev_t device), (at, path, mode, device),
       (place.folder, place.path, mode, device))
CHANGE(symlink, true, HERE, path, (const char *target, const char *path), (target, path), (target, place.path))
CHANGE(symlinkat, true, at, path, (const char *target, int at, const char *path), (target, at, path),
       (target, place.folder, place.path))
CHANGE(chmod, false, HERE, path, (const char *path, mode_t mode), (path, mode), (place.path, mode))
CHANGE(lchmod, false, HERE, path, (const char *path, mode_t mode), (path, mode), (place.path, mode))
CHANGE(fchmodat, false, at, path, (int at, const char *path, mode_t mode, int flags), (at, path, mode, flags),
       (place.folder, place.path, mode, flags))
CHANGE(chown, false, HERE, path, (const char *path, uid_t user, gid_t group), (path, user, group),
       (place.path, user, group))
CHANGE(lchown, false, HERE, path, (const char *path, uid_t user, gid_t group), (path, user, group),
       (place.path, user, group))
CHANGE(fchownat, false, at, path, (int at, const char *path, uid_t user, gid_t group, int flags),
       (at, path, user, group, flags), (place.folder, place.path, user, group, flags))
CHANGE(utime, false, HERE, path, (const char *path, const struct utimbuf *times), (path, times), (place.path, times))
CHANGE(utimes, false, HERE, path, (const char *path, const struct timeval times[2]), (path, times), (place.path, times))
CHANGE(lutimes, false, HERE, path, (const char *path, const struct timeval times[2]), (path, times),
       (place.path, times))
CHANGE(futimesat, false, at, path, (int at, const char *path, const struct timeval times[2]), (at, path, times),
       (place.folder, place.path, times))
CHANGE(utimensat, false, at, path, (int at, const char *path, const struct timespec times[2], int flags),
       (at, path, times, flags), (place.folder, place.path, times, flags))

/* Two paths: a change that touches the tree at either end is refused; between the two it is one to another disk. */

static bool locate_both(int folder_one, const char **one, int *at_one, struct tree_place *place_one, int folder_two,
                        const char **two, int *at_two, struct tree_place *place_two)
{
    *at_one = folder_one;
    *at_two = folder_two;
    if (tree_concerns(folder_one, *one)) {
        tree_locate(folder_one, *one, place_one);
        if (place_one->kind != TREE_OUTSIDE) {
            refuse(place_one, false);
            return false;
        }
        *at_one = place_one->folder;
        *one = place_one->path;
    }
    if (tree_concerns(folder_two, *two)) {
        tree_locate(folder_two, *two, place_two);
        if (place_two->kind != TREE_OUTSIDE) {
            refuse(place_two, place_two->kind == TREE_ERROR);
            return false;
        }
        *at_two = place_two->folder;
        *two = place_two->path;
    }
    return true;
}

int __real_rename(const char *from, const char *to);
int __real_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __real_link(const char *from, const char *to);
int __real_linkat(int from_folder, const char *from, int to_folder, const char *to, int flags);

int __wrap_rename(const char *from, const char *to)
{
    struct tree_place one, two;
    int at_one, at_two;
    one.storage = TREE_STORAGE(AT_FDCWD, from);
    two.storage = TREE_STORAGE(AT_FDCWD, to);
    if (!locate_both(AT_FDCWD, &from, &at_one, &one, AT_FDCWD, &to, &at_two, &two))
        return -1;
    return __real_rename(from, to);
}

int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    struct tree_place one, two;
    int at_one, at_two;
    one.storage = TREE_STORAGE(from_folder, from);
    two.storage = TREE_STORAGE(to_folder, to);
    if (!locate_both(from_folder, &from, &at_one, &one, to_folder, &to, &at_two, &two))
        return -1;
    return __real_renameat(at_one, from, at_two, to);
}

/* A link from the tree to the disk is one between two file systems. */
static int linked(int result, const struct tree_place *from, bool from_tree)
{
    if (result < 0 && from_tree && from->kind == TREE_NODE)
        errno = EXDEV;
    return result;
}

int __wrap_link(const char *from, const char *to)
{
    struct tree_place one = {.kind = TREE_OUTSIDE}, two;
    int at_one, at_two;
    bool from_tree = tree_is_path(from) && !tree_is_path(to);
    one.storage = TREE_STORAGE(AT_FDCWD, from);
    two.storage = TREE_STORAGE(AT_FDCWD, to);
    if (!locate_both(AT_FDCWD, &from, &at_one, &one, AT_FDCWD, &to, &at_two, &two))
        return linked(-1, &one, from_tree);
    return __real_link(from, to);
}

int __wrap_linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    struct tree_place one = {.kind = TREE_OUTSIDE}, two;
    int at_one, at_two;
    bool from_tree = tree_concerns(from_folder, from) && !tree_is_path(to);
    one.storage = TREE_STORAGE(from_folder, from);
    two.storage = TREE_STORAGE(to_folder, to);
    if (!locate_both(from_folder, &from, &at_one, &one, to_folder, &to, &at_two, &two))
        return linked(-1, &one, from_tree);
    return __real_linkat(at_one, from, at_two, to, flags);
}
