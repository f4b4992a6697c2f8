/* The read-only tree of files inside the executable: where a path leads.
 *
 * <executable>/lib/... are paths that the kernel knows nothing about.  The linker leads the C library's file functions
 * (--wrap) to ours, which compare every path with the executable's own, once; the others go on to the real functions.
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

#include "payload/payload.h"

enum tree_kind {
    TREE_OUTSIDE, /* use `folder` and `path` with the real function */
    TREE_INSIDE,  /* `node` */
    TREE_NOWHERE, /* fail with `error` */
};

struct tree_place {
    enum tree_kind kind;
    uint32_t node;
    int error;
    int folder;
    const char *path;
    char *storage; /* the caller's, which `path` may point into afterwards */
};

/* The root of the tree; set once by tree_open. */
extern const char *tree_root;
extern size_t tree_root_length;
/* Whether a descriptor of a folder of the tree was ever given out, or seen. */
extern bool tree_has_folder_descriptors;
/* The current folder, if it is in the tree; else NODE_NONE.  The kernel does not know of it. */
extern uint32_t tree_current;

void tree_open(void);

/* Of tree_open: takes the current folder from the parent, if that is this executable, too. */
void tree_current_start(void);

/* The folder of the tree that a program starts in which this process executes now, or NODE_NONE; whether nothing but this
 * executable may be executed there. */
uint32_t tree_current_for_program(bool *only_ours);

/* Writes the variable that tells this executable its current folder. */
enum { TREE_CURRENT_SIZE = 64 };
void tree_current_variable(uint32_t folder, char text[TREE_CURRENT_SIZE]);

/* Whether the path is below the executable's. */
static inline bool tree_begins(const char *path)
{
    return path != NULL && tree_root_length != 0 && strncmp(path, tree_root, tree_root_length) == 0 &&
           path[tree_root_length] == '/';
}

/* Whether tree_locate must be asked: also of paths relative to the current folder or to a folder's descriptor. */
static inline bool tree_concerns(int folder, const char *path)
{
    return tree_begins(path) ||
           (__builtin_expect(folder == AT_FDCWD ? tree_current != NODE_NONE : tree_has_folder_descriptors, 0) &&
            path != NULL && path[0] != '/');
}

/* Bytes of storage that tree_locate needs for a path: for what it becomes when `..` leads out of the tree.  tree_retry
 * needs TREE_RETRY_ROOM.  The wrappers below take them from their frame, and only when they are needed: they run in signal
 * handlers and in children of vfork and posix_spawn, whose stacks may have few kilobytes. */
size_t tree_room(const char *path);
enum { TREE_RETRY_ROOM = 2 * PATH_MAX };

/* Memory for what a program is started with; see spawn.c.  NULL: the caller's frame has the room. */
void *tree_spawn_memory(size_t size);

/* The next try to execute something needs nothing of the last one's: posix_spawnp tries each folder of PATH. */
void tree_spawn_again(void);

/* Whether this is a child of posix_spawn: calls below must fit into few kilobytes. */
bool tree_in_spawn(void);

/* The file of the tree that an argument of another program names in full, or NODE_NONE. */
uint32_t tree_file_named(const char *argument);

#define TREE_SPAWN_MEMORY(size)                                                                                            \
    ({                                                                                                                     \
        size_t size_ = (size);                                                                                             \
        void *memory_ = tree_spawn_memory(size_);                                                                          \
        memory_ != NULL ? memory_ : alloca(size_);                                                                         \
    })

/* What tree_locate needs as `storage` of a place, from the caller's frame. */
#define TREE_STORAGE(folder, path) (tree_concerns(folder, path) ? (char *)TREE_SPAWN_MEMORY(tree_room(path)) : NULL)

/* Writes a number in decimal and a zero byte; returns where the zero byte is.  For children of vfork, where printf needs
 * too much of the stack. */
char *tree_decimal(uint64_t number, char *text);

/* Writes the name of a descriptor in /proc, by which it, or a program that inherits it, can be opened again. */
enum { TREE_DESCRIPTOR_NAME = sizeof "/proc/self/fd/" + 10 };
char *tree_descriptor_name(int descriptor, char name[TREE_DESCRIPTOR_NAME]);

/* Where a path leads.  `..` is resolved by its letters, and may lead out of the tree again. */
void tree_locate(int folder, const char *path, struct tree_place *place);

/* After the real function has failed with ENOTDIR: whether the path leads into the tree in another way (relatively,
 * through a symbolic link or /proc/self/exe), and where.  Keeps errno if not. */
bool tree_retry(int folder, const char *path, struct tree_place *place);

/* Writes the absolute path of a node as payload_node_path does. */
size_t tree_node_path(uint32_t node, char *buffer, size_t size);

/* A descriptor of a file or folder of the tree; -1 with errno. */
int tree_open_node(uint32_t node, int flags);

/* What a descriptor is open on, once more.  -1 where there is no /proc. */
int tree_open_again(int descriptor, int flags);

/* The node of a descriptor that tree_open_node made, or NODE_NONE.  `status` is what the real fstat said of it. */
uint32_t tree_descriptor_node(const struct stat *status);

/* As stat of an ordinary file on a read-only disk. */
void tree_status(uint32_t node, struct stat *status);

/* Seconds since 1970 that every file of the tree was changed at: 2 January 1980, which zip archives can store in every
 * time zone. */
enum { TREE_TIME = 315619200 };

/* Calls the real function for a path that is not in the tree, and returns its result; falls through, with `place`, for a
 * path that is.  `failed` tells by `result` whether the real function failed. */
#define TREE_ELSEWHERE(place, folder, path, type, call, failed)                                                            \
    struct tree_place place;                                                                                               \
    if (!tree_concerns(folder, path)) {                                                                                    \
        type result = (call);                                                                                              \
        if (!(failed) || errno != ENOTDIR)                                                                                 \
            return result;                                                                                                 \
        place.storage = TREE_SPAWN_MEMORY(TREE_RETRY_ROOM);                                                                \
        if (!tree_retry(folder, path, &place))                                                                             \
            return result;                                                                                                 \
    } else {                                                                                                               \
        place.storage = TREE_STORAGE(folder, path);                                                                        \
        tree_locate(folder, path, &place);                                                                                 \
    }

#endif
