/* Pages of the executable that a start needs, mapped at once. */
#ifndef CASTIRON_PREFAULT_H
#define CASTIRON_PREFAULT_H

/* Maps the variables that have values in the file.  Where the kernel cannot (before Linux 5.14), each page is mapped when it is needed. */
void prefault_data(void);

#endif
