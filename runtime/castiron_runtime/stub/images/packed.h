/* The bytes of an image that was linked with --profile small, as castiron_link/absorb/packed.py writes them. */
#ifndef CASTIRON_PACKED_H
#define CASTIRON_PACKED_H

#include <stdint.h>

#include "images/images.h"

struct castiron_packed {
    uint64_t size;          /* bytes of memory in the first frame; all behind them are zeros */
    uint64_t frame_size;    /* bytes of the first frame */
    uint64_t fixups_size;   /* bytes of the fixups in the second frame: see packed.c */
    uint64_t fixups_frame;  /* bytes of the second frame */
    uint64_t value_count;
    uint64_t address_count; /* values[0 .. address_count) are addresses */
    uint64_t distances;     /* whether an address is stored as the distance from where it is stored */
    uint64_t reserved;
    uint64_t values[];      /* what only the linker knew; the two frames follow */
};

/* Put the bytes of a packed image into its place, relocated; all its pages are writable then.  Returns 0, or -1 with errno
 * set: EBADMSG if they are damaged. */
int castiron_unpack(const struct castiron_image *image);

#endif
