/* The working directory.  Scripts change to the folder they are in, to find their files by relative paths.  If that is in the
 * tree, only this process knows: for the kernel, and so for other programs that are started, it stays where it was.
 *
 * A child that is this executable again is told by a variable, which it removes.  A child that was itself to change to a
 * folder of the tree (subprocess with cwd=) and then to execute another program fails instead: the program would do its
 * work, say `git clean`, in a folder that was not meant.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "libc/decimal.h"
#include "libc/real.h"
#include "tree/tree.h"

int __real_chdir(const char *path);
int __real_fchdir(int descriptor);
char *__real_getcwd(char *buffer, size_t size);

static pid_t owner;               /* whose directory `tree_working_directory` is */
static bool forked, changed_here; /* the owner is the child of a fork; it changed its directory itself */

/* A child of vfork shares our memory, but has a directory of its own.  It runs as the thread that made it, which waits. */
static __thread pid_t child;
static __thread uint32_t child_folder;

/* Followed by the number of the folder's node and the size of the payload that has it. */
static const char variable[] = "_CASTIRON_FOLDER";

static void after_fork(void)
{
    owner = getpid();
    forked = true;
    changed_here = false;
    child = 0;
}

void tree_working_directory_inherit(void)
{
    owner = getpid();
    pthread_atfork(NULL, NULL, after_fork);
    const char *text = getenv(variable);
    if (text == NULL)
        return;
    unsigned long node, size;
    if (sscanf(text, "%lu:%lu", &node, &size) == 2 && size == payload_header()->size &&
        node < payload_header()->node_count && payload_node((uint32_t)node)->kind == NODE_FOLDER)
        tree_working_directory = (uint32_t)node;
    unsetenv(variable);
}

static int enter(uint32_t node)
{
    if (payload_node(node)->kind != NODE_FOLDER) {
        errno = ENOTDIR;
        return -1;
    }
    pid_t process = getpid();
    if (process == owner) {
        tree_working_directory = node;
        changed_here = true;
    } else {
        child = process;
        child_folder = node;
    }
    return 0;
}

/* The real function has changed the directory, unless it failed: it is not in the tree. */
static int note_change(int result)
{
    if (result != 0 || (tree_working_directory == NODE_NONE && child == 0))
        return result;
    pid_t process = getpid();
    if (process == owner) {
        tree_working_directory = NODE_NONE;
    } else {
        child = process;
        child_folder = NODE_NONE;
    }
    return result;
}

uint32_t tree_working_directory_for_exec(bool *only_ours)
{
    *only_ours = false;
    if (tree_working_directory == NODE_NONE && child == 0)
        return NODE_NONE;
    pid_t process = getpid();
    bool shares_memory = process != owner && child == process;
    uint32_t folder = shares_memory ? child_folder : tree_working_directory;
    *only_ours = folder != NODE_NONE && (shares_memory || (process == owner && forked && changed_here));
    return folder;
}

void tree_working_directory_variable(uint32_t folder, char text[TREE_DIRECTORY_VARIABLE_SIZE])
{
    memcpy(text, variable, sizeof variable - 1);
    char *at = text + sizeof variable - 1;
    *at++ = '=';
    at = decimal_write(folder, at);
    *at++ = ':';
    decimal_write(payload_header()->size, at);
}

int __wrap_chdir(const char *path)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, note_change(__real_chdir(place.path)), result < 0)
    if (place.kind == TREE_NODE)
        return enter(place.node);
    errno = place.error;
    return -1;
}

int __wrap_fchdir(int descriptor)
{
    struct stat status;
    if (__real_fstat(descriptor, &status) == 0) {
        uint32_t node = tree_descriptor_node(&status);
        if (node != NODE_NONE)
            return enter(node);
    }
    return note_change(__real_fchdir(descriptor));
}

char *__wrap_getcwd(char *buffer, size_t size)
{
    if (tree_working_directory == NODE_NONE)
        return __real_getcwd(buffer, size);
    size_t length = tree_node_path(tree_working_directory, NULL, 0);
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
    tree_node_path(tree_working_directory, buffer, size);
    return buffer;
}
