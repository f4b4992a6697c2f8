#include "process/executable.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "process/privileges.h"

static char path[PATH_MAX];
static size_t length;

static const char deleted[] = " (deleted)";

/* /proc/self/exe, when there is a /proc.  The kernel marks the name of a deleted file; what stands before was its name. */
static int from_proc(void)
{
    ssize_t got = readlink("/proc/self/exe", path, sizeof path - 1);
    if (got <= 0 || path[0] != '/')
        return 0;
    path[got] = '\0';
    size_t mark = sizeof deleted - 1;
    if ((size_t)got > mark && strcmp(path + got - mark, deleted) == 0 && access(path, F_OK) != 0)
        path[got - (ssize_t)mark] = '\0';
    return 1;
}

/* What execve was given, below the working directory if it is relative; with raised privileges such a one is not trusted. */
static int from_kernel_argument(void)
{
    const char *given = (const char *)getauxval(AT_EXECFN);
    if (given == NULL || given[0] == '\0' || (privileges_raised() && given[0] != '/'))
        return 0;
    if (realpath(given, path) != NULL)
        return 1;
    size_t used = 0;
    if (given[0] != '/') {
        if (getcwd(path, sizeof path) == NULL)
            return 0;
        used = strlen(path);
        if (path[used - 1] != '/')
            path[used++] = '/';
    }
    if (used + strlen(given) >= sizeof path)
        return 0;
    strcpy(path + used, given);
    return 1;
}

static int from_search_path(const char *argv0)
{
    const char *search = getenv("PATH");
    if (privileges_raised() || argv0 == NULL || argv0[0] == '\0')
        return 0;
    if (strchr(argv0, '/') != NULL)
        return realpath(argv0, path) != NULL;
    while (search != NULL && *search != '\0') {
        const char *end = strchrnul(search, ':');
        char candidate[PATH_MAX];
        size_t size = (size_t)(end - search);
        if (size + 1 + strlen(argv0) < sizeof candidate) {
            memcpy(candidate, search, size);
            candidate[size] = '/';
            strcpy(candidate + size + 1, argv0);
            if (access(candidate, X_OK) == 0 && realpath(candidate, path) != NULL)
                return 1;
        }
        search = *end == ':' ? end + 1 : end;
    }
    return 0;
}

void executable_find(const char *argv0)
{
    if (!from_proc() && !from_kernel_argument() && !from_search_path(argv0))
        strcpy(path, "/castiron-application"); /* it cannot be found out; the tree needs a root all the same */
    length = strlen(path);
}

const char *executable_path(void)
{
    return path;
}

size_t executable_path_length(void)
{
    return length;
}

size_t executable_folder_length(void)
{
    const char *slash = strrchr(path, '/');
    return slash == path ? 1 : (size_t)(slash - path);
}

bool executable_is_called(const char *argv0)
{
    return argv0 != NULL && strcmp(argv0, path) == 0;
}

const char *executable_path_below(const char *other)
{
    return strncmp(other, path, length) == 0 && other[length] == '/' ? other + length + 1 : NULL;
}

bool executable_is_interpreter(const char *argv0)
{
    static const char interpreter[] = "bin/python";
    const char *name = argv0 == NULL ? NULL : executable_path_below(argv0);
    return name != NULL && strncmp(name, interpreter, sizeof interpreter - 1) == 0;
}
