/* execve of a program in the tree, such as one that a wheel brings along: the kernel runs it from a memfd. */
#include <sys/syscall.h>
#include <unistd.h>

#include "libc/real.h"
#include "process/arguments.h"
#include "process/child_record.h"
#include "process/executable.h"
#include "process/role.h"
#include "tree/tree.h"

int __real_execve(const char *path, char *const arguments[], char *const environment[]);

/* The executable again: with a record of what this process was, if the new image will ask for one (child_record.h), and with
 * its working directory if that is in the tree.  Without malloc, which a child of vfork must not use. */
static int run_again(const char *path, char *const arguments[], char *const environment[])
{
    enum reexec how = role_of_reexec(arguments);
    if (how == REEXEC_FORBIDDEN) {
        errno = EPERM;
        return -1;
    }
    bool only_ours, recorded = how != REEXEC_PLAIN;
    uint32_t folder = tree_working_directory_for_exec(&only_ours);
    if (!recorded && folder == NODE_NONE)
        return __real_execve(path, arguments, environment);
    char record[CHILD_RECORD_SIZE], current[TREE_DIRECTORY_VARIABLE_SIZE];
    int descriptor = recorded ? child_record_make(record, environment, how == REEXEC_READING) : -1;
    size_t count = arguments_count(environment), used = 0;
    char **changed = TREE_SPAWN_MEMORY((count + 3) * sizeof *changed);
    for (size_t i = 0; i < count; i++)
        if (!child_record_is_variable(environment[i]))
            changed[used++] = environment[i];
    if (recorded)
        changed[used++] = record;
    if (folder != NODE_NONE) {
        tree_working_directory_variable(folder, current);
        changed[used++] = current;
    }
    changed[used] = NULL;
    __real_execve(path, arguments, changed);
    if (descriptor >= 0)
        tree_close(descriptor);
    return -1;
}

/* <executable>/bin/python and the like, which are the executable under another argv[0] (role.c). */
static int run_interpreter(char *const arguments[], char *const environment[])
{
    size_t count = arguments_count(arguments);
    char **changed = TREE_SPAWN_MEMORY((count + 2) * sizeof *changed);
    changed[0] = (char *)(count != 0 && tree_is_path(arguments[0]) ? arguments[0] : executable_path());
    for (size_t i = 1; i < count; i++)
        changed[i] = arguments[i];
    changed[count != 0 ? count : 1] = NULL;
    return run_again(executable_path(), changed, environment);
}

/* Whether this process was told to start another program in a folder of the tree; sets errno. */
static bool is_in_the_way(void)
{
    bool only_ours;
    tree_working_directory_for_exec(&only_ours);
    if (only_ours)
        errno = ENOTDIR;
    return only_ours;
}

/* May run in a child of vfork: uses nothing but system calls. */
static int run(uint32_t index, char *const arguments[], char *const environment[])
{
    const Node *node = payload_node(index);
    if (node->kind != NODE_FILE || !node->executable) {
        errno = EACCES;
        return -1;
    }
    if (node->size != 0 && is_in_the_way())
        return -1;
    if (node->size == 0) /* bin/python: a file without content stands for the executable itself */
        return run_interpreter(arguments, environment);
    /* The interpreter of a script opens the descriptor by its name, so it must survive execve. */
    bool script = node->size >= 2 && memcmp(payload_data(node->start), "#!", 2) == 0;
    int descriptor = tree_open_node(index, O_RDONLY | (script ? 0 : O_CLOEXEC));
    if (descriptor < 0)
        return -1;
    syscall(SYS_execveat, descriptor, "", arguments, environment, AT_EMPTY_PATH);
    tree_close(descriptor);
    return -1;
}

uint32_t tree_file_named(const char *argument)
{
    if (argument == NULL || !tree_is_path(argument))
        return NODE_NONE;
    uint32_t node = NODE_ROOT;
    for (const char *rest = argument + tree_root_length; node != NODE_NONE && *rest != '\0';) {
        rest += strspn(rest, "/");
        size_t length = strcspn(rest, "/");
        if (payload_node(node)->kind != NODE_FOLDER)
            return NODE_NONE;
        node = payload_followed(payload_child(node, rest, length));
        rest += length;
    }
    return node != NODE_NONE && payload_node(node)->kind == NODE_FILE ? node : NODE_NONE;
}

/* Another program cannot see the tree: a file of it that an argument names is handed over as a descriptor. */
static int run_other(const char *path, char *const arguments[], char *const environment[])
{
    size_t count = arguments_count(arguments), files = 0;
    for (size_t i = 1; i < count; i++)
        files += tree_file_named(arguments[i]) != NODE_NONE;
    if (files == 0 || __real_access(path, F_OK) < 0)
        return __real_execve(path, arguments, environment);
    char **changed = TREE_SPAWN_MEMORY((count + 1) * sizeof *changed);
    char(*names)[TREE_DESCRIPTOR_NAME] = TREE_SPAWN_MEMORY(files * sizeof *names);
    int *descriptors = TREE_SPAWN_MEMORY(files * sizeof *descriptors);
    size_t opened = 0;
    for (size_t i = 0; i <= count; i++) {
        changed[i] = arguments[i];
        uint32_t node = i == 0 ? NODE_NONE : tree_file_named(arguments[i]);
        int descriptor = node == NODE_NONE ? -1 : tree_open_node(node, O_RDONLY);
        if (descriptor >= 0) {
            descriptors[opened] = descriptor;
            changed[i] = tree_descriptor_name(descriptor, names[opened++]);
        }
    }
    __real_execve(path, changed, environment);
    while (opened != 0)
        tree_close(descriptors[--opened]);
    return -1;
}

static int run_real(const char *path, char *const arguments[], char *const environment[])
{
    return is_in_the_way() ? -1 : __real_execve(path, arguments, environment);
}

__attribute__((noinline)) static int look_in_tree(const char *path, char *const arguments[], char *const environment[])
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, run_real(place.path, arguments, environment), result < 0)
    if (place.kind == TREE_NODE)
        return run(place.node, arguments, environment);
    errno = place.error;
    return -1;
}

/* Also called in children of posix_spawn, whose stack has few kilobytes, and of vfork: see spawn.c. */
int __wrap_execve(const char *path, char *const arguments[], char *const environment[])
{
    tree_spawn_reset();
    if (path != NULL && strcmp(path, executable_path()) == 0)
        return run_again(path, arguments, environment);
    if (!tree_concerns(AT_FDCWD, path) &&
        (is_in_the_way() || (run_other(path, arguments, environment) < 0 && errno != ENOTDIR)))
        return -1;
    return look_in_tree(path, arguments, environment);
}
