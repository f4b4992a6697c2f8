/* What a child of posix_spawn opens: the C library does that by system calls of its own, which do not see the tree.  So
 * the parent opens a file of the tree, and the child takes the descriptor over. */
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <unistd.h>

#include "tree.h"

int __real_posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions, int descriptor, const char *path, int flags,
                                            mode_t mode);
int __real_posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions);

/* What the parent has opened for actions that were not destroyed yet. */
struct opened {
    struct opened *next;
    const posix_spawn_file_actions_t *actions;
    int descriptor;
};

static struct opened *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Numbers from here on are left alone by actions that count from 0. */
enum { OUT_OF_THE_WAY = 200 };

static int open_out_of_the_way(const char *path, int flags, mode_t mode)
{
    int low = open(path, flags | O_CLOEXEC, mode);
    if (low < 0)
        return -1;
    int high = fcntl(low, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY), error = errno;
    close(low);
    errno = error;
    return high;
}

/* As the real one, returns an error number; also the one that opening the file gives, which otherwise posix_spawn does. */
int __wrap_posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions, int descriptor, const char *path, int flags,
                                            mode_t mode)
{
    if (!tree_concerns(AT_FDCWD, path))
        return __real_posix_spawn_file_actions_addopen(actions, descriptor, path, flags, mode);
    struct opened *opened = malloc(sizeof *opened);
    if (opened == NULL)
        return ENOMEM;
    int source = open_out_of_the_way(path, flags, mode);
    int error = source < 0 ? errno : posix_spawn_file_actions_adddup2(actions, source, descriptor);
    if (error != 0) {
        if (source >= 0)
            close(source);
        free(opened);
        return error;
    }
    pthread_mutex_lock(&lock);
    *opened = (struct opened){.next = all, .actions = actions, .descriptor = source};
    all = opened;
    pthread_mutex_unlock(&lock);
    return 0;
}

int __wrap_posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions)
{
    pthread_mutex_lock(&lock);
    for (struct opened **at = &all; *at != NULL;) {
        struct opened *one = *at;
        if (one->actions != actions) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        close(one->descriptor);
        free(one);
    }
    pthread_mutex_unlock(&lock);
    return __real_posix_spawn_file_actions_destroy(actions);
}
