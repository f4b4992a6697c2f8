/* Decompresses images into the addresses that they were linked for: see docs/linking.md, "Small executables". */
#include "images/packed.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include "payload/zstd.h"

/* What the second frame holds: own_count words that say, packed as DT_RELR is, which words of the image get its base
 * added; then place_count places for values. */
struct fixups {
    uint64_t own_count;
    uint64_t place_count;
    uint64_t words[];
};

struct place {
    uint64_t offset; /* from base */
    uint64_t value;  /* which one */
};

static bool holds_word(const struct castiron_image *image, uint64_t offset)
{
    return image->span >= sizeof(uint64_t) && offset <= image->span - sizeof(uint64_t);
}

/* Images may have words that are not aligned. */
typedef uint64_t __attribute__((aligned(1), may_alias)) unaligned;

static bool add_base(const struct castiron_image *image, uint64_t offset)
{
    if (!holds_word(image, offset))
        return false;
    *(unaligned *)(image->base + offset) += (uint64_t)image->base;
    return true;
}

static bool relocate(const struct castiron_image *image, const uint64_t *entry, const uint64_t *end)
{
    for (uint64_t next = 0; entry < end; entry++) {
        if ((*entry & 1) == 0) {
            if (!add_base(image, *entry))
                return false;
            next = *entry + sizeof(uint64_t);
            continue;
        }
        uint64_t at = next;
        for (uint64_t bits = *entry >> 1; bits; bits >>= 1, at += sizeof(uint64_t))
            if ((bits & 1) && !add_base(image, at))
                return false;
        next += 63 * sizeof(uint64_t);
    }
    return true;
}

static bool put_values(const struct castiron_image *image, const struct place *place, uint64_t count)
{
    const struct castiron_packed *packed = image->packed;
    for (uint64_t i = 0; i < count; i++, place++) {
        if (place->value >= packed->value_count || !holds_word(image, place->offset))
            return false;
        uint64_t value = packed->values[place->value];
        if (packed->distances && place->value < packed->address_count)
            value += (uint64_t)&packed->values[place->value];
        *(unaligned *)(image->base + place->offset) = value;
    }
    return true;
}

static bool apply(const struct castiron_image *image, const struct fixups *fixups)
{
    uint64_t words = (image->packed->fixups_size - sizeof *fixups) / sizeof(uint64_t);
    if (fixups->own_count > words || fixups->place_count > (words - fixups->own_count) / 2)
        return false;
    const uint64_t *places = fixups->words + fixups->own_count;
    return relocate(image, fixups->words, places)
        && put_values(image, (const struct place *)places, fixups->place_count);
}

int castiron_unpack(const struct castiron_image *image)
{
    const struct castiron_packed *packed = image->packed;
    const unsigned char *frame = (const unsigned char *)(packed->values + packed->value_count);
    if (zstd_into == NULL || packed->size > image->span || packed->fixups_size < sizeof(struct fixups)) {
        errno = EBADMSG;
        return -1;
    }
    /* Fresh pages: what the kernel put there is not meant to be used. */
    if (mmap(image->base, image->span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        return -1;
    void *fixups = mmap(NULL, packed->fixups_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fixups == MAP_FAILED)
        return -1;
    bool sound = zstd_into(image->base, packed->size, frame, packed->frame_size)
        && zstd_into(fixups, packed->fixups_size, frame + packed->frame_size, packed->fixups_frame)
        && apply(image, fixups);
    munmap(fixups, packed->fixups_size);
    if (!sound)
        errno = EBADMSG;
    return sound ? 0 : -1;
}
