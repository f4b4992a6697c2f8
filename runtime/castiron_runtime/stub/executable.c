#include "executable.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[PATH_MAX];
static size_t length;

static const char deleted[] = " (deleted)";

/* /proc/self/exe, when there is a /proc.  The kernel marks the name of a deleted file; the name before is what we were. */
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

/* What execve was given, completed by the current folder if it is relative. */
static int from_kernel_argument(void)
{
    const char *given = (const char *)getauxval(AT_EXECFN);
    if (given == NULL || given[0] == '\0')
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
    if (argv0 == NULL || argv0[0] == '\0')
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
        strcpy(path, "/castiron-application"); /* Nobody knows: a name of its own still gives the tree a root. */
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

bool executable_is_interpreter(const char *argv0)
{
    static const char inside[] = "/bin/python";
    return argv0 != NULL && strncmp(argv0, path, length) == 0 && strncmp(argv0 + length, inside, sizeof inside - 1) == 0;
}

static const char mark[] = "_CASTIRON_EXECUTED="; /* followed by the process's number, which execve does not change */
static pid_t process;

static bool runs_us(pid_t other)
{
    char name[64];
    struct stat one, two;
    snprintf(name, sizeof name, "/proc/%ld/exe", (long)other);
    return stat(name, &one) == 0 && stat("/proc/self/exe", &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

/* The parent of a process: the second number after its name, which may hold anything, in /proc/N/stat; 0 if unknown. */
static pid_t parent_of(pid_t other)
{
    char name[64], text[512];
    snprintf(name, sizeof name, "/proc/%ld/stat", (long)other);
    FILE *file = fopen(name, "re");
    if (file == NULL)
        return 0;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    const char *after = strrchr(text, ')');
    long parent;
    return after != NULL && sscanf(after + 1, " %*c %ld", &parent) == 1 ? (pid_t)parent : 0;
}

/* Our parent, or whoever started the shell or the make that started us.  The shell of a person gives each command a process
   group of its own; that of a program does not. */
static bool is_started_by_us(void)
{
    pid_t group = getpgid(0), other = getppid();
    while (other > 1) {
        if (runs_us(other))
            return true;
        if (getpgid(other) != group)
            return false;
        other = parent_of(other);
    }
    return false;
}

bool executable_is_own_child(const char *argv0, bool ask)
{
    process = getpid();
    char expected[24];
    snprintf(expected, sizeof expected, "%ld", (long)process);
    char variable[sizeof mark];
    memcpy(variable, mark, sizeof mark - 2);
    variable[sizeof mark - 2] = '\0';
    const char *found = getenv(variable);
    bool executed = found != NULL && strcmp(found, expected) == 0;
    if (found != NULL)
        unsetenv(variable);
    if (!ask || argv0 == NULL || strcmp(argv0, path) != 0)
        return false; /* called by another name: by a person, or with arguments for the application */
    return executed || is_started_by_us();
}

bool executable_mark(char text[EXECUTABLE_MARK_SIZE])
{
    if (getpid() != process)
        return false;
    snprintf(text, EXECUTABLE_MARK_SIZE, "%s%ld", mark, (long)process);
    return true;
}
