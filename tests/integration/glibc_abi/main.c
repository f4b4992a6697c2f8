#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"

volatile size_t one = 1;

static const struct {
    const char *name;
    void (*check)(void);
} parts[] = {
    {"fortified", check_fortified},   {"structures", check_structures}, {"files", check_files},
    {"numbers", check_numbers},       {"strings", check_strings},       {"locales", check_locales},
    {"threads", check_threads},       {"processes", check_processes},   {"mathematics", check_mathematics},
    {"obstacks", check_obstacks},
};

/* Everything, or the parts that are named. */
int main(int count, char **names)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        int wanted = count == 1;
        for (int n = 1; n < count; n++)
            wanted |= strcmp(names[n], parts[i].name) == 0;
        if (!wanted)
            continue;
        printf("== %s\n", parts[i].name);
        parts[i].check();
        fflush(stdout);
    }
    return 0;
}
