/* What this process is to be: the application, or an interpreter.  See docs/security.md. */
#ifndef CASTIRON_START_H
#define CASTIRON_START_H

#include <stdbool.h>

enum start_as {
    START_APPLICATION,
    START_INTERPRETER, /* for whoever starts the executable: link --children all */
    START_OWN,         /* an interpreter for a process of this program: it imports nothing but the binary's own */
    START_REFUSED,     /* a message said why */
};

struct start {
    enum start_as as;
    int skip; /* arguments before the application's own */
};

/* The exit status of a process that was refused. */
enum { START_REFUSED_STATUS = 126 };

/* Decides by what the kernel says of this process.  Call it once, early: it forgets what its parent left for it. */
struct start start_decide(int argc, char **argv);

/* What this program does when it executes itself. */
enum start_again {
    START_AGAIN_PLAINLY,
    START_AGAIN_RECORDED, /* the arguments may be meant for an interpreter, so the new image will ask where it comes from */
    START_AGAIN_FORBIDDEN, /* they are meant for one, and with raised privileges there is none */
};

/* Uses system calls alone, as it may run in a child of vfork. */
enum start_again start_again(char *const *arguments);

#endif
