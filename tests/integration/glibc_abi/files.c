/* Files, folders and streams. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <fts.h>
#include <glob.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "abi.h"

/* Programs that were built before glibc 2.33 call these. */
int __xstat(int, const char *, struct stat *);
int __fxstatat(int, int, const char *, struct stat *, int);

static char folder[64];

static const char *at(const char *name)
{
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int by_name(const FTSENT **a, const FTSENT **b) { return strcmp((*a)->fts_name, (*b)->fts_name); }

static void walk(int options, int skip)
{
    char *roots[] = {folder, NULL};
    FTS *walk = fts_open(roots, options, by_name);
    printf("fts %#x skip %d:", options, skip);
    for (FTSENT *entry; (entry = fts_read(walk));) {
        const char *name = entry->fts_level == 0 ? "ROOT" : entry->fts_name;
        printf(" %s/%d/%d/%zu", name, entry->fts_info, entry->fts_level, strlen(entry->fts_path) - strlen(folder));
        if (entry->fts_info == FTS_F && entry->fts_statp)
            printf("=%ld", (long)entry->fts_statp->st_size);
        if (skip && entry->fts_info == FTS_D && strcmp(entry->fts_name, "a") == 0)
            fts_set(walk, entry, FTS_SKIP);
        if (skip && entry->fts_info == FTS_D && entry->fts_level == 0) {
            printf(" [");
            for (FTSENT *child = fts_children(walk, 0); child; child = child->fts_link)
                printf(" %s", child->fts_name);
            printf(" ]");
        }
    }
    printf(" end %d close %d\n", errno, fts_close(walk));
}

static void streams(void)
{
    FILE *file = fopen(at("text"), "we");
    fprintf(file, "line %d\nend", 5);
    printf("pending %zu", __fpending(file));
    printf(" close %d\n", fclose(file));
    file = fopen(at("text"), "re");
    int c, count = 0;
    while ((c = getc_unlocked(file)) != EOF)
        count += c == 'e' ? 1 : 0;
    printf("getc_unlocked %d eof %d error %d\n", count, feof_unlocked(file), ferror_unlocked(file));
    rewind(file);
    printf("after rewind eof %d first %c\n", feof_unlocked(file), getc_unlocked(file));
    ungetc('L', file);
    char *line = NULL;
    size_t size = 0;
    ssize_t length = getline(&line, &size, file);
    printf("getline %zd %s", length, line);
    fpos_t place;
    fgetpos(file, &place);
    char word[8];
    printf("scanf %d %s tell %ld\n", fscanf(file, "%7s", word), word, ftell(file));
    fsetpos(file, &place);
    printf("again %c\n", fgetc(file));
    free(line);
    fclose(file);
    char memory[32];
    file = fmemopen(memory, sizeof memory, "w");
    for (c = 'a'; c < 'f'; c++)
        putc_unlocked(c, file);
    fclose(file);
    printf("fmemopen %s\n", memory);
    char *made;
    file = open_memstream(&made, &size);
    fputs_unlocked("xyz", file);
    fwrite_unlocked("12", 1, 2, file);
    fclose(file);
    printf("open_memstream %zu %s\n", size, made);
    free(made);
}

void check_files(void)
{
    strcpy(folder, "/tmp/castiron-files-XXXXXX");
    if (!mkdtemp(folder))
        return;
    mkdir(at("a"), 0755);
    mkdir(at("a/b"), 0755);
    close(open(at("a/b/f"), O_CREAT | O_WRONLY, 0644));
    if (symlink("a", at("l")) || symlink("nowhere", at("n")))
        return;
    streams();
    struct stat status;
    printf("__xstat %d", __xstat(1, at("text"), &status));
    printf(" %ld %o", (long)status.st_size, status.st_mode & S_IFMT);
    printf(" version %d", __xstat(9, at("text"), &status));
    printf(" %d", errno == EINVAL);
    printf(" at %d", __fxstatat(1, AT_FDCWD, at("l"), &status, AT_SYMLINK_NOFOLLOW));
    printf(" %o\n", status.st_mode & S_IFMT);
    printf("stat %d lstat %d", stat(at("l"), &status), lstat(at("n"), &status));
    printf(" none %d %d\n", stat(at("n"), &status), errno);
    printf("device %u %u %d\n", major(makedev(12, 345)), minor(makedev(12, 345)), makedev(5000, 70000) == gnu_dev_makedev(5000, 70000));
    walk(FTS_PHYSICAL | FTS_NOCHDIR, 0);
    walk(FTS_LOGICAL, 0);
    walk(FTS_PHYSICAL | FTS_NOCHDIR, 1);
    walk(FTS_PHYSICAL | FTS_NOSTAT | FTS_NOCHDIR, 0);
    walk(FTS_PHYSICAL | FTS_SEEDOT | FTS_NOCHDIR, 0);
    walk(FTS_PHYSICAL | FTS_COMFOLLOW | FTS_XDEV | FTS_NOCHDIR, 0);
    char *one[] = {folder, NULL};
    errno = 0;
    printf("fts_open %d", fts_open(one, 0x10000, NULL) == NULL);
    printf(" %d\n", errno);
    glob_t found;
    printf("glob %d", glob(at("*"), GLOB_MARK, NULL, &found));
    printf(" %zu", found.gl_pathc);
    for (size_t i = 0; i < found.gl_pathc; i++)
        printf(" %s", found.gl_pathv[i] + strlen(folder));
    globfree(&found);
    printf(" none %d\n", glob("/nonexistent*", 0, NULL, &found) == GLOB_NOMATCH);
    struct dirent **names;
    int count = scandir(folder, &names, NULL, alphasort);
    printf("scandir %d", count);
    for (int i = 0; i < count; i++) {
        printf(" %s/%d", names[i]->d_name, names[i]->d_type);
        free(names[i]);
    }
    free(names);
    struct statvfs volume;
    printf(" statvfs %d", statvfs(folder, &volume));
    printf(" %lu\n", volume.f_namemax);
    printf("fnmatch %d %d %d\n", fnmatch("*.[ch]", "a.c", FNM_PERIOD), fnmatch("*", ".x", FNM_PERIOD), fnmatch("a/*", "a/b/c", FNM_PATHNAME));
    char *resolved = realpath(at("l/b"), NULL);
    printf("realpath %d\n", strcmp(resolved + strlen(folder), "/a/b"));
    free(resolved);
    unlink(at("text"));
    unlink(at("l"));
    unlink(at("n"));
    unlink(at("a/b/f"));
    rmdir(at("a/b"));
    rmdir(at("a"));
    printf("rmdir %d\n", rmdir(folder));
}
