/* Where this program's file is: the root of the tree inside it, and sys.executable. */
#ifndef CASTIRON_EXECUTABLE_H
#define CASTIRON_EXECUTABLE_H

#include <stdbool.h>
#include <stddef.h>

/* Finds the absolute path.  Called once, before anything else asks. */
void executable_find(const char *argv0);

/* Absolute path, without symbolic links as far as the kernel tells. */
const char *executable_path(void);
size_t executable_path_length(void);

/* Bytes of it up to the last slash: the folder. At least 1 if the executable is in "/". */
size_t executable_folder_length(void);

/* Whether `argv0` names an interpreter in the tree: <executable>/bin/python. */
bool executable_is_interpreter(const char *argv0);

/* Whether the application itself started this process by `sys.executable`: the parent, or whoever started the shell that
 * is our parent, runs this executable, or the process ran it before execve.  `argv0` is how it was called.  Call it once,
 * early: it forgets the mark that execve left.  Unless `ask`, nobody is going to use the answer, which then is no. */
bool executable_is_own_child(const char *argv0, bool ask);

/* Writes the variable for an execve that replaces this process by the executable again; false in a child of vfork, whose
 * parent tells the same. */
enum { EXECUTABLE_MARK_SIZE = 64 };
bool executable_mark(char text[EXECUTABLE_MARK_SIZE]);

#endif
