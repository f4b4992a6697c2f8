/* The end of the process. */
#ifndef CASTIRON_LEAVE_H
#define CASTIRON_LEAVE_H

#include <stdbool.h>

/* Ends the process as Py_RunMain would after the program has ended with `status`.  Unless `full`, objects are not destroyed
 * one by one if nobody could notice. */
_Noreturn void leave(int status, bool full);

#endif
