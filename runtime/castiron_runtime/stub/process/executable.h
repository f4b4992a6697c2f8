/* Where this program's file is: the root of the tree in it, and sys.executable. */
#ifndef CASTIRON_EXECUTABLE_H
#define CASTIRON_EXECUTABLE_H

#include <stdbool.h>
#include <stddef.h>

/* Finds the absolute path.  Called once, before anything asks for it. */
void executable_find(const char *argv0);

/* Absolute path, without symbolic links as far as the kernel tells. */
const char *executable_path(void);
size_t executable_path_length(void);

/* Bytes of it up to the last slash: the folder. At least 1 if the executable is in "/". */
size_t executable_folder_length(void);

/* What follows the executable's path and a slash in another path; NULL if that is not below it. */
const char *executable_path_below(const char *other);

/* Whether `argv0` is the executable's path, as sys.executable is. */
bool executable_is_called(const char *argv0);

/* Whether `argv0` names an interpreter in the tree: <executable>/bin/python. */
bool executable_is_interpreter(const char *argv0);

#endif
