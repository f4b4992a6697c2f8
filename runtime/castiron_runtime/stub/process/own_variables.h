/* Which variables of Python's (PYTHONPATH, PYTHONUNBUFFERED ...) the program itself has put into the environment of a child.
 *
 * Those that the program only inherited are not obeyed (docs/compatibility.md), and handing them on makes no difference. */
#ifndef CASTIRON_OWN_VARIABLES_H
#define CASTIRON_OWN_VARIABLES_H

#include <stdbool.h>
#include <stdint.h>

/* Remembers what this process inherited; `own`: which of it the program has put there, by its record.  Called once, before
 * anything changes the environment. */
void own_variables_remember(uint32_t own);

/* Which variables of an environment are the program's own: a bit for each.  Uses system calls alone. */
uint32_t own_variables_of(char *const environment[]);

/* Whether PYTHONPATH of this process is the program's own, unless the options say that it does not count here. */
bool own_variables_name_path(void);
void own_variables_ignore_path(void);

/* Whether this process has others that are. */
bool own_variables_are_there(void);

/* Takes all of Python's variables but these others out of the environment, until they are put back. */
void own_variables_hide_inherited(void);
void own_variables_put_back(void);

#endif
