/* sys.stdout and sys.stderr at the end of the program and at the end of the process. */
#ifndef CASTIRON_STANDARD_STREAMS_H
#define CASTIRON_STANDARD_STREAMS_H

#include <stdbool.h>

/* As CPython after it has run a file: both are flushed, so that their readers need not wait for threads that go on.  A
 * failure is not reported here, as the second attempt will fail as well.  An exception that is set stays. */
void standard_streams_flush_after_program(void);

/* As CPython when the process ends: both are flushed unless they are closed, and if sys.stdout cannot be, that is reported.
 * Returns whether all was flushed. */
bool standard_streams_flush_at_end(void);

#endif
