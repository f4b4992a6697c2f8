/* What glibc's malloc tells of itself and lets itself be told.  The binary's allocator is another one, which keeps none of these
 * figures and has no such settings; there are no figures to report, which is said. */
#include "gnu.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <malloc.h>
#include <unistd.h>

#define NO_FIGURES "the allocator of this binary keeps no such figures"

struct mallinfo {
    int figures[10];
};
struct mallinfo2 {
    size_t figures[10];
};

struct mallinfo GNU(mallinfo)(void)
{
    UNSUPPORTED("mallinfo", NO_FIGURES "; they are 0");
    return (struct mallinfo){{0}};
}

struct mallinfo2 GNU(mallinfo2)(void)
{
    UNSUPPORTED("mallinfo2", NO_FIGURES "; they are 0");
    return (struct mallinfo2){{0}};
}

void GNU(malloc_stats)(void) { UNSUPPORTED("malloc_stats", NO_FIGURES); }

int GNU(malloc_info)(int options, FILE *to)
{
    UNSUPPORTED("malloc_info", NO_FIGURES "; it fails");
    errno = ENOSYS;
    return -1;
}

/* 0: nothing was given back, which may be so in glibc, too.  The allocator gives pages back on its own. */
int GNU(malloc_trim)(size_t keep) { return 0; }

/* 0: not taken.  Programs set what is good for glibc's malloc, and go on without. */
int GNU(mallopt)(int setting, int value) { return 0; }

void *GNU(pvalloc)(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (size > SIZE_MAX - page) {
        errno = ENOMEM;
        return NULL;
    }
    return memalign(page, (size + page - 1) / page * page);
}

SAME(__libc_pvalloc, castiron_gnu_pvalloc);

/* Since glibc 2.34 nobody calls what programs put here. */
void *GNU(__malloc_hook), *GNU(__realloc_hook), *GNU(__free_hook), *GNU(__memalign_hook);
void *GNU(__malloc_initialize_hook), *GNU(__after_morecore_hook), *GNU(__morecore);

/* Checks of the heap by glibc's debugging library: -1, it was not active. */
int GNU(mcheck)(void (*handler)(int)) { return -1; }
int GNU(mcheck_pedantic)(void (*handler)(int)) { return -1; }
void GNU(mcheck_check_all)(void) {}
int GNU(mprobe)(void *at) { return -1; }
void GNU(mtrace)(void) { UNSUPPORTED("mtrace", "the allocator of this binary traces nothing"); }
void GNU(muntrace)(void) {}
