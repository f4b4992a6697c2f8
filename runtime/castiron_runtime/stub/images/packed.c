/* Decompresses images into the addresses that they were linked for: see docs/linking.md, "Small executables". */
#include "images/packed.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include "payload/zstd.h"

enum { WORD = sizeof(uint64_t) };

/* What the second frame holds: own_count words that say, packed as DT_RELR is, which words of the image get its base
 * added; then use_count uses of values. */
struct fixups {
    uint64_t own_count;
    uint64_t use_count;
    uint64_t words[];
};

struct use {
    uint64_t offset; /* where, from base */
    uint64_t value;  /* which one */
};

static bool holds_word(struct castiron_place place, uint64_t offset)
{
    return place.span >= WORD && offset <= place.span - WORD;
}

/* Images may have words that are not aligned. */
typedef uint64_t __attribute__((aligned(1), may_alias)) unaligned;

static bool add_base(struct castiron_place place, uint64_t offset)
{
    if (!holds_word(place, offset))
        return false;
    *(unaligned *)(place.base + offset) += (uint64_t)place.base;
    return true;
}

static bool relocate(struct castiron_place place, const uint64_t *entry, const uint64_t *end)
{
    for (uint64_t next = 0; entry < end; entry++) {
        if ((*entry & 1) == 0) {
            if (!add_base(place, *entry))
                return false;
            next = *entry + WORD;
            continue;
        }
        uint64_t at = next;
        for (uint64_t bits = *entry >> 1; bits; bits >>= 1, at += WORD)
            if ((bits & 1) && !add_base(place, at))
                return false;
        next += 63 * WORD;
    }
    return true;
}

static bool put_values(struct castiron_place place, const struct castiron_packed *packed, const struct use *use,
                       uint64_t count)
{
    for (uint64_t i = 0; i < count; i++, use++) {
        if (use->value >= packed->value_count || !holds_word(place, use->offset))
            return false;
        uint64_t value = packed->values[use->value];
        if (packed->distances && use->value < packed->address_count)
            value += (uint64_t)&packed->values[use->value];
        *(unaligned *)(place.base + use->offset) = value;
    }
    return true;
}

static bool apply(struct castiron_place place, const struct castiron_packed *packed, const struct fixups *fixups)
{
    uint64_t words = (packed->fixups_size - sizeof *fixups) / WORD;
    if (fixups->own_count > words || fixups->use_count > (words - fixups->own_count) / 2)
        return false;
    const uint64_t *uses = fixups->words + fixups->own_count;
    return relocate(place, fixups->words, uses) && put_values(place, packed, (const struct use *)uses, fixups->use_count);
}

/* Whether the parts are as large as the whole, and what is unpacked fits. */
static bool adds_up(struct castiron_place place, const struct castiron_packed *packed, uint64_t size)
{
    enum { LARGEST_FRAME_RATIO = (128 << 10) / 4 }; /* Zstandard makes at most 128 KiB of the 4 bytes of a block. */
    if (size < sizeof *packed)
        return false;
    uint64_t left = size - sizeof *packed;
    if (packed->value_count > left / WORD)
        return false;
    left -= packed->value_count * WORD;
    return packed->frame_size <= left && packed->fixups_frame == left - packed->frame_size && packed->size <= place.span
        && packed->fixups_size >= sizeof(struct fixups)
        && packed->fixups_size / LARGEST_FRAME_RATIO <= packed->fixups_frame;
}

static bool is_unpacked(struct castiron_place place, const struct castiron_packed *packed, struct fixups *fixups)
{
    const unsigned char *frame = (const unsigned char *)(packed->values + packed->value_count);
    return zstd_into(place.base, packed->size, frame, packed->frame_size)
        && zstd_into(fixups, packed->fixups_size, frame + packed->frame_size, packed->fixups_frame)
        && apply(place, packed, fixups);
}

int castiron_unpack(struct castiron_place place, const struct castiron_packed *packed, const void *end)
{
    if (zstd_into == NULL || !adds_up(place, packed, (uint64_t)((const char *)end - (const char *)packed))) {
        errno = EBADMSG;
        return -1;
    }
    /* Fresh pages: what the kernel put there is not meant to be used. */
    if (mmap(place.base, place.span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        return -1;
    void *fixups = mmap(NULL, packed->fixups_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fixups == MAP_FAILED)
        return -1;
    bool sound = is_unpacked(place, packed, fixups);
    munmap(fixups, packed->fixups_size);
    if (!sound)
        errno = EBADMSG;
    return sound ? 0 : -1;
}
