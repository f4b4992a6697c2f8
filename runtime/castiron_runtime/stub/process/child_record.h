/* How a process that executes this program again tells the new image that it was this program.
 *
 * The process that becomes the child - after fork, change of user, setsid, chroot - writes a record into a sealed memfd and says
 * its number in a variable.  What the new image believes of it is what the kernel says: the seals (nobody can change the
 * record), the owner of the memfd (the user who the process was) and the number of the process, which execve does not
 * change.  So neither a variable nor a descriptor that is inherited further shows anything, and it works without /proc.
 */
#ifndef CASTIRON_CHILD_RECORD_H
#define CASTIRON_CHILD_RECORD_H

#include <stdbool.h>

/* The variable, with the number of a descriptor. */
enum { CHILD_RECORD_SIZE = sizeof "_CASTIRON_CHILD=" + 10 };

/* Whether the entry of an environment is this variable. */
bool child_record_is_variable(const char *entry);

/* Makes the record of this process, which executes the program with `environment`, and writes the variable that goes with it.
 * Returns the descriptor, to be closed if execve
 * fails; or -1 if the kernel makes no such files, and then the variable says that.  Uses nothing but system calls: it may
 * run in a child of vfork, on a small stack. */
int child_record_make(char variable[CHILD_RECORD_SIZE], char *const environment[]);

enum child_record {
    CHILD_RECORD_ABSENT,  /* there is no such variable */
    CHILD_RECORD_WORTHLESS, /* there is one, and it shows nothing */
    CHILD_RECORD_OTHER,   /* this process was another version of this program, or another one */
    CHILD_RECORD_OWN,     /* it was this program */
};

/* Looks at the record of this process, closes it and forgets the variable.  Called once. */
enum child_record child_record_take(void);

/* Whether PYTHONPATH is what this program itself has put into the environment of this process, by what its record says: folders
 * that it names on purpose.  What it inherited it hands on, and that shows nothing. */
bool child_record_names_path(void);

#endif
