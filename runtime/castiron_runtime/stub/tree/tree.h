/* The read-only tree of files in the executable: where a path leads.
 *
 * <executable>/lib/... are paths that the kernel knows nothing about.  The linker leads the C library's file functions
 * (--wrap) to those of this folder.  They compare a path with the executable's once, and hand any other path on to the real
 * function.
 *
 * All of this may run in signal handlers and in children of vfork and posix_spawn, whose stacks have few kilobytes: no
 * locks, no malloc, frames of at most 512 bytes.  Storage for a path is taken from the caller's frame, and only if it is
 * needed.  (Where the C library's own function allocates, as opendir and fopen do, so do ours.)
 */
#ifndef CASTIRON_TREE_H
#define CASTIRON_TREE_H

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "payload/payload.h"

enum tree_kind {
    TREE_OUTSIDE, /* call the real function with `folder` and `path` */
    TREE_NODE,    /* `node` */
    TREE_ERROR,   /* fail with `error` */
};

struct tree_place {
    enum tree_kind kind;
    uint32_t node; /* all links are followed */
    uint32_t link; /* the symbolic link that the path itself names, without a slash behind it, or `node` */
    int error;
    int folder;
    const char *path;
    char *storage; /* the caller's; `path` may point into it afterwards */
    unsigned retries;
};

/* --- the state --- */

/* The root of the tree: the executable's path.  Set once by tree_start. */
extern const char *tree_root;
extern size_t tree_root_length;
/* Whether a descriptor of a folder of the tree was ever given out, or seen. */
extern bool tree_has_folder_descriptors;
/* The current working directory, if it is in the tree; else NODE_NONE.  The kernel does not know of it. */
extern uint32_t tree_working_directory;

void tree_start(void);

/* --- paths --- */

/* Whether the path is below the executable's. */
static inline bool tree_is_path(const char *path)
{
    return path != NULL && tree_root_length != 0 && strncmp(path, tree_root, tree_root_length) == 0 &&
           path[tree_root_length] == '/';
}

/* Whether tree_locate must be asked: also of paths relative to the working directory or to a folder's descriptor. */
static inline bool tree_concerns(int folder, const char *path)
{
    return tree_is_path(path) ||
           (__builtin_expect(folder == AT_FDCWD ? tree_working_directory != NODE_NONE : tree_has_folder_descriptors, 0) &&
            path != NULL && path[0] != '/');
}

/* Where the path of a place leads, from its folder.  `..` is resolved by its letters, and may lead out of the tree again: then
 * folder and path are others.  The place must have tree_storage_size bytes of storage. */
void tree_locate(struct tree_place *place);

/* After the real function has failed with ENOTDIR: whether the place's path leads into the tree in another way (relatively to
 * any folder, through symbolic links or /proc/self/exe), and where; out of it again, as tree_locate.  Keeps errno if not.
 * The place must have TREE_RETRY_STORAGE bytes, the same ones each time. */
bool tree_retry(struct tree_place *place);

/* Bytes of storage that tree_locate needs: for what the path becomes when `..` leads out of the tree. */
size_t tree_storage_size(const char *path);
enum { TREE_RETRY_STORAGE = 2 * PATH_MAX };

/* Declares a place for a path, and looks where that leads as far as its letters tell. */
#define TREE_PLACE(place, at, its_path)                                                                                    \
    struct tree_place place = {.kind = TREE_OUTSIDE, .folder = (at), .path = (its_path)};                                  \
    if (tree_concerns(place.folder, place.path)) {                                                                         \
        place.storage = TREE_SPAWN_MEMORY(tree_storage_size(place.path));                                                  \
        tree_locate(&place);                                                                                               \
    }

/* tree_retry, with storage from the caller's frame. */
#define TREE_RETRY(place)                                                                                                  \
    ({                                                                                                                     \
        if (place.retries == 0)                                                                                            \
            place.storage = TREE_SPAWN_MEMORY(TREE_RETRY_STORAGE);                                                         \
        tree_retry(&place);                                                                                                \
    })

/* Returns what the real function returns, for a path that is not in the tree; falls through, with `place`, for a path that
 * is.  `call` is the real function's, of place.folder and place.path; `failed` tells by `result` whether it failed. */
#define TREE_LOCATE_OR_RETURN(place, at, its_path, type, call, failed)                                                     \
    TREE_PLACE(place, at, its_path)                                                                                        \
    while (place.kind == TREE_OUTSIDE) {                                                                                   \
        type result = (call);                                                                                              \
        if (!(failed) || errno != ENOTDIR || !TREE_RETRY(place))                                                           \
            return result;                                                                                                 \
    }

/* For the import system, which asks for paths below the executable's alone: kind, node and error of where one leads. */
struct tree_place tree_lookup(const char *path);

/* Writes the absolute path of a node as payload_node_path does. */
size_t tree_node_path(uint32_t node, char *buffer, size_t size);

/* The file of the tree that an argument of another program names in full, or NODE_NONE. */
uint32_t tree_file_named(const char *argument);

/* --- descriptors --- */

/* A descriptor of a file or folder of the tree; -1 with errno. */
int tree_open_node(uint32_t node, int flags);

/* The node of a descriptor that tree_open_node made, or NODE_NONE.  `status` is what the real fstat said of it. */
uint32_t tree_descriptor_node(const struct stat *status);

/* The folder of the tree that is the working directory, or what tree_open_node made a descriptor for; NODE_NONE if it is
 * something else. */
uint32_t tree_node_at(int folder);

/* The node that a function is asked about which was given no path but AT_EMPTY_PATH: that of the descriptor, or the working
 * directory.  NODE_NONE if it was given a path, or if that is not in the tree. */
static inline uint32_t tree_meant_without_path(int folder, const char *path, int flags)
{
    return (flags & AT_EMPTY_PATH) && path != NULL && path[0] == '\0' ? tree_node_at(folder) : NODE_NONE;
}

/* Opens once more what a descriptor is open on.  -1 where there is no /proc. */
int tree_reopen(int descriptor, int flags);

/* Writes the name of a descriptor in /proc, by which it, or a program that inherits it, can be opened again. */
enum { TREE_DESCRIPTOR_NAME = sizeof "/proc/self/fd/" + 10 };
char *tree_descriptor_name(int descriptor, char name[TREE_DESCRIPTOR_NAME]);

/* Closes a descriptor and keeps errno. */
static inline void tree_close(int descriptor)
{
    int error = errno;
    close(descriptor);
    errno = error;
}

/* Seconds since 1970 that every file of the tree was changed at: 2 January 1980, which zip archives can store in every
 * time zone. */
enum { TREE_TIME = 315619200 };

/* --- working_directory.c --- */

/* Takes the working directory from the parent, if that is this executable, too.  Called by tree_start. */
void tree_working_directory_inherit(void);

/* The folder of the tree that a program starts in which this process executes now, or NODE_NONE; whether nothing but this
 * executable may be executed there. */
uint32_t tree_working_directory_for_exec(bool *only_ours);

/* Writes the variable that tells this executable its working directory. */
enum { TREE_DIRECTORY_VARIABLE_SIZE = 64 };
void tree_working_directory_variable(uint32_t folder, char text[TREE_DIRECTORY_VARIABLE_SIZE]);

/* --- spawn.c --- */

/* Memory for what a program is started with, of what the parent of a posix_spawn has set aside; NULL if this is no child of
 * one, and the size fits into the caller's frame. */
void *tree_spawn_memory(size_t size);

#define TREE_SPAWN_MEMORY(size)                                                                                            \
    ({                                                                                                                     \
        size_t size_ = (size);                                                                                             \
        void *memory_ = tree_spawn_memory(size_);                                                                          \
        memory_ != NULL ? memory_ : alloca(size_);                                                                         \
    })

/* The next attempt to execute something needs nothing of the last one's: posix_spawnp tries each folder of PATH. */
void tree_spawn_reset(void);

/* Whether this is a child of posix_spawn, whose stack has few kilobytes. */
bool tree_in_spawn(void);

#endif
