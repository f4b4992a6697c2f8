/* execve of a program in the tree, such as one that a wheel brings along: the kernel runs it from a memfd. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "executable.h"
#include "tree.h"

int __real_execve(const char *path, char *const arguments[], char *const environment[]);

/* May run in a child of vfork: uses nothing but system calls. */
static int run(uint32_t index, char *const arguments[], char *const environment[])
{
    const Node *node = payload_node(index);
    if (node->kind != NODE_FILE || !node->executable) {
        errno = EACCES;
        return -1;
    }
    /* The interpreter of a script opens the descriptor by its name, so it must survive execve. */
    bool script = node->size >= 2 && memcmp(payload_data(node->start), "#!", 2) == 0;
    int descriptor = tree_open_node(index, O_RDONLY | (script ? 0 : O_CLOEXEC));
    if (descriptor < 0)
        return -1;
    syscall(SYS_execveat, descriptor, "", arguments, environment, AT_EMPTY_PATH);
    int error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

/* os.execv(sys.executable, ...): the executable shall know that it replaces itself. */
static int run_again(const char *path, char *const arguments[], char *const environment[])
{
    char **marked = executable_marked_environment(environment);
    __real_execve(path, arguments, marked != NULL ? marked : environment);
    int error = errno;
    free(marked);
    errno = error;
    return -1;
}

__attribute__((noinline)) static int look_in_tree(const char *path, char *const arguments[], char *const environment[])
{
    TREE_ELSEWHERE(place, AT_FDCWD, path, int, __real_execve(path, arguments, environment), result < 0)
    if (place.kind == TREE_OUTSIDE)
        return __real_execve(place.path, arguments, environment);
    if (place.kind == TREE_INSIDE)
        return run(place.node, arguments, environment);
    errno = place.error;
    return -1;
}

/* posix_spawn of musl calls this on a stack of few kilobytes: room for a path is taken only if need be. */
int __wrap_execve(const char *path, char *const arguments[], char *const environment[])
{
    if (path != NULL && strcmp(path, executable_path()) == 0)
        return run_again(path, arguments, environment);
    if (!tree_concerns(AT_FDCWD, path) && __real_execve(path, arguments, environment) < 0 && errno != ENOTDIR)
        return -1;
    return look_in_tree(path, arguments, environment);
}
