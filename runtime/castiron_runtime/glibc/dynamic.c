/* The dynamic loader's functions, as an image sees them that was linked against glibc: what it looks up by name is what it
 * would be bound to, so the archive comes before musl.
 *
 * The linker's table of the program's symbols (castiron_program_symbols) holds stand-ins under their own names. */
#include "gnu.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "images/images.h"

enum {
    LONGEST = 256,
    /* dladdr1: what is asked for besides. */
    GNU_SYMBOL = 1,
    GNU_LINK_MAP = 2,
};

static void *stand_in(const char *name)
{
    char whole[LONGEST];
    if ((size_t)snprintf(whole, sizeof whole, "castiron_gnu_%s", name) >= sizeof whole)
        return NULL;
    void *found = dlsym(RTLD_DEFAULT, whole);
    if (!found)
        dlerror();
    return found;
}

void *GNU(dlsym)(void *restrict handle, const char *restrict name)
{
    if (handle == RTLD_DEFAULT || handle == RTLD_NEXT) {
        void *found = stand_in(name);
        return found ? found : dlsym(handle, name);
    }
    /* A library's own symbol wins; what is no image's is the C library's, which each one needs. */
    void *found = dlsym(handle, name);
    if (found && castiron_image_at(found) >= 0)
        return found;
    void *other = stand_in(name);
    if (!other)
        return found ? found : dlsym(handle, name);
    dlerror();
    return other;
}

/* No symbol here has versions: every image was bound to the newest one. */
void *GNU(dlvsym)(void *handle, const char *name, const char *version) { return GNU(dlsym)(handle, name); }

/* Namespaces keep copies of libraries apart, of which there is one here. */
void *GNU(dlmopen)(long space, const char *file, int mode)
{
    if (space == 0)
        return dlopen(file, mode);
    UNSUPPORTED("dlmopen", "there is one copy of each library in this binary; no other namespace can be had");
    return NULL;
}

int GNU(dladdr1)(const void *address, Dl_info *to, void **extra, int kind)
{
    int result = dladdr(address, to);
    if (!result)
        return 0;
    *extra = NULL;
    if (kind == GNU_SYMBOL) {
        int64_t number = castiron_image_at(address);
        if (number >= 0) {
            const struct castiron_image *image = &castiron_images[number];
            uint64_t offset = (uint64_t)((uintptr_t)address - (uintptr_t)image->base);
            *extra = (void *)castiron_image_nearest(image, offset);
        }
    } else if (kind == GNU_LINK_MAP) {
        UNSUPPORTED("dladdr1", "a static binary has no link map; it fails");
        return 0;
    }
    return result;
}

/* Sizes of the loader's blocks of thread-local storage, for sanitizers. */
void GNU(_dl_get_tls_static_info)(size_t *size, size_t *alignment)
{
    UNSUPPORTED("_dl_get_tls_static_info", "a static binary has no loader to ask; sizes are 0");
    *size = *alignment = 0;
}
