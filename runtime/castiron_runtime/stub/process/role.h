/* What this process is: the application, or an interpreter.  See docs/security.md. */
#ifndef CASTIRON_ROLE_H
#define CASTIRON_ROLE_H

#include <stdbool.h>

enum role_kind {
    ROLE_APPLICATION,
    ROLE_INTERPRETER,     /* for whoever starts the executable: link --children all */
    ROLE_OWN_INTERPRETER, /* for a process of this program: it imports nothing but the binary's own modules */
    ROLE_REFUSED,         /* a message said why */
};

struct role {
    enum role_kind kind;
    int skip; /* arguments before the application's own */
};

/* The exit status of a process that was refused. */
enum { ROLE_REFUSED_STATUS = 126 };

/* Decides by what the kernel says of this process.  Call it once, early: it removes what the parent left for it. */
struct role role_decide(int argc, char **argv);

/* How this program executes itself. */
enum reexec {
    REEXEC_PLAIN,
    REEXEC_RECORDED,  /* with a record: the arguments may be for an interpreter, so the new image will ask for one */
    REEXEC_READING,   /* with a record that says: no arguments, and a program for an interpreter on standard input */
    REEXEC_FORBIDDEN, /* not at all: they are for an interpreter, and with raised privileges there is none */
};

/* Of the executable by its path, as sys.executable is, whatever arguments[0] says.  Uses system calls alone, as it may run in a
 * child of vfork. */
enum reexec role_of_reexec(char *const *arguments);

#endif
