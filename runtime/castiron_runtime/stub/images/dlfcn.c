/* dlopen and its family in a static executable: the program itself, and the libraries that were absorbed into it. */
#include "images/images.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "images/program_headers.h"

/* Its address is the handle of the program; the handle of an image is the address of its row in the table. */
static const char program_handle;

static _Thread_local char *error_text;
static _Thread_local int error_pending;

__attribute__((format(printf, 1, 2))) static void set_error(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    free(error_text);
    error_text = text;
    error_pending = 1;
}

char *dlerror(void)
{
    if (!error_pending)
        return NULL;
    error_pending = 0;
    return error_text ? error_text : "out of memory";
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

/* Whether `name` starts with `prefix` and goes on with one of: nothing, '.', '-'. */
static int is_library(const char *name, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(name, prefix, length) == 0 && strchr(".-", name[length]) != NULL;
}

/* What the executable is, under all its names: the C library's (glibc's too: programs name them without looking), and
 * the interpreter's. */
static int is_program(const char *name)
{
    static const char *const libraries[] = {
        "libc", "libm", "libpthread", "libdl", "librt", "libutil", "libcrypt", "libresolv", "ld-musl", "ld-linux",
    };
    const char *slash = strrchr(name, '/');
    if (slash)
        name = slash + 1;
    if (strncmp(name, "libpython3", 10) == 0)
        return 1;
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (is_library(name, libraries[i]) && (strstr(name, ".so") || strstr(name, ".musl-")))
            return 1;
    return 0;
}

static int64_t find_name(const char *name)
{
    uint64_t low = 0, high = castiron_image_name_count;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        if (strcmp(castiron_image_names[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < castiron_image_name_count && strcmp(castiron_image_names[low].name, name) == 0 ? (int64_t)low : -1;
}

/* Visit an image and what it needs, breadth first: the order in which a loader searches. */
static int search(uint64_t start, int (*visit)(uint64_t image, void *data), void *data)
{
    uint64_t total = castiron_image_total(), tail = 1;
    uint32_t *queue = malloc(total * sizeof *queue);
    unsigned char *seen = calloc(total, 1);
    int result = 0;
    if (queue && seen) {
        queue[0] = (uint32_t)start;
        seen[start] = 1;
        for (uint64_t head = 0; head < tail && !result; head++) {
            const struct castiron_image *image = &castiron_images[queue[head]];
            result = visit(queue[head], data);
            for (uint32_t i = 0; i < image->needed_count; i++)
                if (!seen[image->needed[i]]) {
                    seen[image->needed[i]] = 1;
                    queue[tail++] = image->needed[i];
                }
        }
    }
    free(queue);
    free(seen);
    return result;
}

struct among {
    int64_t first; /* row in the table of names */
    const char *name;
    uint64_t image;
};

static int is_among(uint64_t image, void *data)
{
    struct among *among = data;
    for (uint64_t row = (uint64_t)among->first;
         row < castiron_image_name_count && strcmp(castiron_image_names[row].name, among->name) == 0; row++)
        if (castiron_image_names[row].image == image) {
            among->image = image;
            return 1;
        }
    return 0;
}

/* The image called `name`.  Where several are, the one that the caller's own library needs, else the first. */
static int64_t find_image(const char *name, const void *caller)
{
    const char *root = castiron_images_root();
    size_t length = strlen(root);
    if (castiron_image_total() == 0)
        return -1;
    if (length && strncmp(name, root, length) == 0 && name[length] == '/')
        name += length + 1;
    int64_t row = find_name(name);
    if (row < 0 && strrchr(name, '/'))
        row = find_name(name = strrchr(name, '/') + 1);
    if (row < 0)
        return -1;
    struct among among = {row, name, castiron_image_names[row].image};
    int64_t user = castiron_image_at(caller);
    if (user >= 0)
        search((uint64_t)user, is_among, &among);
    return (int64_t)among.image;
}

void *dlopen(const char *file, int mode)
{
    if (!file || !*file)
        return (void *)&program_handle;
    /* An absorbed library wins: its path names it exactly, while the program's names match by their beginning. */
    int64_t number = find_image(file, __builtin_return_address(0));
    if (number < 0) {
        if (is_program(file))
            return (void *)&program_handle;
        set_error("%s is not in this binary: only libraries of the application's distributions are. Add the "
                  "distribution that brings it to the application, and build the binary again.", file);
        return NULL;
    }
    if (mode & RTLD_NOLOAD) {
        unsigned stage = atomic_load(&castiron_image_states[number].stage) & CASTIRON_IMAGE_STAGE;
        if (stage != CASTIRON_IMAGE_READY && stage != CASTIRON_IMAGE_STARTING) {
            set_error("%s is not loaded", file);
            return NULL;
        }
    }
    if (castiron_image_prepare((uint64_t)number)) {
        set_error("%s cannot be used: %s", file, castiron_image_problem(errno));
        return NULL;
    }
    if (mode & RTLD_GLOBAL)
        atomic_fetch_or(&castiron_image_states[number].stage, CASTIRON_IMAGE_GLOBAL);
    return (void *)&castiron_images[number];
}

/* The image of a handle, or -1. */
static int64_t image_of(const void *handle)
{
    uint64_t offset = (uint64_t)((uintptr_t)handle - (uintptr_t)castiron_images);
    if (!castiron_image_total() || offset % sizeof *castiron_images)
        return -1;
    uint64_t number = offset / sizeof *castiron_images;
    return number < castiron_image_total() ? (int64_t)number : -1;
}

int dlclose(void *handle)
{
    if (handle == &program_handle || image_of(handle) >= 0)
        return 0;
    set_error("Invalid library handle %p", handle);
    return -1;
}

/* ---- symbols ---------------------------------------------------------------------------------------------------- */

static void *find_program_symbol(const char *name)
{
    uint64_t low = 0, high = &castiron_program_symbol_count ? castiron_program_symbol_count : 0;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        int order = strcmp(castiron_program_symbols[middle].name, name);
        if (order == 0)
            return castiron_program_symbols[middle].address;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct wanted {
    const char *name;
    void *address;
};

static int find_in_image(uint64_t number, void *data)
{
    struct wanted *wanted = data;
    const struct castiron_image *image = &castiron_images[number];
    const Elf64_Sym *symbol = castiron_image_symbol(image, wanted->name);
    if (!symbol)
        return 0;
    if (ELF64_ST_TYPE(symbol->st_info) == STT_TLS) {
        wanted->address = (char *)__builtin_thread_pointer() + image->tls_offset + symbol->st_value;
    } else if (symbol->st_shndx == SHN_ABS) {
        wanted->address = (void *)(uintptr_t)symbol->st_value;
    } else {
        wanted->address = image->base + symbol->st_value;
    }
    return 1;
}

static int find_in_global(uint64_t number, void *data)
{
    if (!(atomic_load(&castiron_image_states[number].stage) & CASTIRON_IMAGE_GLOBAL))
        return 0;
    return search(number, find_in_image, data);
}

void *dlsym(void *restrict handle, const char *restrict name)
{
    struct wanted wanted = {name, NULL};
    if (handle == &program_handle || handle == RTLD_DEFAULT || handle == RTLD_NEXT) {
        wanted.address = find_program_symbol(name);
        if (!wanted.address)
            castiron_images_live(find_in_global, &wanted);
        if (!wanted.address)
            set_error("Symbol not found: %s (the binary holds no such symbol of the program)", name);
        return wanted.address;
    }
    int64_t number = image_of(handle);
    if (number < 0) {
        set_error("Invalid library handle %p", handle);
        return NULL;
    }
    search((uint64_t)number, find_in_image, &wanted);
    if (!wanted.address) {
        /* Every library needs libc, so a search through what it needs ends there. */
        wanted.address = find_program_symbol(name);
        if (!wanted.address)
            set_error("Symbol not found: %s (in %s)", name, castiron_images[number].path);
    }
    return wanted.address;
}

/* ---- addresses -------------------------------------------------------------------------------------------------- */

static int is_in_program(uintptr_t address)
{
    struct program_headers program = program_headers();
    for (unsigned long i = 0; i < program.count; i++) {
        const Elf64_Phdr *header = &program.first[i];
        if (header->p_type == PT_LOAD && address - (program.bias + header->p_vaddr) < header->p_memsz)
            return 1;
    }
    return 0;
}

int dladdr(const void *address, Dl_info *info)
{
    int64_t number = castiron_image_at(address);
    memset(info, 0, sizeof *info);
    if (number < 0) {
        if (!is_in_program((uintptr_t)address))
            return 0;
        info->dli_fname = castiron_images_root();
        info->dli_fbase = NULL;
        uint64_t count = &castiron_program_symbol_count ? castiron_program_symbol_count : 0;
        for (uint64_t i = 0; i < count; i++) {
            const struct castiron_symbol *symbol = &castiron_program_symbols[i];
            /* Sizes are not in the table: of an address within a function, nobody can tell whether it is this one's. */
            if (symbol->address == address) {
                info->dli_sname = symbol->name;
                info->dli_saddr = symbol->address;
                break;
            }
        }
        return 1;
    }
    const struct castiron_image *image = &castiron_images[number];
    const char *path = castiron_image_states[number].path;
    info->dli_fname = path ? path : image->path;
    info->dli_fbase = image->base;
    const Elf64_Sym *symbol = castiron_image_nearest(image, (uint64_t)((uintptr_t)address - (uintptr_t)image->base));
    if (symbol) {
        info->dli_sname = (const char *)image->base + castiron_image_dynamic(image, DT_STRTAB) + symbol->st_name;
        info->dli_saddr = image->base + symbol->st_value;
    }
    return 1;
}

int dlinfo(void *handle, int request, void *result)
{
    (void)handle;
    (void)result;
    set_error("dlinfo request %d is not supported in a static binary", request);
    return -1;
}
