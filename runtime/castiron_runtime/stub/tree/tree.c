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
    if (tree_is_path(place->storage)) {
        tree_locate(AT_FDCWD, place->storage, place); /* back into it; shorter by two components, so this ends */
        return;
    }
    place->kind = TREE_OUTSIDE;
    place->folder = AT_FDCWD;
    place->path = place->storage;
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

void tree_locate(int folder, const char *path, struct tree_place *place)
{
    if (tree_is_path(path)) {
        walk(NODE_ROOT, path + tree_root_length, place);
        return;
    }
    struct stat status;
    uint32_t node = NODE_NONE;
    if (folder == AT_FDCWD && tree_working_directory != NODE_NONE && path != NULL && path[0] != '/') {
        if (path[0] == '\0')
            fail(place, ENOENT);
        else
            walk(tree_working_directory, path, place);
        return;
    }
    if (folder != AT_FDCWD && path != NULL && path[0] != '/' && __real_fstat(folder, &status) == 0)
        node = tree_descriptor_node(&status);
    if (node != NODE_NONE && (payload_node(node)->kind == NODE_FOLDER || path[0] == '\0')) {
        walk(node, path, place);
        return;
    }
    place->kind = TREE_OUTSIDE;
    place->folder = folder;
    place->path = path;
}

struct tree_place tree_lookup(const char *path)
{
    struct tree_place place = {.kind = TREE_OUTSIDE};
    if (tree_is_path(path)) {
        place.storage = TREE_STORAGE(AT_FDCWD, path);
        tree_locate(AT_FDCWD, path, &place);
        place.path = place.storage = NULL; /* of this frame */
    }
    return place;
}

/* Whether the file called `path` is this executable. */
static bool is_executable(const char *path)
{
    struct stat one, two;
    return __real_stat(path, &one) == 0 && S_ISREG(one.st_mode) && __real_stat(tree_root, &two) == 0 &&
           one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

/* Puts in place of the first `length` bytes of `path`, a symbolic link, what it points to.  Both buffers have PATH_MAX
 * bytes; the result is in `other`. */
static bool follow_link(const char *path, size_t length, char *other)
{
    char *prefix = other; /* the kernel wants it alone */
    memcpy(prefix, path, length);
    prefix[length] = '\0';
    size_t folder = length;
    while (folder != 0 && path[folder - 1] != '/')
        folder--;
    size_t rest = strlen(path + length);
    ssize_t target = __real_readlink(prefix, other + folder, PATH_MAX - 1 - folder);
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
static mode_t kind_of(char *path, size_t length)
{
    struct stat status;
    char behind = path[length];
    path[length] = '\0';
    int result = __real_lstat(path, &status);
    path[length] = behind;
    return result == 0 ? status.st_mode & S_IFMT : 0;
}

/* Bytes of the path up to the first symbolic link in it, or 0.  Looks no further than the kernel can go: the C library's
 * lstat may call another function that is wrapped, which must not end here again. */
static size_t first_link(char *path)
{
    for (size_t at = strspn(path, "/");; at += strspn(path + at, "/")) {
        at += strcspn(path + at, "/");
        mode_t kind = at == 0 ? 0 : kind_of(path, at);
        if (S_ISLNK(kind))
            return at;
        if (!S_ISDIR(kind) || path[at] == '\0')
            return 0;
    }
}

/* Follows symbolic links as the kernel does, until one leads into the tree. */
static bool enters_by_links(char *path, char *other, struct tree_place *place)
{
    for (unsigned links = 0; links < LINKS_MOST; links++) {
        size_t at = first_link(path);
        if (at == 0 || !follow_link(path, at, other))
            return false;
        char *swap = path;
        path = other;
        other = swap;
        if (tree_is_path(path)) {
            memmove(place->storage, path, strlen(path) + 1);
            walk(NODE_ROOT, place->storage + tree_root_length, place);
            return true;
        }
    }
    return false;
}

/* Of a path relative to a folder's descriptor that another process, of this program too, has opened. */
static bool enters_by_descriptor(int folder, const char *path, struct tree_place *place)
{
    struct stat status;
    uint32_t node = __real_fstat(folder, &status) == 0 ? tree_descriptor_node(&status) : NODE_NONE;
    bool enters = node != NODE_NONE && payload_node(node)->kind == NODE_FOLDER;
    if (enters) {
        tree_has_folder_descriptors = true;
        walk(node, path, place);
    }
    errno = ENOTDIR;
    return enters;
}

bool tree_retry(int folder, const char *path, struct tree_place *place)
{
    if (path == NULL || tree_root_length == 0)
        return false;
    if (folder != AT_FDCWD && path[0] != '/')
        return enters_by_descriptor(folder, path, place);
    size_t length = strlen(path);
    if (length >= PATH_MAX)
        return false;
    char *copy = place->storage;
    memcpy(copy, path, length + 1);
    for (size_t at = length; at > 1; at--) {
        if (copy[at - 1] != '/')
            continue;
        copy[at - 1] = '\0';
        if (is_executable(copy)) {
            walk(NODE_ROOT, path + at - 1, place);
            return true;
        }
        copy[at - 1] = '/';
    }
    if (enters_by_links(copy, copy + PATH_MAX, place))
        return true;
    errno = ENOTDIR;
    return false;
}
