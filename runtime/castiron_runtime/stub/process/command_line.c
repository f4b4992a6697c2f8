#include "process/command_line.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "payload/payload.h"
#include "process/executable.h"
#include "process/program_text.h"
#include "process/python_file.h"

/* Whether a path is a module's of the payload, which need not have its source. */
static bool is_module(const char *path)
{
    const char *in_tree = executable_path_below(path);
    size_t length = in_tree == NULL ? 0 : strlen(in_tree);
    return length > 3 && strcmp(in_tree + length - 3, ".py") == 0 && payload_module_at(in_tree) != NODE_NONE;
}

/* Whether python would run a folder.  The path is written neither to the stack, which has 5 KiB in a child of posix_spawn,
 * nor to memory of malloc, whose locks a child of vfork must not take. */
static bool has_main(const char *folder)
{
    static const char name[] = "/__main__.py";
    struct stat status;
    size_t length = strlen(folder);
    if (length + sizeof name > PATH_MAX)
        return false;
    char *path = mmap(NULL, PATH_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (path == MAP_FAILED)
        return false;
    memcpy(path, folder, length);
    memcpy(path + length, name, sizeof name);
    bool found = stat(path, &status) == 0;
    munmap(path, PATH_MAX);
    return found;
}

/* What python would run: a file with its suffix or that is a program by what it holds, a folder with a __main__.py, any file
 * after options that are python's. */
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
    return S_ISDIR(status.st_mode) ? has_main(path) : S_ISREG(status.st_mode) && python_file_is_program(path);
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
    bool ignores;      /* the environment: -E, -I */
    bool unknown;      /* and one that no interpreter has */
    int used;          /* arguments */
};

static struct option read_option(int left, char *const *arguments)
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
        read.ignores = read.ignores || *letter == 'E' || *letter == 'I';
    }
    return read;
}

static bool is_version(const char *option)
{
    return strcmp(option, "-V") == 0 || strcmp(option, "-VV") == 0 || strcmp(option, "--version") == 0;
}

bool command_line_may_be_python(int count, char *const *arguments)
{
    if (count < 2)
        return false;
    const char *first = arguments[1], *own = strrchr(executable_path(), '/') + 1;
    size_t length = strlen(first);
    if (first[0] == '-')
        return is_version(first) || !read_option(count - 1, arguments + 1).unknown;
    return strchr(first, '/') != NULL || strcmp(first, own) == 0 ||
           (length > 3 && (strstr(first + length - 4, ".py") != NULL || strcmp(first + length - 4, ".zip") == 0));
}

/* Of -c: the application itself may have an option of this name, and start itself with a file's name or a value behind it. */
static bool is_program(const char *text, enum command_line_for who)
{
    struct stat status;
    return who == FOR_ANYBODY || (stat(text, &status) != 0 && program_text_does_something(text));
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
            return is_script(arguments[i], who == FOR_ANYBODY && i > 1);
        if (arguments[i][1] == '\0')
            return true;
        struct option option = read_option(count - i, arguments + i);
        if (option.unknown)
            return false;
        if (option.what == 'c')
            return option.value != NULL && is_program(option.value, who);
        if (option.what == 'm')
            return option.value != NULL && (who == FOR_ANYBODY || program_text_is_module_name(option.value));
        interactive = interactive || option.interactive;
        i += option.used;
    }
    return interactive; /* what runs comes from standard input */
}

bool command_line_has_program(int count, char *const *arguments)
{
    for (int i = 1; i < count && arguments[i][0] == '-';) {
        if (arguments[i][1] == '\0')
            return true;
        struct option option = read_option(count - i, arguments + i);
        if (option.unknown)
            return false;
        if (option.what != 0)
            return option.value != NULL && (option.what == 'c' ? program_text_does_something(option.value)
                                                               : program_text_is_module_name(option.value));
        i += option.used;
    }
    return false;
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

bool command_line_ignores_environment(int count, char *const *arguments)
{
    for (int i = 1; i < count && arguments[i][0] == '-' && arguments[i][1] != '\0';) {
        struct option option = read_option(count - i, arguments + i);
        if (option.ignores || option.unknown || option.what != 0)
            return option.ignores;
        i += option.used;
    }
    return false;
}
