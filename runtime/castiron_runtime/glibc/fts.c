/* fts: walking through folders, with glibc's structures (fts.h).
 *
 * It never changes the working directory (as with FTS_NOCHDIR): fts_accpath is the path from where the program was when it
 * began, so files are reached by it as by fts_path. */
#include "gnu.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    COMFOLLOW = 0x1,
    LOGICAL = 0x2,
    NOSTAT = 0x8,
    PHYSICAL = 0x10,
    SEEDOT = 0x20,
    XDEV = 0x40,
    OPTIONS = 0xff,
    NAMEONLY = 0x100,
    STOPPED = 0x200,
};
enum { KIND_D = 1, KIND_DC, KIND_DEFAULT, KIND_DNR, KIND_DOT, KIND_DP, KIND_ERR, KIND_F, KIND_INIT, KIND_NS, KIND_NSOK, KIND_SL, KIND_SLNONE };
enum { AGAIN = 1, FOLLOW, NO_INSTRUCTION, SKIP };
enum { ROOT_PARENT_LEVEL = -1 };

struct entry {
    struct entry *cycle, *parent, *link;
    long number;
    void *pointer;
    char *accpath, *path;
    int error;
    int symlink_fd;
    unsigned short path_length, name_length;
    ino_t ino;
    dev_t dev;
    nlink_t nlink;
    short level;
    unsigned short kind, flags, instruction;
    struct stat *status;
    char name[1];
};
_Static_assert(offsetof(struct entry, status) == 104 && offsetof(struct entry, name) == 112, "glibc's FTSENT");

typedef int comparison(const void *, const void *);

struct walk {
    struct entry *current, *child, **array;
    dev_t dev;
    char *path;
    int root_fd, path_length, count;
    comparison *compare;
    int options;
};
_Static_assert(sizeof(struct walk) == 72, "glibc's FTS");

static void free_list(struct entry *entry)
{
    while (entry) {
        struct entry *next = entry->link;
        free(entry->path);
        free(entry->status);
        free(entry);
        entry = next;
    }
}

/* An entry called `name` below `parent`, whose path is `parent`'s with a slash and the name, or the name alone for a root. */
static struct entry *make_entry(struct entry *parent, const char *name)
{
    size_t length = strlen(name);
    size_t before = parent->level == ROOT_PARENT_LEVEL ? 0 : parent->path_length;
    int slash = before > 0 && parent->path[before - 1] != '/';
    if (before + (size_t)slash + length > UINT16_MAX) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    struct entry *entry = calloc(1, sizeof *entry + length);
    char *path = malloc(before + (size_t)slash + length + 1);
    struct stat *status = calloc(1, sizeof *status);
    if (!entry || !path || !status) {
        free(entry);
        free(path);
        free(status);
        return NULL;
    }
    if (before)
        memcpy(path, parent->path, before);
    if (slash)
        path[before] = '/';
    memcpy(path + before + slash, name, length + 1);
    memcpy(entry->name, name, length + 1);
    entry->path = entry->accpath = path;
    entry->path_length = (unsigned short)(before + (size_t)slash + length);
    entry->name_length = (unsigned short)length;
    entry->parent = parent;
    entry->level = (short)(parent->level + 1);
    entry->instruction = NO_INSTRUCTION;
    entry->symlink_fd = -1;
    entry->status = status;
    return entry;
}

static int is_dot(const char *name) { return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])); }

/* Look at the file, and say of what kind it is. */
static unsigned short look(struct walk *walk, struct entry *entry, int follow)
{
    if (entry->level == 0 && walk->options & COMFOLLOW)
        follow = 1;
    if (walk->options & LOGICAL || follow) {
        if (stat(entry->path, entry->status)) {
            int error = errno;
            if (lstat(entry->path, entry->status) == 0) {
                errno = 0;
                return KIND_SLNONE;
            }
            entry->error = error;
            memset(entry->status, 0, sizeof *entry->status);
            return KIND_NS;
        }
    } else if (lstat(entry->path, entry->status)) {
        entry->error = errno;
        memset(entry->status, 0, sizeof *entry->status);
        return KIND_NS;
    }
    entry->dev = entry->status->st_dev;
    entry->ino = entry->status->st_ino;
    entry->nlink = entry->status->st_nlink;
    if (S_ISDIR(entry->status->st_mode)) {
        if (entry->level > 0 && is_dot(entry->name))
            return KIND_DOT;
        for (struct entry *above = entry->parent; above && above->level >= 0; above = above->parent)
            if (above->ino == entry->ino && above->dev == entry->dev) {
                entry->cycle = above;
                return KIND_DC;
            }
        return KIND_D;
    }
    if (S_ISLNK(entry->status->st_mode))
        return KIND_SL;
    return S_ISREG(entry->status->st_mode) ? KIND_F : KIND_DEFAULT;
}

static struct entry *sorted(struct walk *walk, struct entry *list)
{
    size_t count = 0;
    for (struct entry *entry = list; entry; entry = entry->link)
        count++;
    if (!walk->compare || count < 2)
        return list;
    struct entry **array = malloc(count * sizeof *array);
    if (!array)
        return list;
    count = 0;
    for (struct entry *entry = list; entry; entry = entry->link)
        array[count++] = entry;
    qsort(array, count, sizeof *array, walk->compare);
    for (size_t i = 0; i < count; i++)
        array[i]->link = i + 1 < count ? array[i + 1] : NULL;
    list = array[0];
    free(array);
    return list;
}

/* What is in the current folder; NULL and errno 0 if nothing is. */
static struct entry *read_folder(struct walk *walk, struct entry *folder, int names_only)
{
    DIR *stream = opendir(folder->path);
    struct entry *first = NULL, **last = &first;
    if (!stream) {
        if (!names_only) {
            folder->kind = KIND_DNR;
            folder->error = errno;
        }
        return NULL;
    }
    int error = 0;
    for (;;) {
        errno = 0;
        struct dirent *item = readdir(stream);
        if (!item) {
            error = errno;
            break;
        }
        if (is_dot(item->d_name) && !(walk->options & SEEDOT))
            continue;
        struct entry *entry = make_entry(folder, item->d_name);
        if (!entry) {
            error = errno ? errno : ENOMEM;
            break;
        }
        int is_folder_or_unknown = item->d_type == DT_UNKNOWN || item->d_type == DT_DIR;
        if (names_only || (walk->options & NOSTAT && walk->options & PHYSICAL && !is_folder_or_unknown))
            entry->kind = KIND_NSOK;
        else
            entry->kind = look(walk, entry, 0);
        *last = entry;
        last = &entry->link;
    }
    closedir(stream);
    if (error) {
        free_list(first);
        folder->kind = KIND_ERR;
        folder->error = error;
        walk->options |= STOPPED;
        errno = error;
        return NULL;
    }
    errno = 0;
    return sorted(walk, first);
}

int GNU(fts_close)(struct walk *walk)
{
    if (!walk)
        return 0;
    free_list(walk->child);
    struct entry *entry = walk->current;
    while (entry) {
        struct entry *parent = entry->parent;
        free_list(entry);
        entry = parent;
    }
    free(walk);
    return 0;
}

struct walk *GNU(fts_open)(char *const *paths, int options, comparison *compare)
{
    if (options & ~OPTIONS) {
        errno = EINVAL;
        return NULL;
    }
    struct walk *walk = calloc(1, sizeof *walk);
    struct entry *top = calloc(1, sizeof *top);
    struct entry *start = calloc(1, sizeof *start);
    if (!walk || !top || !start)
        goto failed;
    walk->compare = compare;
    walk->options = options;
    walk->root_fd = -1;
    top->level = ROOT_PARENT_LEVEL;
    /* Before the first: its link is what is read then. */
    start->parent = top;
    start->kind = KIND_INIT;
    struct entry *first = NULL, **last = &first;
    for (; *paths; paths++) {
        if (!**paths) {
            free_list(first);
            errno = ENOENT;
            goto failed;
        }
        struct entry *root = make_entry(top, *paths);
        if (!root) {
            free_list(first);
            goto failed;
        }
        root->kind = look(walk, root, 0);
        if (root->kind == KIND_DOT)
            root->kind = KIND_D;
        *last = root;
        last = &root->link;
    }
    start->link = sorted(walk, first);
    walk->current = start;
    return walk;
failed:
    free(walk);
    free(top);
    free(start);
    return NULL;
}

/* Leave an entry, whose followers stay. */
static void drop(struct entry *entry)
{
    entry->link = NULL;
    free_list(entry);
}

struct entry *GNU(fts_read)(struct walk *walk)
{
    struct entry *entry = walk->current;
    if (!entry || walk->options & STOPPED)
        return NULL;
    unsigned short instruction = entry->instruction;
    entry->instruction = NO_INSTRUCTION;
    if (instruction == AGAIN) {
        entry->kind = look(walk, entry, 0);
        return entry;
    }
    if (instruction == FOLLOW && (entry->kind == KIND_SL || entry->kind == KIND_SLNONE)) {
        entry->kind = look(walk, entry, 1);
        return entry;
    }
    if (entry->kind == KIND_D) {
        if (instruction == SKIP || (walk->options & XDEV && entry->dev != walk->dev)) {
            free_list(walk->child);
            walk->child = NULL;
            entry->kind = KIND_DP;
            return entry;
        }
        if (walk->child && walk->options & NAMEONLY) {
            walk->options &= ~NAMEONLY;
            free_list(walk->child);
            walk->child = NULL;
        }
        struct entry *child = walk->child ? walk->child : read_folder(walk, entry, 0);
        walk->child = NULL;
        if (!child) {
            if (walk->options & STOPPED)
                return NULL;
            if (entry->kind == KIND_D)
                entry->kind = KIND_DP;
            return entry;
        }
        walk->current = child;
        goto found;
    }
next:
    if (entry->link) {
        walk->current = entry->link;
        drop(entry);
        entry = NULL;
        goto found;
    }
    walk->current = entry->parent;
    int was_first_level = entry->parent->level == ROOT_PARENT_LEVEL;
    drop(entry);
    if (was_first_level) {
        free_list(walk->current);
        walk->current = NULL;
        errno = 0;
        return NULL;
    }
    walk->current->kind = walk->current->error ? KIND_ERR : KIND_DP;
    return walk->current;
found:
    entry = walk->current;
    if (entry->instruction == SKIP)
        goto next;
    if (entry->instruction == FOLLOW) {
        entry->kind = look(walk, entry, 1);
        entry->instruction = NO_INSTRUCTION;
    }
    if (entry->level == 0)
        walk->dev = entry->dev;
    walk->path = entry->path;
    return entry;
}

struct entry *GNU(fts_children)(struct walk *walk, int options)
{
    struct entry *entry = walk->current;
    errno = 0;
    if (options && options != NAMEONLY) {
        errno = EINVAL;
        return NULL;
    }
    if (!entry || walk->options & STOPPED)
        return NULL;
    if (entry->kind == KIND_INIT)
        return entry->link;
    if (entry->kind != KIND_D)
        return NULL;
    free_list(walk->child);
    if (options == NAMEONLY)
        walk->options |= NAMEONLY;
    return walk->child = read_folder(walk, entry, options == NAMEONLY);
}

int GNU(fts_set)(struct walk *walk, struct entry *entry, int instruction)
{
    if (instruction && instruction != AGAIN && instruction != FOLLOW && instruction != NO_INSTRUCTION && instruction != SKIP) {
        errno = EINVAL;
        return 1;
    }
    entry->instruction = (unsigned short)instruction;
    return 0;
}

SAME(fts64_open, castiron_gnu_fts_open);
SAME(fts64_read, castiron_gnu_fts_read);
SAME(fts64_children, castiron_gnu_fts_children);
SAME(fts64_set, castiron_gnu_fts_set);
SAME(fts64_close, castiron_gnu_fts_close);
