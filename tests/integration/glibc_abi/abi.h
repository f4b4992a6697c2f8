/* A library as wheels have them: compiled against glibc's headers with fortification.  Each part prints what it finds; glibc's
 * answers are what the same objects print as an ordinary program. */
#ifndef GLIBC_ABI_H
#define GLIBC_ABI_H

#include <stddef.h>

void check_fortified(void);
void check_structures(void);
void check_files(void);
void check_numbers(void);
void check_strings(void);
void check_locales(void);
void check_threads(void);
void check_processes(void);
void check_mathematics(void);
void check_obstacks(void);

/* So that the compiler does not know how large something is. */
extern volatile size_t one;

#endif
