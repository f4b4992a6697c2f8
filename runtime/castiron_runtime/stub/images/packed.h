/* The bytes of an image that was linked with --profile small, as castiron_link/absorb/packed.py writes them. */
#ifndef CASTIRON_PACKED_H
#define CASTIRON_PACKED_H

#include <stdint.h>

struct castiron_packed {
    uint64_t size;          /* bytes of memory in the first frame; all behind them are zeros */
    uint64_t frame_size;    /* bytes of the first frame */
    uint64_t fixups_size;   /* bytes that the second frame holds: see packed.c */
    uint64_t fixups_frame;  /* bytes of the second frame */
    uint64_t value_count;
    uint64_t address_count; /* values[0 .. address_count) are addresses */
    uint64_t distances;     /* whether an address is stored as the distance from where it is stored */
    uint64_t reserved;
    uint64_t values[];      /* what only the linker knew; the two frames follow */
};

/* The place of an image. */
struct castiron_place {
    unsigned char *base;
    uint64_t span; /* bytes, whole pages */
};

/* Put what is packed, which ends at `end`, into its place, relocated; all pages of it are writable then.  Returns 0, or -1
 * with errno set: EBADMSG if it is damaged. */
int castiron_unpack(struct castiron_place place, const struct castiron_packed *packed, const void *end);

#endif
