/* dl_iterate_phdr: unwinders find the tables of the executable and of the live images through it. */
#include "images/images.h"

#include <link.h>
#include <pthread.h>

#include "images/program_headers.h"

#define MAX_HEADERS 64

/* The executable's headers without the segments that hold images.  An unwinder takes the first object that contains
 * an address, and that must be the image and not the executable.  A copy that stays: libgcc keeps pointers into it. */
static Elf64_Phdr reported[MAX_HEADERS];
static Elf64_Half reported_count;
static Elf64_Addr bias;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int holds_images(const Elf64_Phdr *header)
{
    uint64_t total = castiron_image_total();
    for (uint64_t i = 0; header->p_type == PT_LOAD && i < total; i++)
        if ((uint64_t)(uintptr_t)castiron_images[i].base - (bias + header->p_vaddr) < header->p_memsz)
            return 1;
    return 0;
}

static void copy_headers(void)
{
    struct program_headers program = program_headers();
    bias = program.bias;
    for (unsigned long i = 0; i < program.count && reported_count < MAX_HEADERS; i++) {
        const Elf64_Phdr *header = &program.first[i];
        if (!holds_images(header))
            reported[reported_count++] = *header;
    }
}

struct call {
    int (*callback)(struct dl_phdr_info *, size_t, void *);
    void *data;
    uint64_t live;
};

static int report_image(uint64_t number, void *data)
{
    const struct call *call = data;
    const struct castiron_image *image = &castiron_images[number];
    struct dl_phdr_info info = {
        .dlpi_addr = (Elf64_Addr)image->base,
        .dlpi_name = castiron_image_states[number].path,
        .dlpi_phdr = image->headers,
        .dlpi_phnum = (Elf64_Half)image->header_count,
        .dlpi_adds = 1 + call->live,
    };
    return call->callback(&info, sizeof info, call->data);
}

/* Images are never taken away, so dlpi_subs stays 0 and callers may cache by dlpi_adds. */
int dl_iterate_phdr(int (*callback)(struct dl_phdr_info *, size_t, void *), void *data)
{
    pthread_once(&once, copy_headers);
    struct call call = {callback, data, castiron_image_live_count()};
    struct dl_phdr_info info = {
        .dlpi_addr = bias,
        .dlpi_name = "",
        .dlpi_phdr = reported,
        .dlpi_phnum = reported_count,
        .dlpi_adds = 1 + call.live,
    };
    int result = callback(&info, sizeof info, data);
    return result ? result : castiron_images_live(report_image, &call);
}
