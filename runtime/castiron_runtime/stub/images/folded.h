/* Images whose segments lie far apart: castiron_link/absorb/folded.py.
 *
 * Such an image has addresses and, elsewhere in the executable, the pages that its file fills.  These are moved to their
 * places before anything else happens to the image: they stay pages of the executable's file, as those of all images are. */
#ifndef CASTIRON_FOLDED_H
#define CASTIRON_FOLDED_H

#include <stdint.h>

struct castiron_run {
    uint64_t image;       /* its number; rows are sorted by it, then by offset */
    uint64_t offset;      /* from the image's base, in bytes */
    uint64_t size;        /* in bytes, whole pages */
    unsigned char *pages; /* where the linker put them */
};

/* Written by castiron_link/absorb/table.py, if an image is folded. */
extern const struct castiron_run castiron_image_runs[] __attribute__((weak));
extern const uint64_t castiron_image_run_count __attribute__((weak));

/* Whether an image, which is named by its number, is folded. */
int castiron_is_folded(uint64_t image);

/* Move the pages of an image, if it is folded, to their places; all of it, `span` bytes from `base`, is read-only then, and
 * zero between the pages.  Returns 0, or -1 with errno set; pages may have been moved, so there is no second attempt. */
int castiron_unfold(uint64_t image, unsigned char *base, uint64_t span);

/* How far a byte of an image, `offset` from its base, lies before the place that the linker put it to, modulo 2^64: what
 * is missing in distances that the linker stored there.  0 if the image is not folded. */
uint64_t castiron_folded_by(uint64_t image, const unsigned char *base, uint64_t offset);

#endif
