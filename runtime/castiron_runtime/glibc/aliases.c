/* Names of glibc's for functions that musl has under another name: internal names that old headers and old programs use,
 * BSD names, names of C23. */
#include "gnu.h"

/* Files and processes. */
SAME(__close, close);
SAME(__connect, connect);
SAME(__dup2, dup2);
SAME(__fcntl, fcntl);
SAME(fcntl64, fcntl);
SAME(__fork, fork);
SAME(__getpagesize, getpagesize);
SAME(__getpgid, getpgid);
SAME(__getpid, getpid);
SAME(__gettimeofday, gettimeofday);
SAME(__nanosleep, nanosleep);
SAME(__open, open);
SAME(__open64, open);
SAME(__pipe, pipe);
SAME(__poll, poll);
SAME(__pread64, pread);
SAME(__pwrite64, pwrite);
SAME(__read, read);
SAME(__recv, recv);
SAME(__select, select);
SAME(__send, send);
SAME(__sendmmsg, sendmmsg);
SAME(__setpgid, setpgid);
SAME(__socket, socket);
SAME(__statfs, statfs);
SAME(__sysconf, sysconf);
SAME(__vfork, vfork);
SAME(__waitpid, waitpid);
SAME(__write, write);
SAME(__sbrk, sbrk);
SAME(__secure_getenv, secure_getenv);
SAME(__endmntent, endmntent);
SAME(__setmntent, setmntent);
SAME(__getmntent_r, getmntent_r);
SAME(__adjtimex, adjtimex);
SAME(ntp_adjtime, adjtimex);
SAME(__getauxval, getauxval);
SAME(timelocal, mktime);

/* Strings and characters. */
SAME(__bzero, bzero);
SAME(__ffs, ffs);
SAME(__memcmpeq, memcmp);
SAME(__mempcpy, mempcpy);
SAME(__strcasecmp, strcasecmp);
SAME(__strcasestr, strcasestr);
SAME(__strdup, strdup);
SAME(__strndup, strndup);
SAME(__strsep_g, strsep);
SAME(__strtok_r, strtok_r);
SAME(__strverscmp, strverscmp);
SAME(__mbrlen, mbrlen);
SAME(__mbrtowc, mbrtowc);
SAME(_tolower, castiron_gnu_tolower);
SAME(_toupper, castiron_gnu_toupper);
SAME(__iswctype, iswctype);
SAME(__towctrans, towctrans);

/* Streams. */
SAME(__getdelim, getdelim);
SAME(__asprintf, asprintf);
SAME(__snprintf, snprintf);
SAME(__vsnprintf, vsnprintf);
SAME(__vsscanf, vsscanf);
SAME(__vfscanf, vfscanf);
SAME(_IO_fclose, fclose);
SAME(_IO_fdopen, fdopen);
SAME(_IO_feof, feof);
SAME(_IO_ferror, ferror);
SAME(_IO_fflush, fflush);
SAME(_IO_fgets, fgets);
SAME(_IO_fopen, fopen);
SAME(_IO_fprintf, fprintf);
SAME(_IO_fputs, fputs);
SAME(_IO_fread, fread);
SAME(_IO_fwrite, fwrite);
SAME(_IO_getline, getline);
SAME(_IO_gets, gets);
SAME(_IO_popen, popen);
SAME(_IO_printf, printf);
SAME(_IO_puts, puts);
SAME(_IO_setvbuf, setvbuf);
SAME(_IO_sprintf, sprintf);
SAME(_IO_sscanf, sscanf);
SAME(_IO_ungetc, ungetc);
SAME(_IO_vfprintf, vfprintf);
SAME(_IO_vfscanf, vfscanf);
SAME(_IO_vsprintf, vsprintf);
SAME(_IO_peekc_locked, castiron_gnu_peekc);
SAME(_IO_flockfile, flockfile);
SAME(_IO_funlockfile, funlockfile);
SAME(_IO_ftrylockfile, ftrylockfile);

/* C23's scanf reads 0b under %i; musl's does not (docs/glibc-images.md). */
SAME(__isoc23_fscanf, fscanf);
SAME(__isoc23_fwscanf, fwscanf);
SAME(__isoc23_scanf, scanf);
SAME(__isoc23_sscanf, sscanf);
SAME(__isoc23_swscanf, swscanf);
SAME(__isoc23_vfscanf, vfscanf);
SAME(__isoc23_vfwscanf, vfwscanf);
SAME(__isoc23_vscanf, vscanf);
SAME(__isoc23_vsscanf, vsscanf);
SAME(__isoc23_vswscanf, vswscanf);
SAME(__isoc23_vwscanf, vwscanf);
SAME(__isoc23_wscanf, wscanf);

/* Signals. */
SAME(__sigsuspend, sigsuspend);
SAME(__sigtimedwait, sigtimedwait);
SAME(__sigaddset, sigaddset);
SAME(__sigdelset, sigdelset);
SAME(__sigismember, sigismember);
SAME(ssignal, signal);
SAME(gsignal, raise);

/* Threads. */
SAME(__sched_get_priority_max, sched_get_priority_max);
SAME(__sched_get_priority_min, sched_get_priority_min);
SAME(__sched_yield, sched_yield);
SAME(pthread_yield, sched_yield);
SAME(__pthread_mutex_init, pthread_mutex_init);
SAME(__pthread_mutexattr_init, pthread_mutexattr_init);
SAME(__pthread_mutexattr_destroy, pthread_mutexattr_destroy);
SAME(__pthread_rwlock_init, pthread_rwlock_init);
SAME(__pthread_rwlock_destroy, pthread_rwlock_destroy);
SAME(__pthread_rwlock_rdlock, pthread_rwlock_rdlock);
SAME(__pthread_rwlock_wrlock, pthread_rwlock_wrlock);
SAME(__pthread_rwlock_tryrdlock, pthread_rwlock_tryrdlock);
SAME(__pthread_rwlock_trywrlock, pthread_rwlock_trywrlock);
SAME(__pthread_rwlock_unlock, pthread_rwlock_unlock);
SAME(pthread_mutex_consistent_np, pthread_mutex_consistent);
SAME(pthread_mutexattr_getrobust_np, pthread_mutexattr_getrobust);
SAME(pthread_mutexattr_setrobust_np, pthread_mutexattr_setrobust);

/* Search trees, languages, names of hosts. */
SAME(__tdelete, tdelete);
SAME(__tfind, tfind);
SAME(__tsearch, tsearch);
SAME(__twalk, twalk);
SAME(__dcgettext, dcgettext);
SAME(__dgettext, dgettext);
SAME(__dn_comp, dn_comp);
SAME(__dn_skipname, dn_skipname);
SAME(__res_init, res_init);
SAME(__res_mkquery, res_mkquery);
SAME(__res_query, res_query);
SAME(__res_querydomain, res_querydomain);
SAME(__res_search, res_search);
SAME(__res_send, res_send);

/* Memory. */
SAME(__libc_malloc, malloc);
SAME(__libc_calloc, calloc);
SAME(__libc_realloc, realloc);
SAME(__libc_free, free);
SAME(__libc_memalign, memalign);
SAME(__libc_valloc, valloc);
SAME(cfree, free);
