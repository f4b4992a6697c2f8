/* The large-file interfaces: off_t has 64 bits everywhere, so they are the plain ones.  musl's headers map them, its archive no
 * longer defines them; an image asks for them by name, also through dlsym. */
#include "gnu.h"

#define LARGE(name) SAME(name##64, name)

LARGE(aio_cancel);
LARGE(aio_error);
LARGE(aio_fsync);
LARGE(aio_read);
LARGE(aio_return);
LARGE(aio_suspend);
LARGE(aio_write);
LARGE(alphasort);
LARGE(creat);
LARGE(fallocate);
LARGE(fgetpos);
LARGE(fopen);
LARGE(freopen);
LARGE(fseeko);
LARGE(fsetpos);
LARGE(fstat);
LARGE(fstatat);
LARGE(fstatfs);
LARGE(fstatvfs);
LARGE(ftello);
LARGE(ftruncate);
LARGE(getdents);
LARGE(getrlimit);
LARGE(glob);
LARGE(globfree);
LARGE(lio_listio);
LARGE(lockf);
LARGE(lseek);
LARGE(lstat);
LARGE(mkostemp);
LARGE(mkostemps);
LARGE(mkstemp);
LARGE(mkstemps);
LARGE(mmap);
LARGE(open);
LARGE(openat);
LARGE(posix_fadvise);
LARGE(posix_fallocate);
LARGE(pread);
LARGE(preadv);
LARGE(prlimit);
LARGE(pwrite);
LARGE(pwritev);
LARGE(readdir);
LARGE(scandir);
LARGE(sendfile);
LARGE(setrlimit);
LARGE(stat);
LARGE(statfs);
LARGE(statvfs);
LARGE(tmpfile);
LARGE(truncate);
LARGE(versionsort);
SAME(readdir64_r, readdir_r);
SAME(preadv64v2, preadv2);
SAME(pwritev64v2, pwritev2);
SAME(llseek, lseek);
SAME(__fseeko64, fseeko);
SAME(__ftello64, ftello);
SAME(__fstat64, fstat);
SAME(__getrlimit, getrlimit);
