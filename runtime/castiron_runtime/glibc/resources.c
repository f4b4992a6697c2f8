/* What the kernel says of a process and of the machine.  glibc's structures are the kernel's; musl's are larger, with room behind
 * (struct rusage: 144 bytes and 272; struct sysinfo: 112 and 368), so these go to the kernel themselves. */
#include "gnu.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

struct timeval;
struct gnu_rusage;
struct gnu_sysinfo;

int GNU(getrusage)(int who, struct gnu_rusage *to) { return (int)syscall(SYS_getrusage, who, to); }
int GNU(sysinfo)(struct gnu_sysinfo *to) { return (int)syscall(SYS_sysinfo, to); }

/* No point of cancellation, which musl's wait4 is not, either. */
pid_t GNU(wait4)(pid_t process, int *status, int options, struct gnu_rusage *usage)
{
    return (pid_t)syscall(SYS_wait4, process, status, options, usage);
}

pid_t GNU(wait3)(int *status, int options, struct gnu_rusage *usage) { return GNU(wait4)(-1, status, options, usage); }

/* sys/timex.h: the first three members of what adjtimex tells. */
int adjtimex(void *);

struct gnu_ntptimeval {
    long seconds, microseconds;
    long largest_error, estimated_error, tai, unused[4];
};

int GNU(ntp_gettimex)(struct gnu_ntptimeval *to)
{
    long all[26] = {0}; /* struct timex, 208 bytes; modes 0: only asked */
    int state = adjtimex(all);
    to->seconds = all[9];
    to->microseconds = all[10];
    to->largest_error = all[3];
    to->estimated_error = all[4];
    to->tai = ((int *)all)[40];
    for (int i = 0; i < 4; i++)
        to->unused[i] = 0;
    return state;
}

SAME(ntp_gettime, castiron_gnu_ntp_gettimex);

int GNU(timespec_getres)(struct timespec *to, int base)
{
    if (base != 1) /* TIME_UTC */
        return 0;
    if (to)
        clock_getres(CLOCK_REALTIME, to);
    return base;
}

int GNU(dysize)(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 366 : 365; }

/* Linux took the system call away (5.5). */
int GNU(sysctl)(int *name, int count, void *old, size_t *old_size, void *new, size_t new_size)
{
    errno = ENOSYS;
    return -1;
}

SAME(__sysctl, castiron_gnu_sysctl);
