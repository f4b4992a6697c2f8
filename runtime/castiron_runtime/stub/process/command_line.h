/* Command lines that are meant for a Python interpreter, because a library called sys.executable. */
#ifndef CASTIRON_COMMAND_LINE_H
#define CASTIRON_COMMAND_LINE_H

#include <stdbool.h>

/* For whom: processes of the application, whose arguments may as well be the application's own; or anybody, if the executable
 * was linked to be an interpreter for all (link --children all). */
enum command_line_for { FOR_OWN, FOR_ANYBODY };

/* Whether the arguments may be for an interpreter: by their text and system calls alone, as in a child of vfork. */
bool command_line_may_be_python(int count, char *const *arguments);

/* Whether the arguments are for an interpreter. */
bool command_line_is_python(int count, char **arguments, enum command_line_for who);

/* Whether they name a program in Python whatever files there are: -c, -m, standard input.  By their text alone. */
bool command_line_has_program(int count, char *const *arguments);

/* [sys.executable, *sys.argv]: the position of the argument, behind options of python's, that names this executable where
 * python has the script; 0 if there is none. */
int command_line_own_script(int count, char **arguments);

/* Whether an interpreter's options say that Python's variables count for nothing: -E, -I. */
bool command_line_ignores_environment(int count, char *const *arguments);

#endif
