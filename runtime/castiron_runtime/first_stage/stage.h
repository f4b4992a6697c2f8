/* What `link` tells the first stage (castiron_link/first_stage.py writes it). */
#ifndef CASTIRON_STAGE_H
#define CASTIRON_STAGE_H

#include <stdint.h>

enum { STAGE_MOST_PARTS = 16 };

/* At the first byte of the stage's constants, in the file as it is.  All else is counted from here: the executable may
 * lie anywhere. */
struct stage_place {
    int64_t frames;      /* distance to the frames of Zstandard; the first of them holds a stage_table */
    uint64_t size;       /* bytes of all frames, which stand one behind the other */
    uint64_t table_size; /* bytes of the first frame */
};

/* A segment of the executable as it was linked. */
struct stage_part {
    int64_t start;       /* distance to its first page */
    uint64_t span;       /* bytes of its pages */
    int64_t content;     /* distance to the first byte that is filled */
    uint64_t size;       /* bytes that are filled */
    uint64_t frame_size; /* bytes of its frame, which follows that of the part before */
    uint64_t protection; /* what is allowed there from then on: PROT_... */
};

struct stage_table {
    int64_t headers;      /* distance to the program headers of the executable as it was linked */
    uint64_t header_count;
    int64_t entry;        /* distance to where that one starts */
    uint64_t part_count;
    struct stage_part parts[STAGE_MOST_PARTS];
};

#endif
