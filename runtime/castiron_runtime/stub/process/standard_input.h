/* Whether the standard input of a process is its own: what its parent has made for it, and not what this program was started with.
 * `python` without arguments reads its program from there. */
#ifndef CASTIRON_STANDARD_INPUT_H
#define CASTIRON_STANDARD_INPUT_H

#include <stdbool.h>

/* Remembers which file descriptor 0 is.  Called once, early. */
void standard_input_remember(void);

/* Whether descriptor 0 is another file by now, and one that can bring a program: a pipe, a plain file, or a socket within this
 * machine; not a terminal, a device, or a connection from another machine.  Uses system calls alone, as it may run in a child
 * of vfork. */
bool standard_input_is_given(void);

#endif
