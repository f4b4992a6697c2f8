/* posix_spawn.
 *
 * The child opens files by system calls of the C library's own, which do not see the tree.  So the parent opens a file of
 * the tree, and the child takes the descriptor over.
 *
 * The child runs in our memory, on a stack of 5 KiB that the C library gives it, until execve.  Ours (execute.c)
 * needs room for paths, arguments and environment: the parent sets it aside. */
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process/arguments.h"
#include "tree/tree.h"

int __real_posix_spawn(pid_t *process, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]);
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
    int high = fcntl(low, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    tree_close(low);
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

/* What the parent has set aside for the child of this thread, which waits until the child has executed its program. */
static __thread struct {
    unsigned char *start;
    size_t size, used;
    char *candidate; /* of posix_spawnp, CANDIDATE_SIZE bytes */
} aside;

enum { CANDIDATE_SIZE = PATH_MAX + 1 + NAME_MAX + 1 };

/* Bytes that a frame of an ordinary child, of fork or vfork, may take. */
enum { FRAME_MOST = 1 << 20 };

void *tree_spawn_memory(size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if (aside.start != NULL && size <= aside.size - aside.used) {
        aside.used += size;
        return aside.start + aside.used - size;
    }
    if (size <= FRAME_MOST)
        return NULL;
    void *result = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return result == MAP_FAILED ? NULL : result;
}

bool tree_in_spawn(void)
{
    return aside.start != NULL;
}

void tree_spawn_reset(void)
{
    aside.used = 0;
}

/* Opens the files of the tree that arguments name, which the child then only opens again.  Returns their number. */
static size_t open_named(char *const arguments[], int descriptors[])
{
    size_t opened = 0;
    for (size_t i = 1; arguments != NULL && arguments[0] != NULL && arguments[i] != NULL; i++) {
        uint32_t node = tree_file_named(arguments[i]);
        int descriptor = node == NODE_NONE ? -1 : tree_open_node(node, O_RDONLY | O_CLOEXEC);
        if (descriptor >= 0)
            descriptors[opened++] = descriptor;
    }
    return opened;
}

/* Writes a folder of PATH, which may be empty, and a name in it. */
static const char *candidate_in(const char *folder, size_t length, const char *name)
{
    memcpy(aside.candidate, folder, length);
    aside.candidate[length] = '/';
    strcpy(aside.candidate + length + (length != 0), name);
    return aside.candidate;
}

/* What posix_spawnp's child does, as execvpe of the C library; but that takes as much from the stack as PATH is long.
 * PATH is the parent's: environment[] is only handed on. */
static int search_and_execute(const char *name, char *const arguments[], char *const environment[])
{
    errno = ENOENT;
    if (*name == '\0')
        return -1;
    if (strchr(name, '/') != NULL)
        return execve(name, arguments, environment);
    if (strnlen(name, NAME_MAX + 1) > NAME_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const char *folder = getenv("PATH");
    if (folder == NULL)
        folder = "/usr/local/bin:/bin:/usr/bin";
    bool denied = false;
    for (;; folder++) {
        size_t length = strcspn(folder, ":");
        if (length < PATH_MAX) {
            execve(candidate_in(folder, length, name), arguments, environment);
            if (errno != EACCES && errno != ENOENT && errno != ENOTDIR)
                return -1;
            denied = denied || errno == EACCES;
        }
        folder += length;
        if (*folder == '\0')
            break;
    }
    if (denied)
        errno = EACCES;
    return -1;
}

int __wrap_posix_spawn(pid_t *process, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[])
{
    /* A path may be looked at twice; an argument may become the name of a descriptor. */
    enum { PATHS = 2 * (TREE_RETRY_STORAGE + PATH_MAX), OTHERS = 1024, AN_ARGUMENT = 64 };
    size_t argument_count = arguments_count(arguments), descriptors_size = argument_count * sizeof(int);
    size_t size = PATHS + OTHERS + (argument_count + arguments_count(environment)) * AN_ARGUMENT;
    int *descriptors = malloc(descriptors_size + 16 + size + CANDIDATE_SIZE);
    if (descriptors == NULL)
        return ENOMEM;
    posix_spawnattr_t searching;
    if (attributes != NULL && attributes->__fn != NULL) { /* called by posix_spawnp, which set what the child is to call */
        searching = *attributes;
        searching.__fn = (void *)search_and_execute;
        attributes = &searching;
    }
    size_t opened = open_named(arguments, descriptors);
    aside.start = (unsigned char *)descriptors + ((descriptors_size + 15) & ~(size_t)15);
    aside.size = size;
    aside.used = 0;
    aside.candidate = (char *)aside.start + size;
    int result = __real_posix_spawn(process, path, actions, attributes, arguments, environment);
    aside.start = NULL;
    while (opened != 0)
        close(descriptors[--opened]);
    free(descriptors);
    return result;
}
