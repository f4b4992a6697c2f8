/* Extended attributes and limits: files in the tree have none of the former, and the latter of their executable. */
#include <sys/xattr.h>
#include <unistd.h>

#include "tree/tree.h"

static ssize_t refuse(const struct tree_place *place, int error)
{
    errno = place->kind == TREE_ERROR ? place->error : error;
    return -1;
}

#define LIST(name)                                                                                                         \
    ssize_t __real_##name(const char *path, char *list, size_t size);                                                      \
    ssize_t __wrap_##name(const char *path, char *list, size_t size)                                                       \
    {                                                                                                                      \
        TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, ssize_t, __real_##name(place.path, list, size), result < 0)           \
        return place.kind == TREE_NODE ? 0 : refuse(&place, 0);                                                          \
    }

#define GET(name)                                                                                                          \
    ssize_t __real_##name(const char *path, const char *attribute, void *value, size_t size);                              \
    ssize_t __wrap_##name(const char *path, const char *attribute, void *value, size_t size)                               \
    {                                                                                                                      \
        TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, ssize_t, __real_##name(place.path, attribute, value, size), result < 0)\
        return refuse(&place, ENODATA);                                                                                    \
    }

#define SET(name)                                                                                                          \
    int __real_##name(const char *path, const char *attribute, const void *value, size_t size, int flags);                 \
    int __wrap_##name(const char *path, const char *attribute, const void *value, size_t size, int flags)                  \
    {                                                                                                                      \
        TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_##name(place.path, attribute, value, size, flags), result < 0)\
        return (int)refuse(&place, EROFS);                                                                                 \
    }

#define REMOVE(name)                                                                                                       \
    int __real_##name(const char *path, const char *attribute);                                                            \
    int __wrap_##name(const char *path, const char *attribute)                                                             \
    {                                                                                                                      \
        TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_##name(place.path, attribute), result < 0)                \
        return (int)refuse(&place, EROFS);                                                                                 \
    }

LIST(listxattr)
LIST(llistxattr)
GET(getxattr)
GET(lgetxattr)
SET(setxattr)
SET(lsetxattr)
REMOVE(removexattr)
REMOVE(lremovexattr)

long __real_pathconf(const char *path, int name);

long __wrap_pathconf(const char *path, int name)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, long, __real_pathconf(place.path, name), result < 0)
    return place.kind == TREE_NODE ? __real_pathconf(tree_root, name) : (long)refuse(&place, 0);
}
