/* Structures and numbers that differ between glibc and musl: each row of the comparison of their headers that a function touches. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <regex.h>
#include <sched.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include <utmpx.h>

#include "abi.h"

static void regular_expressions(void)
{
    regex_t regex;
    regmatch_t match[40];
    char message[64];
    printf("regcomp %d", regcomp(&regex, "(a+)(b*)c|(x)", REG_EXTENDED));
    printf(" groups %zu", regex.re_nsub);
    printf(" exec %d", regexec(&regex, "zzaabbc", 4, match, 0));
    for (int i = 0; i < 4; i++)
        printf(" %d-%d", match[i].rm_so, match[i].rm_eo);
    memset(match, 0x55, sizeof match);
    printf(" many %d %d %d", regexec(&regex, "abc", 40, match, 0), match[0].rm_eo, match[39].rm_so);
    match[0].rm_so = 3;
    match[0].rm_eo = 7;
    printf(" part %d", regexec(&regex, "aacaabbc", 4, match, REG_STARTEND));
    printf(" %d-%d\n", match[0].rm_so, match[0].rm_eo);
    printf("none %d nosub", regexec(&regex, "q", 0, NULL, 0));
    regfree(&regex);
    printf(" %d", regcomp(&regex, "^b", REG_NOSUB | REG_NEWLINE | REG_ICASE));
    printf(" %d %d\n", regexec(&regex, "a\nB", 0, NULL, 0), regexec(&regex, "a\nB", 0, NULL, REG_NOTBOL));
    regfree(&regex);
    printf("basic %d", regcomp(&regex, "\\(a\\)\\1", 0));
    printf(" %d\n", regexec(&regex, "xaa", 1, match, 0));
    regfree(&regex);
    const char *const wrong[] = {"(", "[a", "a{2,1}", "*\\"};
    for (int i = 0; i < 4; i++) {
        int error = regcomp(&regex, wrong[i], REG_EXTENDED);
        printf("%s: %d, text %d\n", wrong[i], error, regerror(error, &regex, message, sizeof message) > 1);
    }
}

static int kinds[8], levels;
static int visit(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    kinds[kind & 7]++;
    levels += place->level * 100 + place->base % 7;
    return 0;
}
static int visit_plain(const char *path, const struct stat *status, int kind)
{
    kinds[kind & 7]++;
    return 0;
}

static void walks(void)
{
    char folder[] = "/tmp/castiron-abi-XXXXXX", path[64];
    if (!mkdtemp(folder))
        return;
    snprintf(path, sizeof path, "%s/d", folder);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/d/f", folder);
    close(open(path, O_CREAT | O_WRONLY, 0644));
    snprintf(path, sizeof path, "%s/l", folder);
    if (symlink("nowhere", path))
        return;
    for (int flags = 0; flags < 4; flags++) {
        memset(kinds, levels = 0, sizeof kinds);
        int result = nftw(folder, visit, 4, (flags & 1 ? FTW_PHYS : 0) | (flags & 2 ? FTW_DEPTH : 0));
        printf("nftw %d: F %d D %d DP %d SL %d SLN %d levels %d\n", result, kinds[FTW_F], kinds[FTW_D], kinds[FTW_DP],
            kinds[FTW_SL], kinds[FTW_SLN], levels);
    }
    memset(kinds, 0, sizeof kinds);
    printf("ftw %d", ftw(folder, visit_plain, 4));
    printf(" F %d D %d\n", kinds[FTW_F], kinds[FTW_D]);
    unlink(path);
    snprintf(path, sizeof path, "%s/d/f", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/d", folder);
    rmdir(path);
    printf("rmdir %d\n", rmdir(folder));
}

/* What comes back must not be written beyond the structure. */
#define GUARDED(type)        \
    struct {                 \
        type value;          \
        unsigned char guard[64]; \
    }
static int intact(const unsigned char *guard)
{
    for (int i = 0; i < 64; i++)
        if (guard[i] != 0xa5)
            return 0;
    return 1;
}

static void kernel_structures(void)
{
    GUARDED(struct rusage) usage;
    memset(&usage, 0xa5, sizeof usage);
    printf("getrusage %d", getrusage(RUSAGE_SELF, &usage.value));
    printf(" %d %d intact %d\n", usage.value.ru_maxrss > 100, usage.value.ru_utime.tv_usec < 1000000, intact(usage.guard));
    pid_t child = fork();
    if (child == 0)
        _exit(7);
    int status;
    memset(&usage, 0xa5, sizeof usage);
    printf("wait4 %d", wait4(child, &status, 0, &usage.value) == child);
    printf(" %d intact %d\n", WEXITSTATUS(status), intact(usage.guard));
    GUARDED(struct sysinfo) information;
    memset(&information, 0xa5, sizeof information);
    printf("sysinfo %d", sysinfo(&information.value));
    printf(" %d unit %u intact %d\n", information.value.totalram > 1000, information.value.mem_unit, intact(information.guard));
    GUARDED(struct sched_param) parameter;
    memset(&parameter, 0xa5, sizeof parameter);
    printf("sched %d %d", sched_getscheduler(0), sched_getparam(0, &parameter.value));
    printf(" %d intact %d", parameter.value.sched_priority, intact(parameter.guard));
    int policy = -1;
    memset(&parameter, 0xa5, sizeof parameter);
    printf(" thread %d", pthread_getschedparam(pthread_self(), &policy, &parameter.value));
    printf(" %d %d intact %d", policy, parameter.value.sched_priority, intact(parameter.guard));
    printf(" set %d", sched_setparam(0, &parameter.value));
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    memset(&parameter, 0xa5, sizeof parameter);
    printf(" attr %d", pthread_attr_getschedparam(&attributes, &parameter.value));
    printf(" %d intact %d\n", parameter.value.sched_priority, intact(parameter.guard));
    pthread_attr_destroy(&attributes);
    sem_t semaphore;
    printf("sem_init %d", sem_init(&semaphore, 0, 2));
    int value;
    printf(" %d %d", sem_trywait(&semaphore), sem_getvalue(&semaphore, &value));
    printf(" %d\n", value);
    int id = semget(IPC_PRIVATE, 3, 0600 | IPC_CREAT);
    if (id >= 0) {
        struct semid_ds state;
        union {
            int value;
            struct semid_ds *state;
        } argument = {.state = &state};
        printf("semctl %d", semctl(id, 0, IPC_STAT, argument));
        printf(" %lu\n", (unsigned long)state.sem_nsems);
        semctl(id, 0, IPC_RMID, argument);
    }
}

static void messages(void)
{
    int ends[2], sent, received = -1;
    char in = 'x', out = 0;
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    sent = ends[0];
    struct iovec part = {&in, 1};
    union {
        char bytes[2 * CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = CMSG_SPACE(sizeof(int))};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &sent, sizeof sent);
    printf("sendmsg %zd", sendmsg(ends[0], &message, 0));
    part.iov_base = &out;
    memset(&control, 0, sizeof control);
    message.msg_controllen = sizeof control;
    printf(" recvmsg %zd", recvmsg(ends[1], &message, 0));
    header = CMSG_FIRSTHDR(&message);
    if (header)
        memcpy(&received, CMSG_DATA(header), sizeof received);
    printf(" %c %zu %d next %d\n", out, (size_t)message.msg_controllen, received > 2, CMSG_NXTHDR(&message, header) != NULL);
}

static ucontext_t outside, inside;
static char stack[65536];
static long sum;
static double fraction = 0.5;
static void routine(int a, int b, int c, int d, int e, int f, int g, int h)
{
    for (int i = 0; i < 3; i++) {
        sum += a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
        fraction *= 1.5;
        printf("in context %ld %.3f\n", sum, fraction);
        swapcontext(&inside, &outside);
    }
}

static void contexts(void)
{
    getcontext(&inside);
    inside.uc_stack.ss_sp = stack;
    inside.uc_stack.ss_size = sizeof stack;
    inside.uc_link = &outside;
    makecontext(&inside, (void (*)(void))routine, 8, 1, 2, 3, 4, 5, 6, 7, 8);
    for (int i = 0; i < 4; i++)
        swapcontext(&outside, &inside);
    static volatile int times;
    ucontext_t here;
    getcontext(&here);
    if (times++ < 2)
        setcontext(&here);
    printf("contexts %ld times %d\n", sum, times);
}

static void logins(void)
{
    struct utmpx record, *found;
    memset(&record, 0, sizeof record);
    record.ut_type = USER_PROCESS;
    record.ut_pid = 4711;
    strcpy(record.ut_line, "pts/9");
    strcpy(record.ut_user, "somebody");
    record.ut_tv.tv_sec = 1000;
    char path[] = "/tmp/castiron-utmp-XXXXXX";
    int fd = mkstemp(path);
    if (write(fd, &record, sizeof record) != sizeof record)
        return;
    close(fd);
    utmpxname(path);
    setutxent();
    found = getutxent();
    printf("utmpx %d %s %s %d %ld\n", found != NULL, found ? found->ut_line : "", found ? found->ut_user : "", found ? (int)found->ut_pid : 0,
        found ? (long)found->ut_tv.tv_sec : 0);
    printf("next %d\n", getutxent() != NULL);
    setutxent();
    printf("line %d\n", getutxline(&record) != NULL);
    endutxent();
    unlink(path);
}

/* Numbers that headers of glibc's have put into the image. */
static void numbers(void)
{
    int fd = open("/dev/null", O_RDWR | O_LARGEFILE);
    printf("O_ACCMODE %d\n", (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
    close(fd);
    pthread_key_t keys[200];
    int made = 0;
    while (made < 200 && pthread_key_create(&keys[made], NULL) == 0)
        made++;
    printf("keys %d", made);
    pthread_setspecific(keys[made - 1], &made);
    printf(" %d", pthread_getspecific(keys[made - 1]) == &made);
    while (made > 0)
        pthread_key_delete(keys[--made]);
    printf(" none %d\n", pthread_setspecific(keys[0], &made) == EINVAL);
    printf("sysconf %ld %ld %ld %ld\n", sysconf(_SC_PAGESIZE), sysconf(_SC_CLK_TCK), sysconf(_SC_IOV_MAX), sysconf(_SC_MONOTONIC_CLOCK) > 0 ? 1L : 0L);
}

void check_structures(void)
{
    regular_expressions();
    walks();
    kernel_structures();
    messages();
    contexts();
    logins();
    numbers();
}
