/* The resolver.  musl's has no state that a program could set: it reads /etc/resolv.conf each time.  Functions with a state ask
 * it and leave the state as it is, but for res_ninit, which says that there is one. */
#include "gnu.h"

#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <string.h>

int GNU(__res_ninit)(struct __res_state *state)
{
    /* resolv.h is the same in both, but for its flags' defaults (RES_DEFAULT). */
    memset(state, 0, sizeof *state);
    state->retrans = 5;
    state->retry = 2;
    state->options = RES_INIT | RES_RECURSE | RES_DEFNAMES | RES_DNSRCH;
    state->ndots = 1;
    return 0;
}

void GNU(__res_nclose)(struct __res_state *state) { state->options &= ~(unsigned long)RES_INIT; }
SAME(__res_iclose, castiron_gnu___res_nclose);

/* Servers of one's own would silently not be asked. */
static int has_servers(const struct __res_state *state)
{
    if (state->nscount == 0)
        return 0;
    UNSUPPORTED("res_nquery", "the resolver of this binary asks the servers of /etc/resolv.conf alone; it fails");
    h_errno = NO_RECOVERY;
    errno = ENOSYS;
    return 1;
}

int GNU(__res_nquery)(struct __res_state *state, const char *name, int class, int type, unsigned char *to, int size)
{
    return has_servers(state) ? -1 : res_query(name, class, type, to, size);
}

int GNU(__res_nsearch)(struct __res_state *state, const char *name, int class, int type, unsigned char *to, int size)
{
    return has_servers(state) ? -1 : res_search(name, class, type, to, size);
}

int GNU(__res_nsend)(struct __res_state *state, const unsigned char *query, int length, unsigned char *to, int size)
{
    return has_servers(state) ? -1 : res_send(query, length, to, size);
}

int GNU(__res_nmkquery)(struct __res_state *state, int op, const char *name, int class, int type,
    const unsigned char *data, int data_size, const unsigned char *new, unsigned char *to, int size)
{
    return res_mkquery(op, name, class, type, data, data_size, new, to, size);
}

SAME(res_ninit, castiron_gnu___res_ninit);
SAME(res_nclose, castiron_gnu___res_nclose);
SAME(res_nquery, castiron_gnu___res_nquery);
SAME(res_nsearch, castiron_gnu___res_nsearch);
SAME(res_nsend, castiron_gnu___res_nsend);
SAME(res_nmkquery, castiron_gnu___res_nmkquery);

/* Names that may stand in domains: printable, and for hosts letters, digits and hyphens inside of each part. */
int GNU(__res_dnok)(const char *name)
{
    for (; *name; name++)
        if (*name <= ' ' || *name > '~')
            return 0;
    return 1;
}

int GNU(__res_hnok)(const char *name)
{
    char before = '.';
    for (; *name; before = *name++) {
        int is_letter = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z')
            || (*name >= '0' && *name <= '9') || *name == '_';
        int is_inside = *name == '-' && before != '.' && name[1] != '.' && name[1];
        int is_dot = *name == '.' && (before != '.' || !name[1]);
        if (!is_letter && !is_inside && !is_dot)
            return 0;
    }
    return 1;
}

SAME(res_dnok, castiron_gnu___res_dnok);
SAME(res_hnok, castiron_gnu___res_hnok);

/* Asynchronous look-ups. */
int GNU(getaddrinfo_a)(int mode, void **list, int count, void *event)
{
    UNSUPPORTED("getaddrinfo_a", "the resolver of this binary does not work in the background; it fails");
    return EAI_SYSTEM;
}
