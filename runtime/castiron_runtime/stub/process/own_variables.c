#include "process/own_variables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Those that say how an interpreter works.  Not here: what names files that it would run or load (PYTHONSTARTUP, PYTHONHOME,
 * PYTHONEXECUTABLE, PYTHONUSERBASE), what has no meaning in an executable (PYTHONMALLOC, PYTHONPLATLIBDIR), and PYTHONINSPECT,
 * which makes a prompt of a worker.  Source: "Environment variables", Python Setup and Usage.  The order is part of the record. */
static const char *const names[] = {
    "PYTHONPATH",
    "PYTHONUNBUFFERED",
    "PYTHONIOENCODING",
    "PYTHONUTF8",
    "PYTHONHASHSEED",
    "PYTHONWARNINGS",
    "PYTHONDEVMODE",
    "PYTHONFAULTHANDLER",
    "PYTHONTRACEMALLOC",
    "PYTHONOPTIMIZE",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPYCACHEPREFIX",
    "PYTHONDEBUG",
    "PYTHONVERBOSE",
    "PYTHONPROFILEIMPORTTIME",
    "PYTHONWARNDEFAULTENCODING",
    "PYTHONNODEBUGRANGES",
    "PYTHONINTMAXSTRDIGITS",
    "PYTHONCOERCECLOCALE",
    "PYTHONSAFEPATH",
    "PYTHON_CPU_COUNT",
    "PYTHON_GIL",
};
enum { COUNT = sizeof names / sizeof *names, PATH = 0, NONE = COUNT };
_Static_assert(COUNT <= 32, "a bit for each");

static const char prefix[] = "PYTHON";
enum { PREFIX_LENGTH = sizeof prefix - 1 };

extern char **environ;

static const char *inherited[COUNT]; /* values at the start */
static uint32_t own;
static bool path_ignored; /* by this process; those that it starts may obey it */
static char **hidden; /* entries, and a NULL behind them */

static int index_of(const char *entry)
{
    if (strncmp(entry, prefix, PREFIX_LENGTH) != 0)
        return NONE;
    for (int i = 0; i < COUNT; i++) {
        size_t length = strlen(names[i]);
        if (strncmp(entry, names[i], length) == 0 && entry[length] == '=')
            return i;
    }
    return NONE;
}

static const char *value_of(const char *entry)
{
    return strchr(entry, '=') + 1;
}

void own_variables_remember(uint32_t of_record)
{
    own = of_record;
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        int i = index_of(*entry);
        if (i != NONE)
            inherited[i] = value_of(*entry);
    }
}

uint32_t own_variables_of(char *const environment[])
{
    uint32_t found = 0;
    for (; environment != NULL && *environment != NULL; environment++) {
        int i = index_of(*environment);
        if (i == NONE)
            continue;
        uint32_t bit = UINT32_C(1) << i;
        if ((own & bit) != 0 || inherited[i] == NULL || strcmp(value_of(*environment), inherited[i]) != 0)
            found |= bit;
    }
    return found;
}

bool own_variables_name_path(void)
{
    return (own & UINT32_C(1) << PATH) != 0 && !path_ignored;
}

void own_variables_ignore_path(void)
{
    path_ignored = true;
}

bool own_variables_are_there(void)
{
    return (own & ~(UINT32_C(1) << PATH)) != 0;
}

static bool is_hidden(const char *entry)
{
    int i = index_of(entry);
    return strncmp(entry, prefix, PREFIX_LENGTH) == 0 && (i == NONE || i == PATH || (own & UINT32_C(1) << i) == 0);
}

static _Noreturn void no_memory(void)
{
    fputs("castiron: no memory for the environment\n", stderr);
    exit(1);
}

void own_variables_hide_inherited(void)
{
    size_t count = 0, taken = 0;
    for (char **entry = environ; *entry != NULL; entry++)
        count += is_hidden(*entry);
    hidden = calloc(count + 1, sizeof *hidden);
    if (hidden == NULL)
        no_memory();
    char **kept = environ;
    for (char **entry = environ; *entry != NULL; entry++) {
        if (is_hidden(*entry))
            hidden[taken++] = *entry;
        else
            *kept++ = *entry;
    }
    *kept = NULL;
}

void own_variables_put_back(void)
{
    for (char **entry = hidden; *entry != NULL; entry++)
        if (putenv(*entry) != 0)
            no_memory();
    free(hidden);
    hidden = NULL;
}
