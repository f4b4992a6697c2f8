/* inotify_add_watch of what is in the tree: nothing there ever changes, so the watch can be set and removed, and never fires.
 *
 * The kernel needs an inode to watch, of which no other watch of the program is: it would answer with the number of that
 * one.  It gets that of a pipe whose ends are closed; the watch keeps it alive.
 */
#include <sys/inotify.h>
#include <unistd.h>

#include "tree/tree.h"

int __real_inotify_add_watch(int descriptor, const char *path, uint32_t mask);

/* A descriptor by which a pipe can be named whose ends are closed, before there is a watch that would report that. */
static int name_of_pipe(void)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    int held = tree_reopen(ends[0], O_PATH | O_CLOEXEC);
    close(ends[0]);
    close(ends[1]);
    if (held < 0)
        errno = ENOSYS; /* no /proc; programs that know how look at files from time to time instead */
    return held;
}

static int watch_nothing(int descriptor, uint32_t mask)
{
    int held = name_of_pipe();
    if (held < 0)
        return -1;
    char name[TREE_DESCRIPTOR_NAME];
    mask &= ~(uint32_t)(IN_ONLYDIR | IN_DONT_FOLLOW);
    int result = __real_inotify_add_watch(descriptor, tree_descriptor_name(held, name), mask);
    tree_close(held);
    return result;
}

int __wrap_inotify_add_watch(int descriptor, const char *path, uint32_t mask)
{
    if ((mask & IN_ONLYDIR) && path != NULL && strcmp(path, tree_root) == 0)
        return watch_nothing(descriptor, mask); /* as a folder, the executable is the root */
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_inotify_add_watch(descriptor, place.path, mask), result < 0)
    if (place.kind == TREE_NODE && (!(mask & IN_ONLYDIR) || payload_node(place.node)->kind == NODE_FOLDER))
        return watch_nothing(descriptor, mask);
    errno = place.kind == TREE_ERROR ? place.error : ENOTDIR;
    return -1;
}
