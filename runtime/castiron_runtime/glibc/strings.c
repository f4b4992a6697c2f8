/* Strings and errors' texts where glibc has more functions than musl, or others of the same name. */
#include "gnu.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

/* glibc's basename (string.h) writes nothing, and is empty behind a final slash; POSIX's is __xpg_basename. */
char *GNU(basename)(const char *path)
{
    char *slash = strrchr(path, '/');
    return slash ? slash + 1 : (char *)path;
}

void *GNU(rawmemchr)(const void *from, int byte)
{
    const unsigned char *at = from;
    if ((unsigned char)byte == 0)
        return (void *)(at + strlen(from));
    while (*at != (unsigned char)byte)
        at++;
    return (void *)at;
}

SAME(__rawmemchr, castiron_gnu_rawmemchr);

void *GNU(memfrob)(void *at, size_t n)
{
    for (unsigned char *byte = at; n-- > 0; byte++)
        *byte ^= 42;
    return at;
}

wchar_t *GNU(wcschrnul)(const wchar_t *text, wchar_t c)
{
    while (*text && *text != c)
        text++;
    return (wchar_t *)text;
}

/* GNU's strerror_r returns the text; only an unknown number needs the caller's buffer. */
char *GNU(strerror_r)(int number, char *buffer, size_t size)
{
    char *text = strerror(number);
    if (size == 0)
        return text;
    size_t length = strlen(text);
    if (length >= size)
        length = size - 1;
    memcpy(buffer, text, length);
    buffer[length] = '\0';
    return buffer;
}

SAME(__strerror_r, castiron_gnu_strerror_r);

const char *GNU(strerrordesc_np)(int number)
{
    static const char unknown[] = "No error information";
    const char *text = strerror(number);
    return number != 0 && strcmp(text, unknown) == 0 ? NULL : text;
}

static const struct {
    int number;
    const char *name;
} error_names[] = {
#define NAME(name) {name, #name}
    NAME(EPERM), NAME(ENOENT), NAME(ESRCH), NAME(EINTR), NAME(EIO), NAME(ENXIO), NAME(E2BIG), NAME(ENOEXEC),
    NAME(EBADF), NAME(ECHILD), NAME(EAGAIN), NAME(ENOMEM), NAME(EACCES), NAME(EFAULT), NAME(ENOTBLK), NAME(EBUSY),
    NAME(EEXIST), NAME(EXDEV), NAME(ENODEV), NAME(ENOTDIR), NAME(EISDIR), NAME(EINVAL), NAME(ENFILE), NAME(EMFILE),
    NAME(ENOTTY), NAME(ETXTBSY), NAME(EFBIG), NAME(ENOSPC), NAME(ESPIPE), NAME(EROFS), NAME(EMLINK), NAME(EPIPE),
    NAME(EDOM), NAME(ERANGE), NAME(EDEADLK), NAME(ENAMETOOLONG), NAME(ENOLCK), NAME(ENOSYS), NAME(ENOTEMPTY),
    NAME(ELOOP), NAME(ENOMSG), NAME(EIDRM), NAME(ECHRNG), NAME(EL2NSYNC), NAME(EL3HLT), NAME(EL3RST), NAME(ELNRNG),
    NAME(EUNATCH), NAME(ENOCSI), NAME(EL2HLT), NAME(EBADE), NAME(EBADR), NAME(EXFULL), NAME(ENOANO), NAME(EBADRQC),
    NAME(EBADSLT), NAME(EBFONT), NAME(ENOSTR), NAME(ENODATA), NAME(ETIME), NAME(ENOSR), NAME(ENONET), NAME(ENOPKG),
    NAME(EREMOTE), NAME(ENOLINK), NAME(EADV), NAME(ESRMNT), NAME(ECOMM), NAME(EPROTO), NAME(EMULTIHOP),
    NAME(EDOTDOT), NAME(EBADMSG), NAME(EOVERFLOW), NAME(ENOTUNIQ), NAME(EBADFD), NAME(EREMCHG), NAME(ELIBACC),
    NAME(ELIBBAD), NAME(ELIBSCN), NAME(ELIBMAX), NAME(ELIBEXEC), NAME(EILSEQ), NAME(ERESTART), NAME(ESTRPIPE),
    NAME(EUSERS), NAME(ENOTSOCK), NAME(EDESTADDRREQ), NAME(EMSGSIZE), NAME(EPROTOTYPE), NAME(ENOPROTOOPT),
    NAME(EPROTONOSUPPORT), NAME(ESOCKTNOSUPPORT), {EOPNOTSUPP, "ENOTSUP"}, NAME(EPFNOSUPPORT), NAME(EAFNOSUPPORT),
    NAME(EADDRINUSE), NAME(EADDRNOTAVAIL), NAME(ENETDOWN), NAME(ENETUNREACH), NAME(ENETRESET), NAME(ECONNABORTED),
    NAME(ECONNRESET), NAME(ENOBUFS), NAME(EISCONN), NAME(ENOTCONN), NAME(ESHUTDOWN), NAME(ETOOMANYREFS),
    NAME(ETIMEDOUT), NAME(ECONNREFUSED), NAME(EHOSTDOWN), NAME(EHOSTUNREACH), NAME(EALREADY), NAME(EINPROGRESS),
    NAME(ESTALE), NAME(EUCLEAN), NAME(ENOTNAM), NAME(ENAVAIL), NAME(EISNAM), NAME(EREMOTEIO), NAME(EDQUOT),
    NAME(ENOMEDIUM), NAME(EMEDIUMTYPE), NAME(ECANCELED), NAME(ENOKEY), NAME(EKEYEXPIRED), NAME(EKEYREVOKED),
    NAME(EKEYREJECTED), NAME(EOWNERDEAD), NAME(ENOTRECOVERABLE), NAME(ERFKILL), NAME(EHWPOISON),
#undef NAME
};

const char *GNU(strerrorname_np)(int number)
{
    if (number == 0)
        return "0";
    for (size_t i = 0; i < sizeof error_names / sizeof *error_names; i++)
        if (error_names[i].number == number)
            return error_names[i].name;
    return NULL;
}

/* glibc keeps the lowest two of its own real-time signals, musl three. */
const char *GNU(sigabbrev_np)(int number)
{
    static const char *const names[] = {
        [SIGHUP] = "HUP", [SIGINT] = "INT", [SIGQUIT] = "QUIT", [SIGILL] = "ILL", [SIGTRAP] = "TRAP",
        [SIGABRT] = "ABRT", [SIGBUS] = "BUS", [SIGFPE] = "FPE", [SIGKILL] = "KILL", [SIGUSR1] = "USR1",
        [SIGSEGV] = "SEGV", [SIGUSR2] = "USR2", [SIGPIPE] = "PIPE", [SIGALRM] = "ALRM", [SIGTERM] = "TERM",
        [SIGSTKFLT] = "STKFLT", [SIGCHLD] = "CHLD", [SIGCONT] = "CONT", [SIGSTOP] = "STOP", [SIGTSTP] = "TSTP",
        [SIGTTIN] = "TTIN", [SIGTTOU] = "TTOU", [SIGURG] = "URG", [SIGXCPU] = "XCPU", [SIGXFSZ] = "XFSZ",
        [SIGVTALRM] = "VTALRM", [SIGPROF] = "PROF", [SIGWINCH] = "WINCH", [SIGPOLL] = "POLL", [SIGPWR] = "PWR",
        [SIGSYS] = "SYS",
    };
    return number > 0 && (size_t)number < sizeof names / sizeof *names ? names[number] : NULL;
}

const char *GNU(sigdescr_np)(int number) { return GNU(sigabbrev_np)(number) ? strsignal(number) : NULL; }

char *GNU(strfry)(char *text)
{
    size_t length = strlen(text);
    unsigned state = (unsigned)(uintptr_t)text ^ (unsigned)clock();
    for (size_t i = length; i > 1; i--) {
        size_t other = (size_t)rand_r(&state) % i;
        char kept = text[i - 1];
        text[i - 1] = text[other];
        text[other] = kept;
    }
    return text;
}
