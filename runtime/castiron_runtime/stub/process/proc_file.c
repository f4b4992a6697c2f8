#include "process/proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

const char *proc_file_name(long process, const char *name, char path[PROC_NAME_SIZE])
{
    if (process == 0)
        snprintf(path, PROC_NAME_SIZE, "/proc/self/%s", name);
    else
        snprintf(path, PROC_NAME_SIZE, "/proc/%ld/%s", process, name);
    return path;
}

size_t proc_file_read(long process, const char *name, char *buffer, size_t size)
{
    char path[PROC_NAME_SIZE];
    int descriptor = open(proc_file_name(process, name, path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    size_t used = 0;
    while (descriptor >= 0 && used < size - 1) {
        ssize_t got = read(descriptor, buffer + used, size - 1 - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    if (descriptor >= 0)
        close(descriptor);
    buffer[used] = '\0';
    return used;
}
