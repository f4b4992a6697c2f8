/* The current folder.  Scripts change to the folder they are in, to find their files by relative paths; if that is in the
 * tree, only we know: the kernel, and with it other programs that we start, stay where they were. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "tree.h"

int __real_chdir(const char *path);
int __real_fchdir(int descriptor);
char *__real_getcwd(char *buffer, size_t size);
int __real_fstat(int descriptor, struct stat *status);

static pid_t owner;

static void after_fork(void)
{
    owner = getpid();
}

/* A child of vfork (subprocess with cwd=) shares our memory, but must not move us. */
static bool may_move(void)
{
    if (owner == 0) {
        owner = getpid();
        pthread_atfork(NULL, NULL, after_fork);
    }
    return owner == getpid();
}

static int move_into(uint32_t node)
{
    if (payload_node(node)->kind != NODE_FOLDER || !may_move()) {
        errno = ENOTDIR;
        return -1;
    }
    tree_current = node;
    return 0;
}

static int moved(int result)
{
    if (result == 0 && tree_current != NODE_NONE && may_move())
        tree_current = NODE_NONE;
    return result;
}

int __wrap_chdir(const char *path)
{
    TREE_ELSEWHERE(place, AT_FDCWD, path, int, moved(__real_chdir(path)), result < 0)
    if (place.kind == TREE_OUTSIDE)
        return moved(__real_chdir(place.path));
    if (place.kind == TREE_INSIDE)
        return move_into(place.node);
    errno = place.error;
    return -1;
}

int __wrap_fchdir(int descriptor)
{
    struct stat status;
    if (tree_has_folder_descriptors && __real_fstat(descriptor, &status) == 0) {
        uint32_t node = tree_descriptor_node(&status);
        if (node != NODE_NONE)
            return move_into(node);
    }
    return moved(__real_fchdir(descriptor));
}

char *__wrap_getcwd(char *buffer, size_t size)
{
    if (tree_current == NODE_NONE)
        return __real_getcwd(buffer, size);
    char path[2 * PATH_MAX];
    size_t length = tree_node_path(tree_current, path, sizeof path);
    if (buffer == NULL)
        return strdup(path);
    if (size <= length) {
        errno = size == 0 ? EINVAL : ERANGE;
        return NULL;
    }
    return strcpy(buffer, path);
}
