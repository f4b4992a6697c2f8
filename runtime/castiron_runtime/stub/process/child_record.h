/* How a process that executes this program again tells the new image that it was this program.
 *
 * The process that becomes the child - after fork, change of user, setsid, chroot - writes a record into a sealed memfd and
 * passes the descriptor's number in a variable.  The new image trusts what the kernel says of it: the seals (the record cannot
 * be changed), the owner of the memfd (the user of the process that made it) and the process ID, which execve does not
 * change.  So a variable or a descriptor that is inherited further proves nothing, and no /proc is needed.
 */
#ifndef CASTIRON_CHILD_RECORD_H
#define CASTIRON_CHILD_RECORD_H

#include <stdbool.h>

/* The variable, with the number of a descriptor. */
enum { CHILD_RECORD_SIZE = sizeof "_CASTIRON_CHILD=" + 10 };

/* Whether the entry of an environment is this variable. */
bool child_record_is_variable(const char *entry);

/* Makes the record of this process, which executes the program with `environment`, and writes the variable that goes with it.
 * `reads_program`: it is to be an interpreter that reads a program from standard input, though it has no arguments.  Returns the descriptor, to be closed if execve fails; -1 if the kernel makes no such files, which the variable then says.
 * Uses system calls alone, as it may run in a child of vfork, on a small stack. */
int child_record_make(char variable[CHILD_RECORD_SIZE], char *const environment[], bool reads_program);

enum child_record {
    CHILD_RECORD_ABSENT,  /* there is no such variable */
    CHILD_RECORD_WORTHLESS, /* there is one, and it shows nothing */
    CHILD_RECORD_OTHER,   /* this process was another version of this program, or another one */
    CHILD_RECORD_OWN,     /* it was this program */
};

/* Looks at the record of this process, closes it and forgets the variable; own_variables.h has what it says of the
 * environment.  Called once. */
enum child_record child_record_take(void);

/* Whether the record asks for an interpreter that reads its program from standard input. */
bool child_record_reads_program(void);

#endif
