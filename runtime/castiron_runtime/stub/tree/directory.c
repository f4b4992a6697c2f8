/* opendir and the like.  A DIR of the tree begins with marks that none of the C library's can begin with. */
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "libc/real.h"
#include "tree/tree.h"

DIR *__real_opendir(const char *path);
DIR *__real_fdopendir(int descriptor);
int __real_closedir(DIR *folder);
struct dirent *__real_readdir(DIR *folder);
int __real_readdir_r(DIR *folder, struct dirent *entry, struct dirent **result);
void __real_rewinddir(DIR *folder);
void __real_seekdir(DIR *folder, long position);
long __real_telldir(DIR *folder);
int __real_dirfd(DIR *folder);

/* musl's DIR begins with a 64-bit position that the kernel gave it and a descriptor that is not negative. */
static const uint64_t MARK_ONE = 0xCA57112A7EE00001, MARK_TWO = 0xCA57112ACA57112A;

typedef struct {
    uint64_t mark_one, mark_two;
    uint32_t node;
    int descriptor; /* -1 until dirfd is called */
    uint64_t position;
    struct dirent entry;
} Folder;

static Folder *ours(DIR *folder)
{
    Folder *candidate = (Folder *)folder;
    return candidate->mark_one == MARK_ONE && candidate->mark_two == MARK_TWO ? candidate : NULL;
}

static DIR *open_folder(uint32_t node, int descriptor)
{
    if (payload_node(node)->kind != NODE_FOLDER) {
        errno = ENOTDIR;
        return NULL;
    }
    Folder *folder = calloc(1, sizeof *folder);
    if (folder == NULL)
        return NULL;
    folder->mark_one = MARK_ONE;
    folder->mark_two = MARK_TWO;
    folder->node = node;
    folder->descriptor = descriptor;
    return (DIR *)folder;
}

/* The C library's opendir calls open, which may have found a folder of the tree in a roundabout way. */
static DIR *if_real(DIR *stream)
{
    struct stat status;
    if (stream == NULL || !tree_has_folder_descriptors || __real_fstat(__real_dirfd(stream), &status) < 0)
        return stream;
    uint32_t node = tree_descriptor_node(&status);
    if (node == NODE_NONE)
        return stream;
    __real_closedir(stream);
    return open_folder(node, -1);
}

DIR *__wrap_opendir(const char *path)
{
    if (path != NULL && strcmp(path, tree_root) == 0 && tree_root_length != 0)
        return open_folder(NODE_ROOT, -1);
    TREE_LOCATE_OR_RETURN(place, AT_FDCWD, path, DIR *, if_real(__real_opendir(place.path)), result == NULL)
    if (place.kind == TREE_NODE)
        return open_folder(place.node, -1);
    errno = place.error;
    return NULL;
}

DIR *__wrap_fdopendir(int descriptor)
{
    struct stat status; /* also of a descriptor that was inherited */
    if (__real_fstat(descriptor, &status) == 0) {
        uint32_t node = tree_descriptor_node(&status);
        if (node != NODE_NONE)
            return open_folder(node, descriptor);
    }
    return __real_fdopendir(descriptor);
}

int __wrap_closedir(DIR *stream)
{
    Folder *folder = ours(stream);
    if (folder == NULL)
        return __real_closedir(stream);
    if (folder->descriptor >= 0)
        close(folder->descriptor);
    folder->mark_one = 0;
    free(folder);
    return 0;
}

struct dirent *__wrap_readdir(DIR *stream)
{
    Folder *folder = ours(stream);
    if (folder == NULL)
        return __real_readdir(stream);
    const Node *node = payload_node(folder->node);
    uint64_t position = folder->position;
    if (position >= node->size + 2)
        return NULL;
    struct dirent *entry = &folder->entry;
    uint32_t index = position == 0 ? folder->node : position == 1 ? node->parent : (uint32_t)(node->start + position - 2);
    const char *name = position == 0 ? "." : position == 1 ? ".." : payload_text(payload_node(index)->name);
    memset(entry, 0, sizeof *entry);
    entry->d_ino = (ino_t)index + 1;
    entry->d_off = (off_t)position + 1;
    entry->d_reclen = sizeof *entry;
    uint8_t kind = payload_node(index)->kind;
    entry->d_type = kind == NODE_FOLDER ? DT_DIR : kind == NODE_LINK ? DT_LNK : DT_REG;
    strncpy(entry->d_name, name, sizeof entry->d_name - 1);
    folder->position++;
    return entry;
}

int __wrap_readdir_r(DIR *stream, struct dirent *entry, struct dirent **result)
{
    if (ours(stream) == NULL)
        return __real_readdir_r(stream, entry, result);
    struct dirent *next = __wrap_readdir(stream);
    if (next != NULL)
        *entry = *next;
    *result = next == NULL ? NULL : entry;
    return 0;
}

void __wrap_rewinddir(DIR *stream)
{
    Folder *folder = ours(stream);
    if (folder == NULL)
        __real_rewinddir(stream);
    else
        folder->position = 0;
}

void __wrap_seekdir(DIR *stream, long position)
{
    Folder *folder = ours(stream);
    if (folder == NULL)
        __real_seekdir(stream, position);
    else
        folder->position = (uint64_t)position;
}

long __wrap_telldir(DIR *stream)
{
    Folder *folder = ours(stream);
    return folder == NULL ? __real_telldir(stream) : (long)folder->position;
}

int __wrap_dirfd(DIR *stream)
{
    Folder *folder = ours(stream);
    if (folder == NULL)
        return __real_dirfd(stream);
    if (folder->descriptor < 0)
        folder->descriptor = tree_open_node(folder->node, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder->descriptor;
}
