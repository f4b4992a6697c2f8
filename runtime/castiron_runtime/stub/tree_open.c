/* open and the like: a descriptor of a file in the tree is a sealed memfd with its content.
 *
 * The kernel gives a descriptor to any process that inherits it, so what node it stands for is written where it cannot get
 * lost: in the modification time of the memfd.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tree.h"

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
int __real_fstat(int descriptor, struct stat *status);

enum { MARK_SECONDS = 0x0CA571A0, NODE_LIMIT = 1000000000 /* nanoseconds must be fewer */ };

uint32_t tree_descriptor_node(const struct stat *status)
{
    if (status->st_mtim.tv_sec != MARK_SECONDS || status->st_nlink != 0 || !S_ISREG(status->st_mode))
        return NODE_NONE;
    uint64_t node = (uint64_t)status->st_mtim.tv_nsec;
    return node < payload_header()->node_count ? (uint32_t)node : NODE_NONE;
}

/* The memfd once more, opened for reading only; where there is no /proc it stays writable, but sealed. */
static int read_only(int descriptor, int flags)
{
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
    int again = __real_open(name, O_RDONLY | (flags & (O_CLOEXEC | O_NONBLOCK)));
    if (again < 0)
        return descriptor;
    close(descriptor);
    return again;
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

/* Fills an empty memfd with the content of a file. */
static int write_content(int descriptor, const Node *node)
{
    if (node->size == 0)
        return 0;
    if (ftruncate(descriptor, (off_t)node->size) < 0)
        return -1;
    if (node->compressed == 0)
        return write_all(descriptor, payload_data(node->start), node->size);
    void *buffer = malloc(node->size);
    if (buffer == NULL)
        return -1;
    int result = -1;
    if (payload_read(node, buffer))
        result = write_all(descriptor, buffer, node->size);
    else
        errno = EIO;
    free(buffer);
    return result;
}

static int make_memfd(const char *name, unsigned flags, bool executable)
{
    /* Kernels since 6.3 want to be told whether it may be executed, older ones refuse the flag. */
    int descriptor = memfd_create(name, flags | (executable ? MFD_EXEC : 0));
    if (descriptor < 0 && errno == EINVAL && executable)
        descriptor = memfd_create(name, flags);
    return descriptor;
}

int tree_open_node(uint32_t index, int flags)
{
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
    unsigned memfd_flags = MFD_ALLOW_SEALING | ((flags & O_CLOEXEC) ? MFD_CLOEXEC : 0);
    int descriptor = make_memfd(payload_text(node->name), memfd_flags, node->executable && !folder);
    if (descriptor < 0)
        return -1;
    struct timespec times[2] = {{.tv_sec = TREE_TIME}, {.tv_sec = MARK_SECONDS, .tv_nsec = index}};
    if ((!folder && write_content(descriptor, node) < 0) ||
        (index < NODE_LIMIT && futimens(descriptor, times) < 0)) {
        int error = errno;
        close(descriptor);
        errno = error;
        return -1;
    }
    /* Unlike F_SEAL_WRITE, F_SEAL_FUTURE_WRITE lets shared read-only mappings be made on every kernel that has it. */
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (fcntl(descriptor, F_ADD_SEALS, seals | F_SEAL_FUTURE_WRITE) < 0)
        fcntl(descriptor, F_ADD_SEALS, seals | F_SEAL_WRITE);
    if (folder)
        tree_has_folder_descriptors = true;
    return folder ? descriptor : read_only(descriptor, flags);
}

/* A path that does not exist, or does: what open says of it when it is in the tree. */
static int open_place(const struct tree_place *place, int flags)
{
    if (place->kind == TREE_INSIDE)
        return tree_open_node(place->node, flags);
    errno = place->error == ENOENT && (flags & O_CREAT) ? EROFS : place->error;
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
    TREE_ELSEWHERE(place, AT_FDCWD, path, int, __real_open(path, flags, mode), result < 0)
    return place.kind == TREE_OUTSIDE ? __real_open(place.path, flags, mode) : open_place(&place, flags);
}

int __wrap_openat(int folder, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (is_root_as_folder(path, flags))
        return tree_open_node(NODE_ROOT, flags);
    TREE_ELSEWHERE(place, folder, path, int, __real_openat(folder, path, flags, mode), result < 0)
    if (place.kind == TREE_OUTSIDE)
        return __real_openat(place.folder, place.path, flags, mode);
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
    TREE_ELSEWHERE(place, AT_FDCWD, path, FILE *, __real_fopen(path, mode), result == NULL)
    if (place.kind == TREE_OUTSIDE)
        return __real_fopen(place.path, mode);
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
    if (path == NULL || !tree_begins(path))
        return __real_freopen(path, mode, stream);
    struct tree_place place;
    tree_locate(AT_FDCWD, path, &place);
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
