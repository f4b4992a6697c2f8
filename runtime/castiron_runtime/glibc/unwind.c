/* Finding the tables of exceptions, and the callers of a function.
 *
 * The unwinder is libgcc's, in the image that an application's images share; the archive has none of its own, and finds that
 * one by name. */
#include "gnu.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "images/images.h"

/* dlfcn.h, struct dl_find_object. */
struct gnu_object {
    unsigned long long flags;
    void *start, *end;
    struct link_map *map;
    void *frames;
    unsigned long long unused[7];
};
_Static_assert(sizeof(struct gnu_object) == 96, "glibc's struct dl_find_object");

struct search {
    uintptr_t address;
    struct gnu_object *found;
};

static int is_object(struct dl_phdr_info *object, size_t size, void *data)
{
    struct search *search = data;
    uintptr_t start = UINTPTR_MAX, end = 0;
    void *frames = NULL;
    int contains = 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        uintptr_t at = object->dlpi_addr + header->p_vaddr;
        if (header->p_type == PT_LOAD) {
            contains |= search->address - at < header->p_memsz;
            if (at < start)
                start = at;
            if (at + header->p_memsz > end)
                end = at + header->p_memsz;
        } else if (header->p_type == PT_GNU_EH_FRAME) {
            frames = (void *)at;
        }
    }
    if (!contains || !frames)
        return 0;
    *search->found = (struct gnu_object){.start = (void *)start, .end = (void *)end, .frames = frames};
    return 1;
}

/* glibc 2.35; libgcc 12 and later ask it for each frame. */
int GNU(_dl_find_object)(void *address, struct gnu_object *to)
{
    struct search search = {(uintptr_t)address, to};
    return dl_iterate_phdr(is_object, &search) == 1 ? 0 : -1;
}

struct find {
    const char *name;
    void *address;
};

static int has_function(uint64_t number, void *data)
{
    struct find *find = data;
    const Elf64_Sym *symbol = castiron_image_symbol(&castiron_images[number], find->name);
    if (!symbol || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC)
        return 0;
    find->address = castiron_images[number].base + symbol->st_value;
    return 1;
}

static void *unwinder(const char *name)
{
    struct find find = {name, NULL};
    castiron_images_live(has_function, &find);
    return find.address;
}

struct trace {
    void **to;
    int count, most;
    uintptr_t (*address)(void *);
};

static int take_frame(void *context, void *data)
{
    struct trace *trace = data;
    /* The first is backtrace itself. */
    if (trace->count >= 0)
        trace->to[trace->count] = (void *)trace->address(context);
    trace->count++;
    return trace->count >= trace->most ? 5 /* _URC_END_OF_STACK */ : 0;
}

int GNU(backtrace)(void **to, int most)
{
    if (most <= 0)
        return 0;
    int (*walk)(int (*)(void *, void *), void *) = (int (*)(int (*)(void *, void *), void *))unwinder("_Unwind_Backtrace");
    uintptr_t (*address)(void *) = (uintptr_t(*)(void *))unwinder("_Unwind_GetIP");
    if (!walk || !address) {
        UNSUPPORTED("backtrace", "no library of this binary brings an unwinder; no frame is found");
        return 0;
    }
    struct trace trace = {to, -1, most, address};
    walk(take_frame, &trace);
    if (trace.count < 0)
        return 0;
    /* A frame without an address is the end. */
    if (trace.count > 1 && !to[trace.count - 1])
        trace.count--;
    return trace.count;
}

SAME(__backtrace, castiron_gnu_backtrace);

/* "file(function+0x12) [0x...]", as glibc writes it. */
static int describe(char *to, size_t size, void *address)
{
    Dl_info info;
    if (!dladdr(address, &info) || !info.dli_fname || !*info.dli_fname)
        return snprintf(to, size, "[%#tx]", (ptrdiff_t)address);
    if (info.dli_sname) {
        ptrdiff_t distance = (char *)address - (char *)info.dli_saddr;
        return snprintf(to, size, "%s(%s%c%#tx) [%#tx]", info.dli_fname, info.dli_sname, '+', distance, (ptrdiff_t)address);
    }
    ptrdiff_t distance = (char *)address - (char *)info.dli_fbase;
    return snprintf(to, size, "%s(+%#tx) [%#tx]", info.dli_fname, distance, (ptrdiff_t)address);
}

/* One block: the caller frees it and not the texts. */
char **GNU(backtrace_symbols)(void *const *addresses, int count)
{
    if (count < 0)
        return NULL;
    size_t size = (size_t)count * sizeof(char *);
    for (int i = 0; i < count; i++)
        size += (size_t)describe(NULL, 0, addresses[i]) + 1;
    char **texts = malloc(size ? size : 1);
    if (!texts)
        return NULL;
    char *at = (char *)(texts + count), *end = (char *)texts + size;
    for (int i = 0; i < count; i++) {
        texts[i] = at;
        at += describe(at, (size_t)(end - at), addresses[i]) + 1;
    }
    return texts;
}

/* For signal handlers: without malloc. */
void GNU(backtrace_symbols_fd)(void *const *addresses, int count, int fd)
{
    char line[1024];
    for (int i = 0; i < count; i++) {
        int length = describe(line, sizeof line - 1, addresses[i]);
        if (length < 0)
            continue;
        size_t size = (size_t)length < sizeof line - 1 ? (size_t)length : sizeof line - 2;
        line[size++] = '\n';
        if (write(fd, line, size) < 0)
            return;
    }
}

SAME(__backtrace_symbols, castiron_gnu_backtrace_symbols);
SAME(__backtrace_symbols_fd, castiron_gnu_backtrace_symbols_fd);
