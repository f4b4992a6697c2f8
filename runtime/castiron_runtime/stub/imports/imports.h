/* The import system: what main.c asks of it. */
#ifndef CASTIRON_IMPORTS_H
#define CASTIRON_IMPORTS_H

/* Makes modules of the payload importable.  Between core and main initialisation of the main interpreter. */
int imports_install(void);

/* After main initialisation. */
int imports_finish(void);

#endif
