/* Command lines that are meant for a Python interpreter, because a library called sys.executable. */
#ifndef CASTIRON_COMMAND_LINE_H
#define CASTIRON_COMMAND_LINE_H

#include <stdbool.h>

/* Who may run any command (-c), module (-m), script or standard input (-): nobody, the application's own processes, whoever
 * starts the executable. */
enum command_line_for { FOR_NOBODY, FOR_OWN, FOR_ANYBODY };

/* Whether it is worth to look who started this process, which takes a look into /proc: by the letters alone. */
bool command_line_may_be_python(int count, char **arguments);

/* Whether the arguments are those with which multiprocessing and its relatives start a process of their own, or any for an
 * interpreter that `who` may run. */
bool command_line_is_python(int count, char **arguments, enum command_line_for who);

/* [sys.executable, *sys.argv]: the position of the argument, behind options of python's, that names this executable where
 * python has the script; 0 if there is none. */
int command_line_own_script(int count, char **arguments);

#endif
