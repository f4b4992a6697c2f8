#include "command_line.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "executable.h"
#include "payload.h"
#include "tree.h"

/* What these libraries run in a new interpreter; each begins so, and goes on with numbers. */
static const char *const commands[] = {
    "from multiprocessing.spawn import spawn_main; spawn_main(",
    "from multiprocessing.forkserver import main; main(",
    "from multiprocessing.resource_tracker import main;main(",
    "from billiard.spawn import spawn_main; spawn_main(",
    "from billiard.forkserver import main; main(",
    "from billiard.semaphore_tracker import main;main(",
    "from loky.backend.resource_tracker import main; main(",
    "from joblib.externals.loky.backend.resource_tracker import main; main(",
};
static const char *const modules[] = {
    "loky.backend.popen_loky_posix",
    "joblib.externals.loky.backend.popen_loky_posix",
};

static bool is_known_command(const char *text)
{
    static const char first[] = "import sys; ";
    if (strncmp(text, first, sizeof first - 1) == 0)
        text += sizeof first - 1;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strncmp(text, commands[i], strlen(commands[i])) == 0)
            return true;
    return false;
}

static bool is_known_module(const char *text)
{
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        if (strcmp(text, modules[i]) == 0)
            return true;
    return false;
}

/* Whether a path is a module's of the payload, which need not have its source. */
static bool is_module(const char *path)
{
    if (!tree_begins(path))
        return false;
    const char *inside = path + tree_root_length + 1;
    size_t length = strlen(inside);
    return length > 3 && strcmp(inside + length - 3, ".py") == 0 && payload_module_at(inside) != NODE_NONE;
}

/* What python would run: a file with its suffix, a folder with a __main__.py, any file after options that are python's. */
static bool is_script(const char *path, bool after_options)
{
    size_t length = strlen(path);
    bool named = (length > 3 && strcmp(path + length - 3, ".py") == 0) ||
                 (length > 4 && (strcmp(path + length - 4, ".pyc") == 0 || strcmp(path + length - 4, ".pyz") == 0));
    struct stat status;
    if (stat(path, &status) != 0)
        return is_module(path);
    if (named || after_options)
        return true;
    char inner[PATH_MAX];
    return S_ISDIR(status.st_mode) && snprintf(inner, sizeof inner, "%s/__main__.py", path) < (int)sizeof inner &&
           stat(inner, &status) == 0;
}

/* Called `python`, `python3` or `python3.13`, by a symbolic link to it. */
static bool is_called_python(const char *name)
{
    static const char python[] = "python";
    const char *slash = strrchr(name, '/');
    const char *base = slash != NULL ? slash + 1 : name;
    size_t size = sizeof python - 1;
    return strncmp(base, python, size) == 0 && base[size + strspn(base + size, "0123456789.")] == '\0';
}

/* Options with an argument of their own; the last of the letters in `option` that says what runs, with its value. */
struct option {
    char what;         /* 'c', 'm', or 0: only options */
    const char *value; /* of `what`; NULL if it is missing */
    bool interactive;  /* there are options that only an interpreter has */
    bool unknown;      /* and one that no interpreter has */
    int used;          /* arguments */
};

static struct option read_option(int left, char **arguments)
{
    static const char plain[] = "bBdEiIOPqRsStuvx";
    static const char unmistakable[] = "BEiIPsSu";
    struct option read = {.used = 1};
    if (strcmp(arguments[0], "--check-hash-based-pycs") == 0) {
        read.used = 2;
        return read;
    }
    for (const char *letter = arguments[0] + 1; *letter != '\0'; letter++) {
        if (strchr("cmXW", *letter) != NULL) {
            /* The rest of the argument, or else the next one, belongs to these letters. */
            read.value = letter[1] != '\0' ? letter + 1 : left > 1 ? arguments[1] : NULL;
            read.what = *letter == 'c' || *letter == 'm' ? *letter : 0;
            read.used = letter[1] != '\0' ? 1 : 2;
            return read;
        }
        if (strchr(plain, *letter) == NULL) {
            read.unknown = true;
            return read;
        }
        read.interactive = read.interactive || strchr(unmistakable, *letter) != NULL;
    }
    return read;
}

static bool is_version(const char *option)
{
    return strcmp(option, "-V") == 0 || strcmp(option, "-VV") == 0 || strcmp(option, "--version") == 0;
}

bool command_line_may_be_python(int count, char **arguments)
{
    if (count < 2)
        return false;
    const char *first = arguments[1], *own = strrchr(executable_path(), '/') + 1;
    size_t length = strlen(first);
    if (first[0] == '-')
        return is_version(first) || !read_option(count - 1, arguments + 1).unknown;
    return strchr(first, '/') != NULL || strcmp(first, own) == 0 || (length > 3 && strstr(first + length - 4, ".py") != NULL);
}

bool command_line_is_python(int count, char **arguments, enum command_line_for who)
{
    bool interactive = false;
    if (who == FOR_ANYBODY && count > 0 && is_called_python(arguments[0]))
        return true;
    if (who == FOR_OWN && count == 2 && is_version(arguments[1]))
        return true;
    for (int i = 1; i < count;) {
        if (arguments[i][0] != '-')
            return who != FOR_NOBODY && is_script(arguments[i], who == FOR_ANYBODY && i > 1);
        if (arguments[i][1] == '\0')
            return who != FOR_NOBODY;
        struct option option = read_option(count - i, arguments + i);
        if (option.unknown)
            return false;
        if (option.what == 'c')
            return option.value != NULL && (who != FOR_NOBODY || is_known_command(option.value));
        if (option.what == 'm')
            return option.value != NULL && (who != FOR_NOBODY || is_known_module(option.value));
        interactive = interactive || option.interactive;
        i += option.used;
    }
    return who != FOR_NOBODY && interactive; /* what runs comes from standard input */
}

static bool is_executable(const char *argument)
{
    const char *own = executable_path();
    struct stat one, two;
    if (strchr(argument, '/') == NULL && strcmp(argument, strrchr(own, '/') + 1) == 0)
        return true; /* as typed, and found in PATH */
    return stat(argument, &one) == 0 && stat(own, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

int command_line_own_script(int count, char **arguments)
{
    for (int i = 1; i < count;) {
        if (arguments[i][0] != '-')
            return is_executable(arguments[i]) ? i : 0;
        struct option option = read_option(count - i, arguments + i);
        if (option.unknown || option.what != 0 || arguments[i][1] == '\0')
            return 0;
        i += option.used;
    }
    return 0;
}
