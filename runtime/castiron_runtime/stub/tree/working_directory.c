/* The current folder.  Scripts change to the folder they are in, to find their files by relative paths; if that is in the
 * tree, only we know: the kernel, and with it other programs that we start, stay where they were.
 *
 * A child that is this executable again is told by a variable, which it removes.  A child that was itself to change to a
 * folder of the tree (subprocess with cwd=) and to become another program fails instead: it would do its work, say
 * `git clean`, in a folder that nobody meant.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tree/tree.h"

int __real_chdir(const char *path);
int __real_fchdir(int descriptor);
char *__real_getcwd(char *buffer, size_t size);
int __real_fstat(int descriptor, struct stat *status);

static pid_t owner;             /* whose folder `tree_current` is */
static bool forked, moved_here; /* the owner is the child of a fork; it changed its folder itself */

/* A child of vfork shares our memory, but must not move us.  It runs as the thread that made it, which waits. */
static __thread pid_t child;
static __thread uint32_t child_folder;

/* Followed by the number of the folder's node and the size of the payload that has it. */
static const char variable[] = "_CASTIRON_FOLDER";

static void after_fork(void)
{
    owner = getpid();
    forked = true;
    moved_here = false;
    child = 0;
}

void tree_current_start(void)
{
    owner = getpid();
    pthread_atfork(NULL, NULL, after_fork);
    const char *text = getenv(variable);
    if (text == NULL)
        return;
    unsigned long node, size;
    if (sscanf(text, "%lu:%lu", &node, &size) == 2 && size == payload_header()->size &&
        node < payload_header()->node_count && payload_node((uint32_t)node)->kind == NODE_FOLDER)
        tree_current = (uint32_t)node;
    unsetenv(variable);
}

static int move_into(uint32_t node)
{
    if (payload_node(node)->kind != NODE_FOLDER) {
        errno = ENOTDIR;
        return -1;
    }
    pid_t process = getpid();
    if (process == owner) {
        tree_current = node;
        moved_here = true;
    } else {
        child = process;
        child_folder = node;
    }
    return 0;
}

static int moved(int result)
{
    if (result != 0 || (tree_current == NODE_NONE && child == 0))
        return result;
    pid_t process = getpid();
    if (process == owner) {
        tree_current = NODE_NONE;
    } else {
        child = process;
        child_folder = NODE_NONE;
    }
    return result;
}

uint32_t tree_current_for_program(bool *only_ours)
{
    *only_ours = false;
    if (tree_current == NODE_NONE && child == 0)
        return NODE_NONE;
    pid_t process = getpid();
    bool shares_memory = process != owner && child == process;
    uint32_t folder = shares_memory ? child_folder : tree_current;
    *only_ours = folder != NODE_NONE && (shares_memory || (process == owner && forked && moved_here));
    return folder;
}

void tree_current_variable(uint32_t folder, char text[TREE_CURRENT_SIZE])
{
    memcpy(text, variable, sizeof variable - 1);
    char *at = text + sizeof variable - 1;
    *at++ = '=';
    at = tree_decimal(folder, at);
    *at++ = ':';
    tree_decimal(payload_header()->size, at);
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
    if (__real_fstat(descriptor, &status) == 0) {
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
    size_t length = tree_node_path(tree_current, NULL, 0);
    if (buffer == NULL) {
        size = length + 1;
        buffer = malloc(size);
        if (buffer == NULL)
            return NULL;
    }
    if (size <= length) {
        errno = size == 0 ? EINVAL : ERANGE;
        return NULL;
    }
    tree_node_path(tree_current, buffer, size);
    return buffer;
}
