/* Shared objects that were absorbed into the executable: see docs/absorbing.md.
 *
 * The linker put every image into one read-only segment: relocated, if the executable has a fixed place.  An image becomes
 * usable when the first of its modules is imported: its pages get their protections, its constructors run.
 *
 * The tables are written by castiron_link/absorb/table.py; all symbols are weak, as a binary without images has none.
 */
#ifndef CASTIRON_IMAGES_H
#define CASTIRON_IMAGES_H

#include <elf.h>
#include <stdatomic.h>
#include <stdint.h>

struct castiron_image {
    unsigned char *base;       /* what its addresses (p_vaddr, st_value, d_ptr) count from */
    const Elf64_Phdr *headers; /* its own program headers */
    const char *path;          /* in the tree: "lib/python3.13/site-packages/numpy/..." */
    const uint32_t *needed;    /* images it needs, in DT_NEEDED order */
    int64_t tls_offset;        /* its thread-local block, from the thread pointer; 0 without one */
    uint32_t header_count;
    uint32_t needed_count;
    uint64_t span; /* bytes from base, whole pages */
    /* In a position-independent executable: which words hold the distance from themselves to what they should point to.
     * Offsets from base, packed as DT_RELR is: an even word is the offset of such a word, and each bit of an odd one, but
     * its lowest, stands for one of the 63 words that follow. */
    const uint64_t *fixups;
    const uint64_t *fixups_end;
    /* Its bytes, compressed, and where they end; NULL if they are in their place. */
    const struct castiron_packed *packed;
    const void *packed_end;
};

struct castiron_image_name {
    const char *name; /* path in the tree, file name, or soname; sorted by strcmp, repeated if several images have it */
    uint64_t image;
};

struct castiron_symbol {
    const char *name; /* sorted by strcmp */
    void *address;
};

/* Changes while the program runs.  The n-th entry also holds which image was the n-th to go live and to be started. */
struct castiron_image_state {
    atomic_uint stage;
    uint32_t live;
    uint32_t started;
    char *path; /* with the executable's path in front; set when the image goes live */
};

enum {
    CASTIRON_IMAGE_ASLEEP,   /* read-only pages, nothing has run */
    CASTIRON_IMAGE_MAPPED,   /* pages have their protections */
    CASTIRON_IMAGE_STARTING, /* constructors are running */
    CASTIRON_IMAGE_READY,
    CASTIRON_IMAGE_FAILED,
    CASTIRON_IMAGE_STAGE = 0xff,
    CASTIRON_IMAGE_GLOBAL = 0x100, /* opened with RTLD_GLOBAL */
};

#define CASTIRON_WEAK __attribute__((weak))
extern const struct castiron_image castiron_images[] CASTIRON_WEAK;
extern const uint64_t castiron_image_count CASTIRON_WEAK;
extern const struct castiron_image_name castiron_image_names[] CASTIRON_WEAK;
extern const uint64_t castiron_image_name_count CASTIRON_WEAK;
extern const struct castiron_symbol castiron_program_symbols[] CASTIRON_WEAK;
extern const uint64_t castiron_program_symbol_count CASTIRON_WEAK;
extern struct castiron_image_state castiron_image_states[] CASTIRON_WEAK;

/* How many images the binary has; 0 if it was linked without any. */
uint64_t castiron_image_total(void);

/* The executable's path, below which the images have theirs; empty if the program has no tree. */
const char *castiron_images_root(void);

/* Make an image and everything it needs usable.  Returns 0, or -1 with errno set (castiron_image_problem).  Any thread may call it at any time,
 * constructors included; concurrent callers wait until the constructors have run. */
int castiron_image_prepare(uint64_t image);

/* What an error of castiron_image_prepare means, for messages. */
const char *castiron_image_problem(int error);

/* The images in the order in which they went live; stops at the first result other than 0, and returns it.
 * Takes no lock: it serves the unwinder. */
int castiron_images_live(int (*visit)(uint64_t image, void *data), void *data);
uint64_t castiron_image_live_count(void);

/* The image that contains an address (live or not), or -1. */
int64_t castiron_image_at(const void *address);

/* An entry of the image's dynamic table; 0 if there is none.  Addresses are not relocated. */
uint64_t castiron_image_dynamic(const struct castiron_image *image, int64_t tag);

/* A symbol that the image defines, or NULL. */
const Elf64_Sym *castiron_image_symbol(const struct castiron_image *image, const char *name);

/* The symbol with the highest address at or below `address` (an offset from base), or NULL. */
const Elf64_Sym *castiron_image_nearest(const struct castiron_image *image, uint64_t address);

#endif
