/* Whether this process was started by one of this program: also through a shell, a make or other programs between them, which
 * hand no record on (child_record.h). */
#ifndef CASTIRON_ANCESTRY_H
#define CASTIRON_ANCESTRY_H

enum ancestry {
    ANCESTRY_STRANGER, /* not by this program, as far as the kernel shows */
    ANCESTRY_OWN,      /* by a process of this program, with the same rights */
    ANCESTRY_TYPED,    /* likewise, but by a command that a person typed in a shell */
    ANCESTRY_REPLACED, /* by a process of a program that had this executable's name, until another file took it */
    ANCESTRY_UNKNOWN,  /* there is no /proc to look into */
};

/* Walks from parent to parent, as far as they have the rights of this process. */
enum ancestry ancestry_find(void);

#endif
