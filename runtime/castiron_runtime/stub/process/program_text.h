/* Whether the argument of -c is Python.  An application has options of its own: `-c app.cfg`, `-c 3`, `-c color=never`. */
#ifndef CASTIRON_PROGRAM_TEXT_H
#define CASTIRON_PROGRAM_TEXT_H

#include <stdbool.h>

/* Whether the text can do something as a program: it calls something, has several statements, begins like a statement that
 * does something, or divides numbers.  By its letters alone. */
bool program_text_does_something(const char *text);

/* Whether the text can be the name of a module, for -m: words with dots between them. */
bool program_text_is_module_name(const char *text);

#endif
