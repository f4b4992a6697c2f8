/* open and the like: a descriptor of a file in the tree is a sealed memfd with its content.
 *
 * The kernel gives a descriptor to any process that inherits it, so what node of which payload it stands for is written
 * where it cannot get lost: in the modification time of the memfd.
 *
 * Descriptors of a file that are open at a time share one memfd: the last ones given out are remembered by their numbers,
 * looked at, and opened again by /proc.  Nothing is kept open for that.  Without /proc each open makes a copy.
 *
 * Nothing here allocates memory or takes a lock: it may run in a child of vfork, or in a signal handler.
 */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libc/real.h"
#include "tree/tree.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

int __real_open(const char *path, int flags, ...);
int __real_openat(int folder, const char *path, int flags, ...);
int __real_creat(const char *path, mode_t mode);
FILE *__real_fopen(const char *path, const char *mode);
FILE *__real_freopen(const char *path, const char *mode, FILE *stream);
int __real_utimensat(int folder, const char *path, const struct timespec times[2], int flags);

enum { NANOSECONDS = 1000000000 /* of a second; no payload has as many nodes */ };

static uint32_t identity_word(size_t number)
{
    uint32_t word;
    memcpy(&word, payload_header()->identity + number * sizeof word, sizeof word);
    return word;
}

/* The time that marks a node's files.  Other payloads have other seconds (between 1978 and 2012: every program can show
 * such a date), and count their nodes from other nanoseconds: one file in 10^13 of theirs would pass for one of ours, were
 * not its size another, too.  The time of the last access could not tell more: reading changes it. */
static struct timespec mark_of(uint32_t index)
{
    return (struct timespec){
        .tv_sec = (time_t)0x10000000 + (identity_word(0) & 0x3fffffff),
        .tv_nsec = (long)(((uint64_t)identity_word(1) + index) % NANOSECONDS),
    };
}

uint32_t tree_descriptor_node(const struct stat *status)
{
    struct timespec root = mark_of(NODE_ROOT), mark = status->st_mtim;
    if (status->st_nlink != 0 || !S_ISREG(status->st_mode) || mark.tv_sec != root.tv_sec)
        return NODE_NONE;
    uint64_t index = (uint64_t)(mark.tv_nsec - root.tv_nsec + NANOSECONDS) % NANOSECONDS;
    if (index >= payload_header()->node_count)
        return NODE_NONE;
    const Node *node = payload_node((uint32_t)index);
    uint64_t size = node->kind == NODE_FILE ? node->size : 0;
    return (uint64_t)status->st_size == size ? (uint32_t)index : NODE_NONE;
}

static bool is_of_node(int descriptor, uint32_t index)
{
    struct stat status;
    return __real_fstat(descriptor, &status) == 0 && tree_descriptor_node(&status) == index;
}

int tree_reopen(int descriptor, int flags)
{
    char name[TREE_DESCRIPTOR_NAME];
    return __real_open(tree_descriptor_name(descriptor, name), flags);
}

/* Gives `descriptor` the number of one that was only needed to make it: open's result is the lowest that is free. */
static int in_place_of(int needed, int descriptor, int flags)
{
    if (dup3(descriptor, needed, flags & O_CLOEXEC) < 0) {
        close(needed);
        return descriptor;
    }
    close(descriptor);
    return needed;
}

/* Of a node, the numbers of two descriptors that were given out: the last one, and the one whose content it shares.  So
 * a file that is kept open is found again after others of it were closed.  A program may have closed both since. */
enum { REMEMBERED = 512 };
static _Atomic uint64_t last_given[REMEMBERED], shared_with[REMEMBERED];

static uint64_t entry_of(uint32_t index, int descriptor)
{
    return (uint64_t)index << 32 | (uint32_t)descriptor;
}

static void remember(uint32_t index, int descriptor, int source)
{
    uint32_t slot = index % REMEMBERED;
    atomic_store_explicit(&shared_with[slot], entry_of(index, source), memory_order_relaxed);
    atomic_store_explicit(&last_given[slot], entry_of(index, descriptor), memory_order_relaxed);
}

/* Opens once more what a remembered descriptor is open on; -1 if that is no longer this node.  Another thread may close it
 * meanwhile and open something else by its number, which must not be touched: only what O_PATH holds is opened. */
static int open_as(uint64_t remembered, uint32_t index, int flags)
{
    int descriptor = (int)(uint32_t)remembered;
    if (remembered == 0 || remembered >> 32 != index || !is_of_node(descriptor, index))
        return -1;
    int held = tree_reopen(descriptor, O_PATH | O_CLOEXEC);
    if (held < 0)
        return -1;
    int result = is_of_node(held, index) ? tree_reopen(held, flags) : -1;
    if (result >= 0)
        return in_place_of(held, result, flags);
    close(held);
    return -1;
}

/* Another descriptor of a file that is open already, or -1. */
static int open_shared(uint32_t index, int flags, int *source)
{
    _Atomic uint64_t *const candidates[] = {&last_given[index % REMEMBERED], &shared_with[index % REMEMBERED]};
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        uint64_t remembered = atomic_load_explicit(candidates[i], memory_order_relaxed);
        int descriptor = open_as(remembered, index, flags);
        if (descriptor >= 0) {
            *source = (int)(uint32_t)remembered;
            return descriptor;
        }
    }
    return -1;
}

static int write_all(int descriptor, const char *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t written = pwrite(descriptor, data + done, size - done, (off_t)done);
        if (written < 0 && errno != EINTR)
            return -1;
        done += written > 0 ? (size_t)written : 0;
    }
    return 0;
}

/* Fills an empty file with the content of a node. */
static int write_content(int descriptor, const Node *node)
{
    if (node->size == 0)
        return 0;
    if (ftruncate(descriptor, (off_t)node->size) < 0)
        return -1;
    if (node->compressed == 0)
        return write_all(descriptor, payload_data(node->start), node->size);
    if (tree_in_spawn()) { /* the decoder's tables have no room there; the parent has opened what its arguments name */
        errno = ENOMEM;
        return -1;
    }
    void *mapped = mmap(NULL, node->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor, 0);
    if (mapped == MAP_FAILED)
        return -1;
    bool sound = payload_read(node, mapped);
    munmap(mapped, node->size);
    if (!sound)
        errno = EIO;
    return sound ? 0 : -1;
}

/* A file without a name.  Kernels since 6.3 want to be told whether it may be executed, older ones refuse those flags. */
static int make_memfd(const char *name, unsigned flags, bool executable)
{
    static _Atomic bool old_kernel;
    if (!atomic_load_explicit(&old_kernel, memory_order_relaxed)) {
        int descriptor = memfd_create(name, flags | (executable ? MFD_EXEC : MFD_NOEXEC_SEAL));
        if (descriptor >= 0 || errno != EINVAL)
            return descriptor;
        atomic_store_explicit(&old_kernel, true, memory_order_relaxed);
    }
    return memfd_create(name, flags);
}

/* Where memfd_create is missing or forbidden: in memory, else in the folder for temporary files.  Keeps the errno of
 * memfd_create if neither will do. */
static int make_unnamed(bool executable, int cloexec)
{
    static const char *const folders[] = {"/dev/shm", "/tmp"};
    int error = errno;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        int descriptor = __real_open(folders[i], O_TMPFILE | O_RDWR | cloexec, executable ? 0700 : 0600);
        if (descriptor >= 0)
            return descriptor;
    }
    errno = error;
    return -1;
}

static int make_file(const Node *node, int cloexec)
{
    bool executable = node->executable && node->kind == NODE_FILE;
    int descriptor =
        make_memfd(payload_text(node->name), MFD_ALLOW_SEALING | (cloexec != 0 ? MFD_CLOEXEC : 0), executable);
    if (descriptor < 0 && (errno == ENOSYS || errno == EPERM || errno == EACCES))
        descriptor = make_unnamed(executable, cloexec);
    return descriptor;
}

/* Unlike F_SEAL_WRITE, F_SEAL_FUTURE_WRITE lets shared read-only mappings be made on every kernel that has it. */
static void seal(int descriptor)
{
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (fcntl(descriptor, F_ADD_SEALS, seals | F_SEAL_FUTURE_WRITE) < 0)
        fcntl(descriptor, F_ADD_SEALS, seals | F_SEAL_WRITE);
}

static int open_copy(uint32_t index, int cloexec)
{
    const Node *node = payload_node(index);
    int descriptor = make_file(node, cloexec);
    if (descriptor < 0)
        return -1;
    struct timespec times[2] = {{.tv_sec = TREE_TIME}, mark_of(index)};
    if ((node->kind == NODE_FILE && write_content(descriptor, node) < 0) ||
        __real_utimensat(descriptor, NULL, times, 0) < 0) {
        tree_close(descriptor);
        return -1;
    }
    seal(descriptor);
    return descriptor;
}

int tree_open_node(uint32_t index, int flags)
{
    /* Calls that fail on the way to success must not show: OpenSSL's callers look at errno after its own errors. */
    const int before = errno;
    const Node *node = payload_node(index);
    bool folder = node->kind == NODE_FOLDER;
    int access = flags & O_ACCMODE;
    if ((flags & O_CREAT) && (flags & O_EXCL)) {
        errno = EEXIST;
        return -1;
    }
    if ((flags & O_PATH) == 0 && (access != O_RDONLY || (flags & O_TRUNC))) {
        errno = folder ? EISDIR : EROFS;
        return -1;
    }
    if ((flags & O_DIRECTORY) && !folder) {
        errno = ENOTDIR;
        return -1;
    }
    if (folder) {
        tree_has_folder_descriptors = true;
        int copy = open_copy(index, flags & O_CLOEXEC);
        errno = copy < 0 ? errno : before;
        return copy;
    }
    int reading = O_RDONLY | (flags & (O_CLOEXEC | O_NONBLOCK));
    int source = -1, descriptor = open_shared(index, reading, &source);
    if (descriptor < 0) {
        int copy = open_copy(index, flags & O_CLOEXEC);
        if (copy < 0)
            return -1;
        /* Without /proc it stays writable, but sealed. */
        descriptor = tree_reopen(copy, reading);
        descriptor = descriptor < 0 ? copy : in_place_of(copy, descriptor, reading);
    }
    if (!tree_in_spawn()) /* the memory is the parent's there, the number is not */
        remember(index, descriptor, source < 0 ? descriptor : source);
    errno = before;
    return descriptor;
}

/* open of a path in the tree, whether it exists or not. */
static int open_place(const struct tree_place *place, int flags)
{
    /* Of a link itself there is a descriptor only as a place (O_PATH). */
    if (place->kind == TREE_NODE && (flags & O_NOFOLLOW) && place->link != place->node && !(flags & O_CREAT)) {
        if ((flags & O_PATH) && !(flags & O_DIRECTORY)) {
            tree_has_folder_descriptors = true; /* readlinkat takes it */
            return tree_open_node(place->link, flags);
        }
        errno = flags & O_DIRECTORY ? ENOTDIR : ELOOP;
        return -1;
    }
    if (place->kind == TREE_NODE)
        return tree_open_node(place->node, flags);
    bool could_make = place->error == ENOENT && (flags & O_CREAT) && place->path[0] != '\0';
    errno = could_make ? EROFS : place->error;
    return -1;
}

/* The executable itself, opened as a folder: the root. */
static bool is_root_as_folder(const char *path, int flags)
{
    return (flags & O_DIRECTORY) && path != NULL && strcmp(path, tree_root) == 0;
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (is_root_as_folder(path, flags))
        return tree_open_node(NODE_ROOT, flags);
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, int, __real_open(place.path, flags, mode), result < 0)
    return open_place(&place, flags);
}

int __wrap_openat(int folder, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (is_root_as_folder(path, flags))
        return tree_open_node(NODE_ROOT, flags);
    TREE_LOCATE_OR_RETURN(place, folder, path, int, __real_openat(place.folder, place.path, flags, mode), result < 0)
    return open_place(&place, flags);
}

int __wrap_creat(const char *path, mode_t mode)
{
    return __wrap_open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* What open's flags are for a mode of fopen. */
static int flags_of(const char *mode)
{
    int flags = strchr(mode, '+') ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;
    if (*mode != 'r')
        flags |= O_CREAT | (*mode == 'w' ? O_TRUNC : O_APPEND);
    return flags | (strchr(mode, 'x') ? O_EXCL : 0) | (strchr(mode, 'e') ? O_CLOEXEC : 0);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, FILE *, __real_fopen(place.path, mode), result == NULL)
    if (strchr("rwa", *mode) == NULL) {
        errno = EINVAL;
        return NULL;
    }
    int descriptor = open_place(&place, flags_of(mode));
    FILE *stream = descriptor < 0 ? NULL : fdopen(descriptor, mode);
    if (descriptor >= 0 && stream == NULL)
        close(descriptor);
    return stream;
}

FILE *__wrap_freopen(const char *path, const char *mode, FILE *stream)
{
    TREE_PLACE(place, AT_FDCWD, path)
    if (place.kind == TREE_OUTSIDE)
        return __real_freopen(place.path, mode, stream);

    int descriptor = open_place(&place, flags_of(mode));
    if (descriptor < 0) {
        int error = errno;
        fclose(stream);
        errno = error;
        return NULL;
    }
    /* The stream keeps its address and its number, as after the C library's freopen; only its direction cannot change. */
    fflush(stream);
    int result = dup3(descriptor, fileno(stream), strchr(mode, 'e') ? O_CLOEXEC : 0);
    close(descriptor);
    if (result < 0) {
        fclose(stream);
        return NULL;
    }
    rewind(stream);
    return stream;
}
