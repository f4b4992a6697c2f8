/* What is said of what goes wrong, and of what a static program cannot do. */
#include "gnu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* One call for the whole line: threads do not mix theirs, and nothing is allocated. */
static void say(const char *const *parts, size_t count)
{
    struct iovec pieces[8];
    for (size_t i = 0; i < count; i++)
        pieces[i] = (struct iovec){(void *)parts[i], strlen(parts[i])};
    while (writev(STDERR_FILENO, pieces, (int)count) < 0 && errno == EINTR)
        ;
}

void castiron_gnu_unsupported(int *flag, const char *name, const char *what)
{
    int saved = errno;
    if (!__atomic_exchange_n(flag, 1, __ATOMIC_RELAXED)) {
        const char *const parts[] = {"castiron: ", name, ": ", what, "\n"};
        say(parts, sizeof parts / sizeof *parts);
    }
    errno = saved;
}

_Noreturn void castiron_gnu_fatal(const char *what)
{
    const char *const parts[] = {"*** ", what, " ***: terminated\n"};
    say(parts, sizeof parts / sizeof *parts);
    abort();
}

_Noreturn void castiron_gnu_overflow(void) { castiron_gnu_fatal("buffer overflow detected"); }

_Noreturn void GNU(__chk_fail)(void) { castiron_gnu_overflow(); }
_Noreturn void GNU(__fortify_fail)(const char *what) { castiron_gnu_fatal(what); }
_Noreturn void GNU(__stack_chk_fail)(void) { castiron_gnu_fatal("stack smashing detected"); }
