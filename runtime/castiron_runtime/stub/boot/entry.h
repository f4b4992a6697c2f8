/* Runs the application. */
#ifndef CASTIRON_ENTRY_H
#define CASTIRON_ENTRY_H

/* Returns the exit status; what was raised has been shown. */
int entry_run(void);

#endif
