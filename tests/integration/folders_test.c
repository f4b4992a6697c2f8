/* Functions that take a folder's descriptor and a path, in a binary whose tree the path leads into: the descriptor may be of
 * a folder above the executable, of the executable, of a folder of the tree, of something else, or closed. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

static int failures;

static void check(bool right, const char *what, const char *how)
{
    if (right)
        return;
    failures++;
    printf("%s: %s (%s)\n", how, what, strerror(errno));
}

/* `result` is that of a call; it must have failed with `error`. */
static bool failed(int result, int error)
{
    return result == -1 && errno == error;
}

#define CHECK(condition) check((errno = 0, (condition)), #condition, how)

static bool reads(int descriptor, const char *content)
{
    char text[64];
    ssize_t size = descriptor < 0 ? -1 : read(descriptor, text, sizeof text);
    if (descriptor >= 0)
        close(descriptor);
    return size == (ssize_t)strlen(content) && memcmp(text, content, (size_t)size) == 0;
}

static const char *joined(char *buffer, const char *prefix, const char *name)
{
    snprintf(buffer, PATH_MAX, "%s%s", prefix, name);
    return buffer;
}

/* All functions, by paths that begin with `prefix`, which leads to <executable>/app. */
static void everything(int at, const char *prefix, const char *how)
{
    char file[PATH_MAX], folder[PATH_MAX], absent[PATH_MAX], link[PATH_MAX], out[PATH_MAX];
    joined(file, prefix, "data/note.txt");
    joined(folder, prefix, "data");
    joined(absent, prefix, "data/absent");
    joined(link, prefix, "data/link.txt");
    joined(out, prefix, "../../beside.txt");

    struct stat status, other;
    struct statx extended;
    char target[64];
    CHECK(reads(openat(at, file, O_RDONLY), "note\n"));
    CHECK(reads(openat(at, link, O_RDONLY | O_CLOEXEC), "note\n"));
    CHECK(reads(openat(at, out, O_RDONLY), "beside\n"));
    CHECK(failed(openat(at, link, O_RDONLY | O_NOFOLLOW), ELOOP));
    CHECK(failed(openat(at, file, O_WRONLY), EROFS));
    CHECK(failed(openat(at, absent, O_RDONLY), ENOENT));
    CHECK(failed(openat(at, absent, O_RDWR | O_CREAT, 0600), EROFS));
    CHECK(failed(openat(at, file, O_RDONLY | O_DIRECTORY), ENOTDIR));
    CHECK(fstatat(at, file, &status, 0) == 0 && S_ISREG(status.st_mode) && status.st_size == 5);
    CHECK(fstatat(at, link, &other, 0) == 0 && other.st_ino == status.st_ino);
    CHECK(fstatat(at, link, &other, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(other.st_mode));
    CHECK(fstatat(at, folder, &other, 0) == 0 && S_ISDIR(other.st_mode));
    CHECK(failed(fstatat(at, absent, &other, 0), ENOENT));
    CHECK(statx(at, file, 0, STATX_BASIC_STATS, &extended) == 0 && extended.stx_ino == status.st_ino);
    CHECK(faccessat(at, file, R_OK, 0) == 0);
    CHECK(faccessat(at, folder, X_OK, AT_EACCESS) == 0);
    CHECK(failed(faccessat(at, file, W_OK, 0), EROFS));
    CHECK(readlinkat(at, link, target, sizeof target) == 8 && memcmp(target, "note.txt", 8) == 0);
    CHECK(failed((int)readlinkat(at, file, target, sizeof target), EINVAL));

    CHECK(failed(unlinkat(at, file, 0), EROFS));
    CHECK(failed(unlinkat(at, folder, AT_REMOVEDIR), EROFS));
    CHECK(failed(unlinkat(at, absent, 0), ENOENT));
    CHECK(failed(mkdirat(at, absent, 0700), EROFS));
    CHECK(failed(mkdirat(at, folder, 0700), EEXIST));
    CHECK(failed(mkfifoat(at, absent, 0600), EROFS));
    CHECK(failed(mknodat(at, absent, S_IFREG | 0600, 0), EROFS));
    CHECK(failed(symlinkat("x", at, absent), EROFS));
    CHECK(failed(fchmodat(at, file, 0600, 0), EROFS));
    CHECK(failed(fchownat(at, file, getuid(), getgid(), 0), EROFS));
    CHECK(failed(futimesat(at, file, NULL), EROFS));
    CHECK(failed(utimensat(at, file, NULL, 0), EROFS));
    CHECK(failed(renameat(at, file, AT_FDCWD, "taken.txt"), EROFS));
    CHECK(failed(renameat(AT_FDCWD, "beside.txt", at, absent), EROFS));
    CHECK(failed(renameat(at, absent, AT_FDCWD, "taken.txt"), ENOENT));
    CHECK(failed(linkat(at, file, AT_FDCWD, "taken.txt", 0), EXDEV));
    CHECK(failed(linkat(AT_FDCWD, "beside.txt", at, absent, 0), EROFS));

    int data = openat(at, folder, O_RDONLY | O_DIRECTORY);
    CHECK(reads(openat(data, "note.txt", O_RDONLY), "note\n"));
    DIR *stream = fdopendir(data);
    int names = 0;
    while (stream != NULL && readdir(stream) != NULL)
        names++;
    CHECK(names == 4); /* with . and .. */
    if (stream != NULL)
        closedir(stream);
}

/* What is said by AT_EMPTY_PATH, of a descriptor of the tree; and that no other function takes an empty path. */
static void without_a_path(int at, const char *how)
{
    struct stat status;
    struct statx extended;
    char target[8];
    CHECK(fstatat(at, "", &status, AT_EMPTY_PATH) == 0 && S_ISDIR(status.st_mode));
    CHECK(statx(at, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &extended) == 0 && extended.stx_ino == status.st_ino);
    CHECK(faccessat(at, "", R_OK | X_OK, AT_EMPTY_PATH) == 0);
    CHECK(failed(faccessat(at, "", W_OK, AT_EMPTY_PATH), EROFS));
    CHECK(failed(fchownat(at, "", getuid(), getgid(), AT_EMPTY_PATH), EROFS));
    CHECK(failed(utimensat(at, "", NULL, AT_EMPTY_PATH), EROFS));
    CHECK(failed(openat(at, "", O_RDONLY), ENOENT));
    CHECK(failed(openat(at, "", O_RDWR | O_CREAT, 0600), ENOENT));
    CHECK(failed(fstatat(at, "", &status, 0), ENOENT));
    CHECK(failed(statx(at, "", 0, STATX_BASIC_STATS, &extended), ENOENT));
    CHECK(failed(faccessat(at, "", R_OK, 0), ENOENT));
    CHECK(failed((int)readlinkat(at, "", target, sizeof target), ENOENT));
    CHECK(failed(mkdirat(at, "", 0700), ENOENT));
    CHECK(failed(unlinkat(at, "", 0), ENOENT));
}

/* Functions that would change what is open, of a descriptor of the tree: it is as on a read-only disk, and stays what it is. */
static void changed_open(int open_one, const char *how)
{
    struct stat before, after;
    const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    const struct timeval seconds[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    CHECK(fstat(open_one, &before) == 0);
    CHECK(failed(futimens(open_one, NULL), EROFS));
    CHECK(failed(futimens(open_one, times), EROFS));
    CHECK(failed(futimes(open_one, seconds), EROFS));
    CHECK(failed(futimesat(open_one, NULL, seconds), EROFS));
    CHECK(failed(utimensat(open_one, NULL, times, 0), EROFS));
    CHECK(failed(utimensat(open_one, "", times, AT_EMPTY_PATH), EROFS));
    CHECK(failed(fchmod(open_one, 0), EROFS));
    CHECK(failed(fchown(open_one, getuid(), getgid()), EROFS));
    CHECK(failed(fsetxattr(open_one, "user.a", "b", 1, 0), EROFS));
    CHECK(failed(fremovexattr(open_one, "user.a"), EROFS));
    CHECK(fstat(open_one, &after) == 0 && memcmp(&before, &after, sizeof before) == 0);
}

/* The same functions for what is not of the tree. */
static void changed_open_outside(const char *how)
{
    struct stat status;
    const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    const struct timeval seconds[2] = {{.tv_sec = 2}, {.tv_sec = 2}};
    int file = open("beside.txt", O_RDONLY), closed = open("/", O_RDONLY | O_DIRECTORY);
    close(closed);
    CHECK(futimens(file, times) == 0 && fstat(file, &status) == 0 && status.st_mtime == 1);
    CHECK(futimes(file, seconds) == 0 && fstat(file, &status) == 0 && status.st_mtime == 2);
    CHECK(utimensat(file, NULL, times, 0) == 0 && fstat(file, &status) == 0 && status.st_mtime == 1);
    CHECK(fchmod(file, 0640) == 0 && fstat(file, &status) == 0 && (status.st_mode & 07777) == 0640);
    CHECK(fchown(file, getuid(), getgid()) == 0);
    CHECK(failed(fremovexattr(file, "user.absent"), ENODATA) || errno == ENOTSUP);
    CHECK(failed(futimens(closed, NULL), EBADF));
    CHECK(failed(fchmod(closed, 0), EBADF));
    CHECK(failed(fchown(-1, 0, 0), EBADF));
    CHECK(failed(utimensat(AT_FDCWD, NULL, times, 0), EFAULT));
    close(file);
}

/* Descriptors that lead nowhere. */
static void nowhere(const char *how)
{
    struct stat status;
    int closed = open("/", O_RDONLY | O_DIRECTORY), file = open("beside.txt", O_RDONLY);
    close(closed);
    CHECK(failed(openat(closed, "app/data/note.txt", O_RDONLY), EBADF));
    CHECK(failed(fstatat(closed, "app", &status, 0), EBADF));
    CHECK(failed(fstatat(-1, "", &status, AT_EMPTY_PATH), EBADF));
    CHECK(failed(renameat(closed, "x", closed, "y"), EBADF));
    CHECK(failed(openat(file, "app/data/note.txt", O_RDONLY), ENOTDIR));
    CHECK(failed(mkdirat(file, "x", 0700), ENOTDIR));
    CHECK(failed(renameat(file, "x", AT_FDCWD, "y"), ENOTDIR));
    close(file);
}

/* `root` is the path of the executable, which lies in the current folder with beside.txt and with links to it. */
int check_folders(const char *root)
{
    char path[PATH_MAX];
    const char *name = strrchr(root, '/') + 1, *how = "descriptors";
    int above = open("/", O_PATH | O_DIRECTORY), around = open(".", O_RDONLY | O_DIRECTORY);
    int program = open(root, O_RDONLY);
    char by_above[PATH_MAX], by_around[PATH_MAX], absolute[PATH_MAX];
    snprintf(by_above, sizeof by_above, "%s/app/", root + 1);
    snprintf(by_around, sizeof by_around, "%s/app/", name);
    snprintf(absolute, sizeof absolute, "%s/app/", root);

    nowhere("no folder of the tree was opened");
    everything(above, by_above, "a folder far above");
    everything(around, by_around, "the folder of the executable");
    everything(around, "./folder/../link/app/", "a relative link to the executable");
    everything(around, "whole/app/", "an absolute link to the executable");
    everything(around, "inner/", "a relative link into the tree");
    everything(around, "folder/inner/", "an absolute link into the tree");
    everything(AT_FDCWD, by_around, "the current folder");
    everything(AT_FDCWD, absolute, "the whole path");
    everything(around, absolute, "the whole path, beside a descriptor");
    everything(-1, absolute, "the whole path, beside no descriptor");
    everything(program, "app/", "the executable's own descriptor");

    int tree = openat(around, name, O_RDONLY | O_DIRECTORY), app = openat(around, "inner", O_PATH);
    CHECK(tree >= 0 && app >= 0);
    everything(tree, "app/", "the tree's root");
    everything(tree, "./app/data/../", "the tree's root, and up again");
    everything(app, joined(path, "../../", by_around), "out of the tree, and in again");
    everything(app, "../../inner/", "out of the tree, and in again by a link");
    everything(around, by_around, "the folder of the executable, after one of the tree");
    without_a_path(tree, "the tree's root itself");
    int note = openat(app, "data/note.txt", O_RDONLY);
    changed_open(note, "an open file of the tree");
    changed_open(tree, "an open folder of the tree");
    changed_open_outside("an open file outside");
    CHECK(reads(note, "note\n"));
    nowhere("folders of the tree are open");

    how = "the current folder in the tree";
    CHECK(fchdir(app) == 0);
    without_a_path(AT_FDCWD, how);
    CHECK(reads(openat(AT_FDCWD, "data/note.txt", O_RDONLY), "note\n"));
    CHECK(reads(openat(AT_FDCWD, "../../inner/data/note.txt", O_RDONLY), "note\n"));
    CHECK(reads(openat(around, "beside.txt", O_RDONLY), "beside\n"));
    CHECK(fchdir(around) == 0 && chdir(root) == 0);
    CHECK(reads(openat(AT_FDCWD, "app/data/note.txt", O_RDONLY), "note\n"));
    CHECK(fchdir(around) == 0);

    how = "links that go round";
    CHECK(failed(openat(around, "round/x", O_RDONLY), ENOTDIR) || errno == ELOOP);
    how = "the executable is a file to whom would remove or replace it";
    CHECK(failed(rmdir(name), ENOTDIR));
    CHECK(failed(unlinkat(around, name, AT_REMOVEDIR), ENOTDIR));
    CHECK(failed(renameat(around, "folder", around, name), ENOTDIR));
    return failures;
}
