/* What the files of the archive share: how stand-ins are named, and what is said of what cannot be done.
 *
 * An image that was linked against glibc has its reference NAME bound to castiron_gnu_NAME, if the archive defines that, else
 * to musl's NAME.  musl's own code and images built for musl never meet a stand-in. */
#ifndef CASTIRON_GNU_H
#define CASTIRON_GNU_H

#include <stddef.h>

#include "jump.h"

/* The stand-in for glibc's `name`. */
#define GNU(name) castiron_gnu_##name

/* SAME(name, target): glibc's `name` is musl's (or the archive's) `target`, in arguments, results and effects. */
#define SAME(name, target) CASTIRON_JUMP("castiron_gnu_" #name, #target)

/* Say once on stderr that `name` does not do what glibc's does.  `flag` is the caller's own, zero at first. */
void castiron_gnu_unsupported(int *flag, const char *name, const char *what);
#define UNSUPPORTED(name, what)                              \
    do {                                                     \
        static int told_;                                    \
        castiron_gnu_unsupported(&told_, name, what);        \
    } while (0)

/* End the program with glibc's words: "*** <what> ***: terminated". */
_Noreturn void castiron_gnu_fatal(const char *what);
/* A write beyond the end of an object that the compiler knew the size of. */
_Noreturn void castiron_gnu_overflow(void);

#endif
