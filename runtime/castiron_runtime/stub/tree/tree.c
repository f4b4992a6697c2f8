#include "tree/tree.h"

#include <stdlib.h>
#include <unistd.h>

#include "libc/decimal.h"
#include "libc/real.h"
#include "process/executable.h"

const char *tree_root = "";
size_t tree_root_length;
bool tree_has_folder_descriptors;
uint32_t tree_working_directory = NODE_NONE;

enum { LINKS_MOST = 40 /* as Linux */ };

/* One function of each file with wrappers.  The linker renames calls of execve to calls of __wrap_execve without looking for
 * that in the archive, so something must ask for each member.  It drops this table again, and wrappers without callers
 * (--gc-sections). */
extern int __wrap_stat(), __wrap_open(), __wrap_opendir(), __wrap_unlink(), __wrap_listxattr(), __wrap_execve(),
    __wrap_chdir(), __wrap_posix_spawn(), __wrap_inotify_add_watch();
double __wrap_log2(double);
const char *__wrap_X509_get_default_cert_file(void);
__attribute__((used)) static int (*const members[])() = {
    __wrap_stat, __wrap_open, __wrap_opendir, __wrap_unlink, __wrap_listxattr, __wrap_execve,
    __wrap_chdir, __wrap_posix_spawn, __wrap_inotify_add_watch, (int (*)())(void (*)(void))__wrap_log2,
    (int (*)())(void (*)(void))__wrap_X509_get_default_cert_file,
};

void tree_start(void)
{
    tree_root = executable_path();
    tree_root_length = executable_path_length();
    tree_working_directory_inherit();
}

size_t tree_node_path(uint32_t node, char *buffer, size_t size)
{
    if (tree_root_length + 1 >= size)
        return tree_root_length + 1 + payload_node_path(node, NULL, 0);
    memcpy(buffer, tree_root, tree_root_length);
    size_t used = tree_root_length;
    buffer[used] = '\0';
    if (node == NODE_ROOT)
        return used;
    buffer[used++] = '/';
    return used + payload_node_path(node, buffer + used, size - used);
}

size_t tree_storage_size(const char *path)
{
    return path != NULL && strstr(path, "..") != NULL ? PATH_MAX : 0;
}

char *tree_descriptor_name(int descriptor, char name[TREE_DESCRIPTOR_NAME])
{
    static const char folder[] = "/proc/self/fd/";
    memcpy(name, folder, sizeof folder - 1);
    decimal_write((uint64_t)descriptor, name + sizeof folder - 1);
    return name;
}

static void fail(struct tree_place *place, int error)
{
    place->kind = TREE_ERROR;
    place->error = error;
}

/* The path leads out of the tree: the rest of it is relative to the executable's folder. */
static void outside(struct tree_place *place, const char *rest)
{
    size_t folder = executable_folder_length(), length = strlen(rest);
    if (folder == 1)
        folder = 0;
    if (folder + 1 + length >= PATH_MAX) {
        fail(place, ENAMETOOLONG);
        return;
    }
    memmove(place->storage + folder + 1, rest, length + 1); /* `rest` may be part of the storage */
    memcpy(place->storage, tree_root, folder);
    place->storage[folder] = '/';
    place->kind = TREE_OUTSIDE;
    place->folder = AT_FDCWD;
    place->path = place->storage;
    if (tree_is_path(place->path))
        tree_locate(place); /* back into it; shorter by two components, so this ends */
}

/* Follows the path `rest` from a node. */
static void walk(uint32_t node, const char *rest, struct tree_place *place)
{
    bool must_be_folder = false;
    uint32_t link = node; /* the last component itself */
    unsigned followed = 0;
    node = payload_followed(node);
    for (;;) {
        must_be_folder = *rest == '/';
        rest += strspn(rest, "/");
        if (*rest == '\0')
            break;
        size_t length = strcspn(rest, "/");
        if (payload_node(node)->kind != NODE_FOLDER) {
            fail(place, ENOTDIR);
            return;
        }
        if (length == 1 && rest[0] == '.') {
            must_be_folder = true;
            link = node;
        } else if (length == 2 && rest[0] == '.' && rest[1] == '.') {
            if (node == NODE_ROOT) {
                rest += length;
                outside(place, rest + strspn(rest, "/"));
                return;
            }
            node = link = payload_node(node)->parent;
        } else if (length > NAME_MAX) {
            fail(place, ENAMETOOLONG);
            return;
        } else {
            link = payload_child(node, rest, length);
            if (link == NODE_NONE) {
                fail(place, ENOENT);
                return;
            }
            node = payload_followed(link);
            followed += link == node ? 0 : payload_node(link)->followed;
        }
        rest += length;
    }
    if (must_be_folder && payload_node(node)->kind != NODE_FOLDER) {
        fail(place, ENOTDIR);
        return;
    }
    if (followed > LINKS_MOST) {
        fail(place, ELOOP);
        return;
    }
    place->kind = TREE_NODE;
    place->node = node;
    place->link = must_be_folder ? node : link;
}

uint32_t tree_node_at(int folder)
{
    struct stat status;
    if (folder == AT_FDCWD)
        return tree_working_directory;
    return __real_fstat(folder, &status) == 0 ? tree_descriptor_node(&status) : NODE_NONE;
}

void tree_locate(struct tree_place *place)
{
    const char *path = place->path;
    place->kind = TREE_OUTSIDE;
    if (tree_is_path(path)) {
        walk(NODE_ROOT, path + tree_root_length, place);
        return;
    }
    if (path == NULL || path[0] == '/')
        return;
    uint32_t node = tree_node_at(place->folder);
    if (node == NODE_NONE)
        return;
    if (path[0] == '\0')
        fail(place, ENOENT);
    else if (payload_node(node)->kind != NODE_FOLDER)
        fail(place, ENOTDIR);
    else
        walk(node, path, place);
}

struct tree_place tree_lookup(const char *path)
{
    if (!tree_is_path(path))
        return (struct tree_place){.kind = TREE_OUTSIDE};
    TREE_PLACE(place, AT_FDCWD, path)
    place.path = place.storage = NULL; /* of this frame */
    return place;
}

/* Functions of the C library call others that are wrapped (stat, fstatat), which would look here again: what is called from
 * here on makes a system call itself. */

static bool is_executable(int folder, const char *path, int flags)
{
    struct stat one, two;
    return __real_fstatat(folder, path, &one, flags) == 0 && S_ISREG(one.st_mode) &&
           __real_fstatat(AT_FDCWD, tree_root, &two, 0) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

/* Whether one of the names that the path consists of is the executable's, and where the rest leads in the tree.  Of a whole
 * path too: where the kernel wanted a folder, the executable is the tree's root. */
static bool enters_by_name(int folder, char *path, struct tree_place *place)
{
    size_t length = strlen(path);
    for (size_t at = length; at != 0; at--) {
        char behind = path[at];
        if (behind != '/' && behind != '\0')
            continue;
        path[at] = '\0';
        bool found = strcmp(path, tree_root) == 0 || is_executable(folder, path, 0);
        path[at] = behind;
        if (found) {
            walk(NODE_ROOT, path + at, place);
            return true;
        }
    }
    return false;
}

/* Puts in place of the first `length` bytes of `path`, a symbolic link, what it points to.  Both buffers have PATH_MAX
 * bytes; the result is in `other`. */
static bool follow_link(int at, const char *path, size_t length, char *other)
{
    char *prefix = other; /* the kernel wants it alone */
    memcpy(prefix, path, length);
    prefix[length] = '\0';
    size_t folder = length;
    while (folder != 0 && path[folder - 1] != '/')
        folder--;
    size_t rest = strlen(path + length);
    ssize_t target = __real_readlinkat(at, prefix, other + folder, PATH_MAX - 1 - folder);
    if (target <= 0 || folder + (size_t)target + rest >= PATH_MAX - 1)
        return false;
    bool absolute = other[folder] == '/';
    if (absolute)
        memmove(other, other + folder, (size_t)target);
    else
        memcpy(other, path, folder);
    memcpy(other + (absolute ? 0 : folder) + target, path + length, rest + 1);
    return true;
}

/* What the first `length` bytes of a path name, without following them: S_IFMT of its mode, or 0. */
static mode_t kind_of(int folder, char *path, size_t length)
{
    struct stat status;
    char behind = path[length];
    path[length] = '\0';
    int result = __real_fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW);
    path[length] = behind;
    return result == 0 ? status.st_mode & S_IFMT : 0;
}

/* Bytes of the path up to the first symbolic link in it, or 0. */
static size_t first_link(int folder, char *path)
{
    for (size_t at = strspn(path, "/");; at += strspn(path + at, "/")) {
        at += strcspn(path + at, "/");
        mode_t kind = at == 0 ? 0 : kind_of(folder, path, at);
        if (S_ISLNK(kind))
            return at;
        if (!S_ISDIR(kind) || path[at] == '\0')
            return 0;
    }
}

/* Likewise, or by the name that symbolic links lead to, which are followed as the kernel does. */
static bool enters_by_links(int folder, char *path, char *other, struct tree_place *place)
{
    for (unsigned links = 0; links < LINKS_MOST; links++) {
        if (enters_by_name(folder, path, place))
            return true;
        size_t at = first_link(folder, path);
        if (at == 0 || !follow_link(folder, path, at, other))
            return false;
        char *swap = path;
        path = other;
        other = swap;
    }
    return false;
}

/* Of a path relative to a folder's descriptor that another process, of this program too, has opened; or to a descriptor of
 * the executable. */
static bool enters_by_descriptor(int folder, const char *path, struct tree_place *place)
{
    if (folder == AT_FDCWD || path[0] == '/')
        return false;
    uint32_t node = tree_node_at(folder);
    if (node != NODE_NONE)
        tree_has_folder_descriptors = true;
    else if (is_executable(folder, "", AT_EMPTY_PATH))
        node = NODE_ROOT;
    if (node == NODE_NONE || payload_node(node)->kind != NODE_FOLDER)
        return false;
    walk(node, path, place);
    return true;
}

bool tree_retry(struct tree_place *place)
{
    const char *path = place->path;
    size_t length = path == NULL ? 0 : strlen(path);
    if (tree_root_length == 0 || length == 0 || length >= PATH_MAX || place->retries++ == LINKS_MOST)
        return false;
    char *copy = place->storage; /* where the path may lie already */
    memmove(copy, path, length + 1);
    bool enters = enters_by_descriptor(place->folder, copy, place) ||
                  enters_by_links(place->folder, copy, copy + PATH_MAX, place);
    errno = ENOTDIR;
    return enters;
}
