#include "process/privileges.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process/proc_file.h"

extern char **environ;

bool privileges_raised(void)
{
    return getauxval(AT_SECURE) != 0;
}

void privileges_clean_environment(void)
{
    static const char *const prefixes[] = {"_CASTIRON_", "PYTHON"};
    if (!privileges_raised() || environ == NULL)
        return;
    char **kept = environ;
    for (char **each = environ; *each != NULL; each++) {
        bool bad = false;
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
            bad = bad || strncmp(*each, prefixes[i], strlen(prefixes[i])) == 0;
        if (!bad)
            *kept++ = *each;
    }
    *kept = NULL;
}

/* A line of /proc/N/status.  Nobody can forge one: the kernel writes a line break in a process's name as two characters. */
static const char *line(const char *text, const char *label)
{
    const char *start = strstr(text, label);
    return start == NULL ? NULL : start + strlen(label);
}

bool privileges_of(long process, struct identity *identity)
{
    char text[4096];
    if (proc_file_read(process, "status", text, sizeof text) == 0)
        return false;
    const char *users = line(text, "\nUid:"), *groups = line(text, "\nGid:"), *permitted = line(text, "\nCapPrm:");
    unsigned *u = identity->users, *g = identity->groups;
    unsigned long long bits;
    if (users == NULL || groups == NULL || permitted == NULL || sscanf(users, "%u %u %u", u, u + 1, u + 2) != 3 ||
        sscanf(groups, "%u %u %u", g, g + 1, g + 2) != 3 || sscanf(permitted, "%llx", &bits) != 1)
        return false;
    identity->permitted = bits;
    return true;
}

bool privileges_are_plain(const struct identity *identity)
{
    const unsigned *u = identity->users, *g = identity->groups;
    return u[0] == u[1] && u[1] == u[2] && g[0] == g[1] && g[1] == g[2];
}

bool privileges_include(const struct identity *other, const struct identity *own)
{
    return memcmp(other->users, own->users, sizeof own->users) == 0 &&
           memcmp(other->groups, own->groups, sizeof own->groups) == 0 && (own->permitted & ~other->permitted) == 0;
}

uint64_t privileges_permitted(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, data) != 0)
        return UINT64_MAX;
    return (uint64_t)data[1].permitted << 32 | data[0].permitted;
}
