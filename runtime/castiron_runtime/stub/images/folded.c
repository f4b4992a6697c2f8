/* Moves the pages of folded images to their places. */
#define _GNU_SOURCE
#include "images/folded.h"

#include <sys/mman.h>

/* The rows of an image: [*first, the result).  There are few images with rows, and each is looked up a few times. */
static const struct castiron_run *rows_of(const struct castiron_image *image, const struct castiron_run **first)
{
    const struct castiron_run *row = castiron_image_runs;
    const struct castiron_run *end = row + (&castiron_image_run_count ? castiron_image_run_count : 0);
    uint64_t number = (uint64_t)(image - castiron_images);
    while (row < end && row->image < number)
        row++;
    *first = row;
    while (row < end && row->image == number)
        row++;
    return row;
}

int castiron_is_folded(const struct castiron_image *image)
{
    const struct castiron_run *first, *end = rows_of(image, &first);
    return first < end;
}

int castiron_unfold(const struct castiron_image *image)
{
    const struct castiron_run *row, *end = rows_of(image, &row);
    if (row == end)
        return 0;
    /* The kernel has put pages there that can be written, as it does for segments without bytes. */
    if (mmap(image->base, image->span, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        return -1;
    for (; row < end; row++)
        if (mremap(row->pages, row->size, row->size, MREMAP_MAYMOVE | MREMAP_FIXED, image->base + row->offset)
            == MAP_FAILED)
            return -1;
    return 0;
}

uint64_t castiron_folded_by(const struct castiron_image *image, uint64_t offset)
{
    const struct castiron_run *row, *end = rows_of(image, &row);
    for (; row < end; row++)
        if (offset - row->offset < row->size)
            return (uint64_t)((uintptr_t)row->pages - (uintptr_t)image->base) - row->offset;
    return 0;
}
