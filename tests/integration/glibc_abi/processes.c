/* Processes, signals, the machine. */
#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <arpa/inet.h>
#include <resolv.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "abi.h"

static sigjmp_buf back;
static void handle(int number, siginfo_t *information, void *context)
{
    ucontext_t *interrupted = context;
    printf("signal %d %d instruction %d\n", number, information->si_signo, interrupted->uc_mcontext.gregs[REG_RIP] != 0);
    siglongjmp(back, 3);
}

static int order;
static void before(void) { order = order * 10 + 1; }
static void after(void) { order = order * 10 + 2; }
static void in_child(void) { order = order * 10 + 3; }

void check_processes(void)
{
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO}, old;
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, &old);
    int jumped = sigsetjmp(back, 1);
    if (!jumped)
        raise(SIGUSR1);
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    printf("siglongjmp %d blocked %d\n", jumped, sigismember(&mask, SIGUSR1));
    sigaction(SIGUSR1, &old, NULL);
    jmp_buf state;
    volatile int times = 0;
    int value = setjmp(state);
    if (++times < 4)
        longjmp(state, times);
    printf("longjmp %d\n", value);
    int mask_bits = sigblock(sigmask(SIGUSR2));
    printf("sigblock %d %d\n", mask_bits & sigmask(SIGUSR2), sigsetmask(0) == sigmask(SIGUSR2));
    pthread_atfork(before, after, in_child);
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(order);
    waitpid(child, &status, 0);
    printf("atfork %d %d\n", order, WEXITSTATUS(status));
    char *arguments[] = {"/bin/sh", "-c", "exit 5", NULL};
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    printf("posix_spawn %d", posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments, environ));
    waitpid(child, &status, 0);
    printf(" %d\n", WEXITSTATUS(status));
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *found;
    printf("getaddrinfo %d", getaddrinfo("127.0.0.1", "80", &hints, &found));
    char host[NI_MAXHOST], service[NI_MAXSERV];
    printf(" %d", getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host, service, sizeof service, NI_NUMERICHOST | NI_NUMERICSERV));
    printf(" %s %s", host, service);
    freeaddrinfo(found);
    printf(" %d\n", getaddrinfo("not.a.number", NULL, &hints, &found) == EAI_NONAME);
    struct hostent entry, *result;
    char buffer[512];
    int error;
    printf("gethostbyname_r %d", gethostbyname_r("127.0.0.1", &entry, buffer, sizeof buffer, &result, &error));
    printf(" %d\n", result ? result->h_length : 0);
    struct __res_state resolver;
    memset(&resolver, 0, sizeof resolver);
    printf("res_ninit %d", res_ninit(&resolver));
    printf(" %d\n", (resolver.options & RES_INIT) != 0);
    res_nclose(&resolver);
    void *memory = memalign(64, 100);
    printf("memalign %d usable %d pvalloc %d\n", (int)((uintptr_t)memory % 64), malloc_usable_size(memory) >= 100, (int)((uintptr_t)pvalloc(1) % 4096));
    free(memory);
    printf("secure_getenv %d getauxval %lu random %d\n", secure_getenv("NO_SUCH_VARIABLE") == NULL, getauxval(AT_PAGESZ), getentropy(buffer, 16));
    void *callers[8];
    printf("backtrace %d\n", backtrace(callers, 8) >= 0);
    time_t when = 86400 * 365;
    struct tm parts;
    gmtime_r(&when, &parts);
    strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S%z %j", &parts);
    printf("time %s %d", buffer, strptime("2020-02-29 12:34", "%Y-%m-%d %H:%M", &parts) != NULL);
    printf(" %ld %ld\n", (long)timegm(&parts), (long)timelocal(&parts) != 0 ? 1L : 0L);
    struct timespec resolution;
    printf("timespec_getres %d\n", timespec_get(&resolution, TIME_UTC));
}
