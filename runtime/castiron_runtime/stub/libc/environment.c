/* Looking variables of the environment up.
 *
 * The C library reads the variable TZ each time that it calculates a local time, and compares names by a function call for each
 * variable that there is.  This one is not weak and comes first in the link, so it is everybody's.
 */
#include <stdlib.h>
#include <unistd.h>

/* What follows the name in `NAME=value`; NULL if that is the value of another variable. */
static char *value_of(char *entry, const char *name)
{
    while (*name != '\0' && *entry == *name)
        entry++, name++;
    return *name == '\0' && *entry == '=' ? entry + 1 : NULL;
}

char *getenv(const char *name)
{
    if (*name == '\0' || environ == NULL)
        return NULL;
    for (const char *c = name; *c != '\0'; c++)
        if (*c == '=')
            return NULL;
    for (char **entry = environ; *entry != NULL; entry++) {
        char *value = **entry == *name ? value_of(*entry, name) : NULL;
        if (value != NULL)
            return value;
    }
    return NULL;
}
