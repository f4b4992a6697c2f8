/* Obstacks, whose macros are compiled into the image. */
#define _GNU_SOURCE
#include <obstack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"

#define obstack_chunk_alloc malloc
#define obstack_chunk_free free

void check_obstacks(void)
{
    struct obstack stack;
    obstack_init(&stack);
    char *first = obstack_copy0(&stack, "first", 5);
    for (int i = 0; i < 3000; i++)
        obstack_1grow(&stack, (char)('a' + i % 26));
    obstack_grow0(&stack, "end", 3);
    printf("object %u", (unsigned)obstack_object_size(&stack));
    char *grown = obstack_finish(&stack);
    printf(" %s %c%c%c %s\n", first, grown[0], grown[25], grown[2999], grown + 3000);
    for (int i = 0; i < 100; i++)
        obstack_printf(&stack, "%d,", i);
    obstack_1grow(&stack, 0);
    char *printed = obstack_finish(&stack);
    printf("printed %zu used %d in %d\n", strlen(printed), obstack_memory_used(&stack) > 3000, _obstack_allocated_p(&stack, first));
    void *large = obstack_alloc(&stack, 100000);
    memset(large, 1, 100000);
    obstack_free(&stack, printed);
    printf("still %s\n", first);
    obstack_free(&stack, NULL);
}
