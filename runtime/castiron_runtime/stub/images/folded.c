/* Moves the pages of folded images to their places. */
#include "images/folded.h"

#include <sys/mman.h>

/* The rows of an image: [*first, the result).  There are few images with rows, and each is looked up a few times. */
static const struct castiron_run *rows_of(uint64_t image, const struct castiron_run **first)
{
    const struct castiron_run *row = castiron_image_runs;
    const struct castiron_run *end = row + (&castiron_image_run_count ? castiron_image_run_count : 0);
    while (row < end && row->image < image)
        row++;
    *first = row;
    while (row < end && row->image == image)
        row++;
    return row;
}

int castiron_is_folded(uint64_t image)
{
    const struct castiron_run *first, *end = rows_of(image, &first);
    return first < end;
}

int castiron_unfold(uint64_t image, unsigned char *base, uint64_t span)
{
    const struct castiron_run *row, *end = rows_of(image, &row);
    if (row == end)
        return 0;
    /* The kernel has put pages there that can be written, as it does for segments without bytes. */
    if (mmap(base, span, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        return -1;
    for (; row < end; row++)
        if (mremap(row->pages, row->size, row->size, MREMAP_MAYMOVE | MREMAP_FIXED, base + row->offset) == MAP_FAILED)
            return -1;
    return 0;
}

uint64_t castiron_folded_by(uint64_t image, const unsigned char *base, uint64_t offset)
{
    const struct castiron_run *row, *end = rows_of(image, &row);
    for (; row < end; row++)
        if (offset - row->offset < row->size)
            return (uint64_t)((uintptr_t)row->pages - (uintptr_t)base) - row->offset;
    return 0;
}
