/* Whether this process has privileges that the one which started it has not: set-user-ID, set-group-ID, file capabilities. */
#ifndef CASTIRON_PRIVILEGES_H
#define CASTIRON_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>

/* As the kernel says when it starts a program (AT_SECURE).  Then everything that comes from outside - arguments, variables,
 * the working directory, names of the executable - may come from a user with fewer rights. */
bool privileges_raised(void);

/* Called once, before anything reads a variable: with raised privileges forgets those that this program and other Pythons
 * obey, as the dynamic linker of other programs forgets LD_*.  So neither this process nor one that it starts sees them. */
void privileges_clean_environment(void);

/* The whole identity of a process: what decides on files and signals, and what it may do besides. */
struct identity {
    unsigned users[3];  /* real, effective, saved */
    unsigned groups[3]; /* likewise */
    uint64_t permitted; /* capabilities */
};

/* Reads the identity of a process from the /proc of the kernel; 0 is this one.  False if it cannot be known. */
bool privileges_of(long process, struct identity *identity);

/* Whether real, effective and saved ones are the same. */
bool privileges_are_plain(const struct identity *identity);

/* Whether `other` is the same user and group, and may do all that `own` may. */
bool privileges_include(const struct identity *other, const struct identity *own);

/* Capabilities that this process may use, without /proc; all of them if they cannot be known. */
uint64_t privileges_permitted(void);

#endif
