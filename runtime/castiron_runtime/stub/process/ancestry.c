#include "process/ancestry.h"

#include <elf.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/executable.h"
#include "process/privileges.h"
#include "process/proc_file.h"

struct process {
    int parent;
    int group;
    int session;
    int terminal;   /* 0: none */
    int foreground; /* the group that the terminal listens to */
};

/* The numbers after a process's name, which may hold anything: proc_pid_stat(5). */
static bool read_process(long process, struct process *read)
{
    char text[1024];
    if (proc_file_read(process, "stat", text, sizeof text) == 0)
        return false;
    const char *after = strrchr(text, ')');
    return after != NULL && sscanf(after + 1, " %*c %d %d %d %d %d", &read->parent, &read->group, &read->session,
                                   &read->terminal, &read->foreground) == 5;
}

/* Whether a process was started with raised privileges: as its auxiliary vector says.  Yes, if that cannot be read. */
static bool is_raised(long process)
{
    Elf64_auxv_t vector[64];
    size_t size = proc_file_read(process, "auxv", (char *)vector, sizeof vector);
    for (size_t i = 0; (i + 1) * sizeof *vector <= size && vector[i].a_type != AT_NULL; i++)
        if (vector[i].a_type == AT_SECURE)
            return vector[i].a_un.a_val != 0;
    return true;
}

/* Whether the file that a process runs had the name of our executable, and was removed or replaced since. */
static bool runs_our_predecessor(long process)
{
    static const char deleted[] = " (deleted)";
    char path[PROC_NAME_SIZE], name[PATH_MAX];
    ssize_t got = readlink(proc_file_name(process, "exe", path), name, sizeof name);
    size_t length = executable_path_length();
    return got == (ssize_t)(length + sizeof deleted - 1) && memcmp(name, executable_path(), length) == 0 &&
           memcmp(name + length, deleted, sizeof deleted - 1) == 0;
}

/* An interactive shell gives each command a process group, and the terminal to that group; programs start others in their
 * own, or in sessions of their own. */
static bool is_typed(const struct process *own, const struct process *parent)
{
    return own->terminal != 0 && own->foreground == own->group && parent->group != own->group &&
           parent->session == own->session;
}

enum ancestry ancestry_find(void)
{
    struct process own, other;
    struct identity rights, theirs;
    struct stat executable, image;
    char path[PROC_NAME_SIZE];
    if (!read_process(0, &own) || !privileges_of(0, &rights) || stat(proc_file_name(0, "exe", path), &executable) != 0)
        return ANCESTRY_UNKNOWN;
    if (!privileges_are_plain(&rights))
        return ANCESTRY_STRANGER;
    bool typed = false;
    /* Process 1 adopts every process whose parent has ended, so having it as a parent proves nothing. */
    for (int at = own.parent; at > 1; at = other.parent) {
        /* A process with other rights, or a program that grants some, may do what a stranger asks of it. */
        if (!privileges_of(at, &theirs) || !privileges_include(&theirs, &rights) || !read_process(at, &other) ||
            stat(proc_file_name(at, "exe", path), &image) != 0 || (image.st_mode & (S_ISUID | S_ISGID)) != 0)
            return ANCESTRY_STRANGER;
        bool ours = image.st_dev == executable.st_dev && image.st_ino == executable.st_ino;
        if (ours && is_raised(at))
            return ANCESTRY_STRANGER;
        if (ours)
            return typed ? ANCESTRY_TYPED : ANCESTRY_OWN;
        if (runs_our_predecessor(at))
            return typed ? ANCESTRY_TYPED : ANCESTRY_REPLACED;
        typed = typed || is_typed(&own, &other);
    }
    return ANCESTRY_STRANGER;
}
