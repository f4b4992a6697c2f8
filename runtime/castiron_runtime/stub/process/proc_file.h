/* The kernel's files about a process: /proc/N/... */
#ifndef CASTIRON_PROC_FILE_H
#define CASTIRON_PROC_FILE_H

#include <stddef.h>

enum { PROC_NAME_SIZE = 48 };

/* Writes /proc/N/`name`; N is "self" for 0. */
const char *proc_file_name(long process, const char *name, char path[PROC_NAME_SIZE]);

/* Reads at most `size` - 1 bytes of /proc/N/`name`, and puts a zero byte behind them; returns how many, 0 if there are none. */
size_t proc_file_read(long process, const char *name, char *buffer, size_t size);

#endif
