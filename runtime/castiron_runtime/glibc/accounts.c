/* Users, groups and protocols, one after the other, in the caller's memory; and who is logged in. */
#include "gnu.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Room in the caller's buffer, given out from its start. */
struct room {
    char *at;
    size_t left;
    int full;
};

static char *copy(struct room *room, const char *text)
{
    size_t size = text ? strlen(text) + 1 : 0;
    if (!text)
        return NULL;
    if (size > room->left) {
        room->full = 1;
        return NULL;
    }
    char *to = memcpy(room->at, text, size);
    room->at += size;
    room->left -= size;
    return to;
}

static char **copy_list(struct room *room, char *const *list)
{
    size_t count = 0, gap = (size_t)(-(size_t)room->at % sizeof(char *));
    while (list && list[count])
        count++;
    size_t size = gap + (count + 1) * sizeof(char *);
    if (size > room->left) {
        room->full = 1;
        return NULL;
    }
    char **to = (char **)(room->at + gap);
    room->at += size;
    room->left -= size;
    for (size_t i = 0; i < count; i++)
        to[i] = copy(room, list[i]);
    to[count] = NULL;
    return to;
}

/* ENOENT at the end, ERANGE if the buffer is too small. */
static int give_user(const struct passwd *found, struct passwd *to, struct room room, struct passwd **result)
{
    *result = NULL;
    if (!found)
        return ENOENT;
    *to = *found;
    to->pw_name = copy(&room, found->pw_name);
    to->pw_passwd = copy(&room, found->pw_passwd);
    to->pw_gecos = copy(&room, found->pw_gecos);
    to->pw_dir = copy(&room, found->pw_dir);
    to->pw_shell = copy(&room, found->pw_shell);
    if (room.full)
        return ERANGE;
    *result = to;
    return 0;
}

static int give_group(const struct group *found, struct group *to, struct room room, struct group **result)
{
    *result = NULL;
    if (!found)
        return ENOENT;
    *to = *found;
    to->gr_mem = copy_list(&room, found->gr_mem);
    to->gr_name = copy(&room, found->gr_name);
    to->gr_passwd = copy(&room, found->gr_passwd);
    if (room.full)
        return ERANGE;
    *result = to;
    return 0;
}

int GNU(getpwent_r)(struct passwd *to, char *buffer, size_t size, struct passwd **result)
{
    return give_user(getpwent(), to, (struct room){buffer, size, 0}, result);
}

int GNU(fgetpwent_r)(FILE *file, struct passwd *to, char *buffer, size_t size, struct passwd **result)
{
    return give_user(fgetpwent(file), to, (struct room){buffer, size, 0}, result);
}

int GNU(getgrent_r)(struct group *to, char *buffer, size_t size, struct group **result)
{
    return give_group(getgrent(), to, (struct room){buffer, size, 0}, result);
}

int GNU(fgetgrent_r)(FILE *file, struct group *to, char *buffer, size_t size, struct group **result)
{
    return give_group(fgetgrent(file), to, (struct room){buffer, size, 0}, result);
}

static int give_protocol(const struct protoent *found, struct protoent *to, struct room room, struct protoent **result)
{
    *result = NULL;
    if (!found)
        return 0;
    *to = *found;
    to->p_aliases = copy_list(&room, found->p_aliases);
    to->p_name = copy(&room, found->p_name);
    if (room.full)
        return ERANGE;
    *result = to;
    return 0;
}

int GNU(getprotobyname_r)(const char *name, struct protoent *to, char *buffer, size_t size, struct protoent **result)
{
    return give_protocol(getprotobyname(name), to, (struct room){buffer, size, 0}, result);
}

int GNU(getprotobynumber_r)(int number, struct protoent *to, char *buffer, size_t size, struct protoent **result)
{
    return give_protocol(getprotobynumber(number), to, (struct room){buffer, size, 0}, result);
}

/* utmp.h: glibc's records have 384 bytes, as those in the file; musl's have 400, and its functions find nothing.  What writes
 * the file (login programs) is refused. */
struct gnu_utmp {
    short type;
    int process;
    char line[32], id[4], user[32], host[256];
    short exit_status[2];
    int session;
    int seconds, microseconds;
    int address[4];
    char unused[20];
};
_Static_assert(sizeof(struct gnu_utmp) == 384, "glibc's struct utmp");

enum { RUN_LEVEL = 1, BOOT_TIME = 2, NEW_TIME = 3, OLD_TIME = 4, LOGIN_PROCESS = 6, USER_PROCESS = 7 };

static char utmp_path[256] = "/var/run/utmp";
static int utmp_fd = -1;
static struct gnu_utmp utmp_record;

void GNU(setutent)(void)
{
    if (utmp_fd >= 0)
        lseek(utmp_fd, 0, SEEK_SET);
    else
        utmp_fd = open(utmp_path, O_RDONLY | O_CLOEXEC);
}

void GNU(endutent)(void)
{
    if (utmp_fd >= 0)
        close(utmp_fd);
    utmp_fd = -1;
}

struct gnu_utmp *GNU(getutent)(void)
{
    if (utmp_fd < 0)
        GNU(setutent)();
    if (utmp_fd < 0 || read(utmp_fd, &utmp_record, sizeof utmp_record) != (ssize_t)sizeof utmp_record)
        return NULL;
    return &utmp_record;
}

struct gnu_utmp *GNU(getutid)(const struct gnu_utmp *wanted)
{
    int is_time = wanted->type >= RUN_LEVEL && wanted->type <= OLD_TIME;
    for (struct gnu_utmp *record; (record = GNU(getutent)());)
        if (is_time ? record->type == wanted->type
                    : record->type > OLD_TIME && memcmp(record->id, wanted->id, sizeof record->id) == 0)
            return record;
    errno = ESRCH;
    return NULL;
}

struct gnu_utmp *GNU(getutline)(const struct gnu_utmp *wanted)
{
    for (struct gnu_utmp *record; (record = GNU(getutent)());)
        if ((record->type == LOGIN_PROCESS || record->type == USER_PROCESS)
            && strncmp(record->line, wanted->line, sizeof record->line) == 0)
            return record;
    errno = ESRCH;
    return NULL;
}

static int give_record(struct gnu_utmp *found, struct gnu_utmp *to, struct gnu_utmp **result)
{
    *result = NULL;
    if (!found)
        return -1;
    *to = *found;
    *result = to;
    return 0;
}

int GNU(getutent_r)(struct gnu_utmp *to, struct gnu_utmp **result) { return give_record(GNU(getutent)(), to, result); }

int GNU(getutid_r)(const struct gnu_utmp *wanted, struct gnu_utmp *to, struct gnu_utmp **result)
{
    return give_record(GNU(getutid)(wanted), to, result);
}

int GNU(getutline_r)(const struct gnu_utmp *wanted, struct gnu_utmp *to, struct gnu_utmp **result)
{
    return give_record(GNU(getutline)(wanted), to, result);
}

int GNU(utmpname)(const char *path)
{
    if (strlen(path) >= sizeof utmp_path)
        return -1;
    GNU(endutent)();
    strcpy(utmp_path, path);
    return 0;
}

#define NO_RECORDS "programs in static binaries write no records of logins; it fails"

struct gnu_utmp *GNU(pututline)(const struct gnu_utmp *record)
{
    UNSUPPORTED("pututline", NO_RECORDS);
    errno = ENOSYS;
    return NULL;
}

void GNU(updwtmp)(const char *path, const struct gnu_utmp *record) { UNSUPPORTED("updwtmp", NO_RECORDS); }

SAME(setutxent, castiron_gnu_setutent);
SAME(endutxent, castiron_gnu_endutent);
SAME(getutxent, castiron_gnu_getutent);
SAME(getutxid, castiron_gnu_getutid);
SAME(getutxline, castiron_gnu_getutline);
SAME(pututxline, castiron_gnu_pututline);
SAME(updwtmpx, castiron_gnu_updwtmp);
SAME(utmpxname, castiron_gnu_utmpname);

void GNU(getutmp)(const struct gnu_utmp *from, struct gnu_utmp *to) { *to = *from; }
SAME(getutmpx, castiron_gnu_getutmp);
