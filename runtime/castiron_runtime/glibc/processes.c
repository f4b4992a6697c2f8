/* Processes, forks and what libraries ask of the program: names of glibc's that its compilers' support code needs. */
#include "gnu.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

/* What libgcc and libstdc++ ask before they leave out atomic instructions.  Python's threads come and go, so never. */
char GNU(__libc_single_threaded) = 0;

/* Set where a program runs with raised privileges. */
int GNU(__libc_enable_secure) = 0;
__attribute__((constructor)) static void ask_for_privileges(void) { GNU(__libc_enable_secure) = getauxval(AT_SECURE) != 0; }

/* Handlers of fork; those of an unloaded library would go, and nothing is unloaded. */
int GNU(__register_atfork)(void (*before)(void), void (*parent)(void), void (*child)(void), void *dso)
{
    return pthread_atfork(before, parent, child);
}

/* The statically linked part of glibc has this one under its POSIX name. */
SAME(__pthread_atfork, pthread_atfork);

/* What programs compare: that of the newest interfaces in the archive that wheels may use. */
const char *GNU(gnu_get_libc_version)(void) { return "2.40"; }

const char *GNU(gnu_get_libc_release)(void) { return "stable"; }

struct quick_exit {
    void (*function)(void *);
    void *object;
    struct quick_exit *next;
};
static struct quick_exit *quick_exit_list;
static pthread_mutex_t quick_exit_lock = PTHREAD_MUTEX_INITIALIZER;

static void run_quick_exit(void)
{
    for (;;) {
        pthread_mutex_lock(&quick_exit_lock);
        struct quick_exit *entry = quick_exit_list;
        if (entry)
            quick_exit_list = entry->next;
        pthread_mutex_unlock(&quick_exit_lock);
        if (!entry)
            return;
        entry->function(entry->object);
    }
}

static void watch_quick_exit(void) { at_quick_exit(run_quick_exit); }

int GNU(__cxa_at_quick_exit)(void (*function)(void *), void *dso)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct quick_exit *entry = malloc(sizeof *entry);
    if (!entry)
        return -1;
    pthread_mutex_lock(&quick_exit_lock);
    *entry = (struct quick_exit){function, dso, quick_exit_list};
    quick_exit_list = entry;
    pthread_mutex_unlock(&quick_exit_lock);
    pthread_once(&once, watch_quick_exit);
    return 0;
}

/* SunOS's atexit: the function gets the status, which musl's exit tells nobody. */
int GNU(on_exit)(void (*function)(int, void *), void *argument)
{
    UNSUPPORTED("on_exit", "the C library of this binary tells no exit status to such functions; it fails");
    return -1;
}

int GNU(group_member)(gid_t group)
{
    int count = getgroups(0, NULL), found = 0;
    gid_t *groups = count > 0 ? malloc((size_t)count * sizeof *groups) : NULL;
    if (groups) {
        count = getgroups(count, groups);
        for (int i = 0; i < count && !found; i++)
            found = groups[i] == group;
        free(groups);
    }
    return found;
}
