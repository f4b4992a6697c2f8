/* qsort as glibc's: elements that compare as equal keep their order, and a comparison that contradicts itself (of numbers that
 * are none) gives glibc's order, too.  Both come from sorting the first half, then the second, and taking from the first
 * what is not larger (glibc up to 2.36, and again from 2.38 on). */
#include "gnu.h"

#include <stdlib.h>
#include <string.h>

typedef int comparison(const void *, const void *, void *);

struct sorting {
    size_t size; /* bytes of an element */
    comparison *compare;
    void *argument;
    char *room; /* for as many elements as are sorted */
};

static void sort(const struct sorting *sorting, char *first, size_t count)
{
    if (count <= 1)
        return;
    size_t size = sorting->size, left = count / 2, right = count - left;
    char *second = first + left * size, *from = first, *to = sorting->room;
    sort(sorting, first, left);
    sort(sorting, second, right);
    for (; left > 0 && right > 0; to += size) {
        if (sorting->compare(from, second, sorting->argument) <= 0) {
            memcpy(to, from, size);
            from += size;
            left--;
        } else {
            memcpy(to, second, size);
            second += size;
            right--;
        }
    }
    memcpy(to, from, left * size);
    memcpy(first, sorting->room, (count - right) * size);
}

void GNU(qsort_r)(void *elements, size_t count, size_t size, comparison *compare, void *argument)
{
    struct sorting sorting = {.size = size, .compare = compare, .argument = argument};
    size_t bytes;
    if (count <= 1 || size == 0)
        return;
    if (__builtin_mul_overflow(count, size, &bytes) || (sorting.room = malloc(bytes)) == NULL) {
        qsort_r(elements, count, size, compare, argument);
        return;
    }
    sort(&sorting, elements, count);
    free(sorting.room);
}

static int without_argument(const void *a, const void *b, void *compare)
{
    return (*(int (**)(const void *, const void *))compare)(a, b);
}

void GNU(qsort)(void *elements, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    GNU(qsort_r)(elements, count, size, without_argument, &compare);
}
