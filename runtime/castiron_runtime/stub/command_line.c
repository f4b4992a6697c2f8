#include "command_line.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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

/* What python would run: a file with its suffix, a folder with a __main__.py, any file after options that are python's. */
static bool is_script(const char *path, bool after_options)
{
    size_t length = strlen(path);
    bool named = (length > 3 && strcmp(path + length - 3, ".py") == 0) ||
                 (length > 4 && (strcmp(path + length - 4, ".pyc") == 0 || strcmp(path + length - 4, ".pyz") == 0));
    struct stat status;
    if (stat(path, &status) != 0)
        return false;
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

bool command_line_is_python(int count, char **arguments, bool any)
{
    static const char plain[] = "bBdEiIOPqRsStuvx";
    static const char unmistakable[] = "BEiIPsSu"; /* with nothing to run behind them: from standard input */
    bool interactive = false;
    if (any && count > 0 && is_called_python(arguments[0]))
        return true;
    for (int i = 1; i < count; i++) {
        const char *option = arguments[i];
        if (option[0] != '-')
            return any && is_script(option, i > 1);
        if (option[1] == '\0')
            return any;
        if (strcmp(option, "--check-hash-based-pycs") == 0) {
            i++;
            continue;
        }
        for (const char *letter = option + 1; *letter != '\0'; letter++) {
            /* The rest of the argument, or else the next one, belongs to these letters. */
            const char *value = letter[1] != '\0' ? letter + 1 : i + 1 < count ? arguments[i + 1] : NULL;
            if (*letter == 'c')
                return value != NULL && (any || is_known_command(value));
            if (*letter == 'm')
                return value != NULL && (any || is_known_module(value));
            if (*letter == 'X' || *letter == 'W') {
                i += letter[1] == '\0';
                break;
            }
            if (strchr(plain, *letter) == NULL)
                return false;
            interactive = interactive || strchr(unmistakable, *letter) != NULL;
        }
    }
    return any && interactive;
}
