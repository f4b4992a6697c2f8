/* Lists that end with NULL: arguments, environments. */
#ifndef CASTIRON_ARGUMENTS_H
#define CASTIRON_ARGUMENTS_H

#include <stddef.h>

/* How many entries a list has; of NULL, 0: Linux takes that for an empty one. */
static inline size_t arguments_count(char *const list[])
{
    size_t count = 0;
    while (list != NULL && list[count] != NULL)
        count++;
    return count;
}

#endif
