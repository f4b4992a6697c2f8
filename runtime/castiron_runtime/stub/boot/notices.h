/* The notices of third parties that the link stage put into the executable, shown by the program itself. */
#ifndef CASTIRON_NOTICES_H
#define CASTIRON_NOTICES_H

#include <stdbool.h>

/* Whether the only argument is --third-party-notices. */
bool notices_asked(int argc, char **argv);

/* Writes the section `.castiron.notices` of the executable's file to standard output; returns the exit status. */
int notices_show(void);

#endif
