/* Command lines that are meant for a Python interpreter, because a library called sys.executable. */
#ifndef CASTIRON_COMMAND_LINE_H
#define CASTIRON_COMMAND_LINE_H

#include <stdbool.h>

/* Whether the arguments are those with which multiprocessing and its relatives start a process of their own; with `any`,
 * whether they are any command (-c), module (-m), script or standard input (-) for an interpreter. */
bool command_line_is_python(int count, char **arguments, bool any);

#endif
