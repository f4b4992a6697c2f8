/* Whether the program has ever had a second thread. */
#ifndef CASTIRON_THREADS_H
#define CASTIRON_THREADS_H

#include <stdbool.h>

/* It becomes true before the thread exists, and stays so. */
extern bool several_threads;

#endif
