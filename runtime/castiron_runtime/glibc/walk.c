/* ftw and nftw.  glibc counts the kinds of what is found from 0, musl from 1.  Functions of the caller get no argument of their own,
 * so the walk's is kept for the thread; a walk may start another one. */
#include "gnu.h"

#include <ftw.h>
#include <sys/stat.h>

typedef int nftw_visitor(const char *, const struct stat *, int, struct FTW *);
typedef int ftw_visitor(const char *, const struct stat *, int);

static _Thread_local nftw_visitor *nftw_current;
static _Thread_local ftw_visitor *ftw_current;

enum {
    GNU_ACTION_RETURN = 16,
    /* What a visitor then returns. */
    GNU_CONTINUE = 0,
    GNU_STOP = 1,
};

static _Thread_local int has_actions;

static int nftw_step(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    int result = nftw_current(path, status, kind - FTW_F, place);
    if (has_actions && result != GNU_CONTINUE && result != GNU_STOP) {
        UNSUPPORTED("nftw", "the C library of this binary can skip neither folders nor what is beside (FTW_ACTIONRETVAL); it stops");
        return -1;
    }
    return result;
}

int GNU(nftw)(const char *path, nftw_visitor *visitor, int descriptors, int flags)
{
    nftw_visitor *outer = nftw_current;
    int outer_actions = has_actions;
    nftw_current = visitor;
    has_actions = (flags & GNU_ACTION_RETURN) != 0;
    int result = nftw(path, nftw_step, descriptors, flags & ~GNU_ACTION_RETURN);
    nftw_current = outer;
    has_actions = outer_actions;
    return result;
}

static int ftw_step(const char *path, const struct stat *status, int kind)
{
    return ftw_current(path, status, kind - FTW_F);
}

int GNU(ftw)(const char *path, ftw_visitor *visitor, int descriptors)
{
    ftw_visitor *outer = ftw_current;
    ftw_current = visitor;
    int result = ftw(path, ftw_step, descriptors);
    ftw_current = outer;
    return result;
}

SAME(nftw64, castiron_gnu_nftw);
SAME(ftw64, castiron_gnu_ftw);
