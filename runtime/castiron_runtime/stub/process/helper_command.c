#include "process/helper_command.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum rest { REST_NONE, REST_FLAG, REST_ANY };

/* In `text`, %d is a decimal number, %r what repr() writes of None, bool, int, str, list, tuple and dict of those, %k arguments by
 * name, each a value as of %r.
 *
 * Sources: multiprocessing/{spawn,forkserver,resource_tracker}.py of CPython 3.11.2, 3.13.0 and 3.13.15; billiard 4.2 to 4.3,
 * likewise named files; loky 3.4 to 3.7, backend/resource_tracker.py, which joblib brings along below another name. */
static const struct {
    const char *library;
    const char *text;
    enum rest rest; /* of the arguments */
    const char *flag;
} commands[] = {
    {"multiprocessing", "from multiprocessing.spawn import spawn_main; spawn_main(%k)", REST_FLAG, "--multiprocessing-fork"},
    {"multiprocessing", "from multiprocessing.forkserver import main; main(%d, %d, %r, **%r)", REST_NONE, NULL},
    {"multiprocessing",
     "import sys; from multiprocessing.forkserver import main; main(%d, %d, %r, sys_argv=sys.argv[1:], **%r)", REST_ANY, NULL},
    {"multiprocessing", "from multiprocessing.resource_tracker import main;main(%d)", REST_NONE, NULL},
    {"billiard", "from billiard.spawn import spawn_main; spawn_main(%k)", REST_FLAG, "--billiard-fork"},
    {"billiard", "from billiard.forkserver import main; main(%d, %d, %r, **%r)", REST_NONE, NULL},
    {"billiard", "from billiard.semaphore_tracker import main;main(%d)", REST_NONE, NULL},
    {"loky", "from loky.backend.resource_tracker import main; main(%d, %r)", REST_NONE, NULL},
    {"joblib", "from joblib.externals.loky.backend.resource_tracker import main; main(%d, %r)", REST_NONE, NULL},
};

static const struct {
    const char *library, *name;
} modules[] = {
    {"loky", "loky.backend.popen_loky_posix"},
    {"joblib", "joblib.externals.loky.backend.popen_loky_posix"},
};

/* Each of these returns what follows in the text, or NULL if that is not there; of NULL, NULL. */

static const char *word(const char *at, const char *expected)
{
    size_t length = strlen(expected);
    return at != NULL && strncmp(at, expected, length) == 0 ? at + length : NULL;
}

static const char *number(const char *at)
{
    size_t length = at == NULL ? 0 : strspn(at, "0123456789");
    return length > 0 && length < 11 ? at + length : NULL;
}

static const char *string(const char *at)
{
    char quote = *at++;
    for (; *at != '\0' && *at != quote; at++)
        if (*at == '\\' && *++at == '\0')
            return NULL;
    return *at == quote ? at + 1 : NULL;
}

static const char *value(const char *at, int depth);

static const char *items(const char *at, char closing, bool pairs, int depth)
{
    for (bool first = true; at != NULL && *at != closing; first = false) {
        if (!first)
            at = word(at, ", ");
        at = value(at, depth);
        if (pairs)
            at = value(word(at, ": "), depth);
        if (closing == ')' && first && at != NULL && at[0] == ',' && at[1] == ')')
            at++; /* the tuple of one */
    }
    return at == NULL ? NULL : at + 1;
}

static const char *value(const char *at, int depth)
{
    static const char *const constants[] = {"None", "True", "False"};
    if (at == NULL || depth == 0)
        return NULL;
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (word(at, constants[i]) != NULL)
            return word(at, constants[i]);
    switch (*at) {
    case '\'':
    case '"':
        return string(at);
    case '[':
        return items(at + 1, ']', false, depth - 1);
    case '(':
        return items(at + 1, ')', false, depth - 1);
    case '{':
        return items(at + 1, '}', true, depth - 1);
    case '-':
        return number(at + 1);
    default:
        return number(at);
    }
}

enum { DEPTH = 6 };

static const char *named_values(const char *at)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
    for (bool first = true; at != NULL; first = false) {
        if (!first)
            at = word(at, ", ");
        size_t length = at == NULL ? 0 : strspn(at, letters);
        at = length == 0 ? NULL : value(word(at + length, "="), DEPTH);
        if (at != NULL && *at == ')')
            return at;
    }
    return NULL;
}

static bool matches(const char *pattern, const char *text)
{
    while (*pattern != '\0' && text != NULL) {
        if (*pattern != '%') {
            text = *text == *pattern ? text + 1 : NULL;
            pattern++;
            continue;
        }
        text = pattern[1] == 'd' ? number(text) : pattern[1] == 'r' ? value(text, DEPTH) : named_values(text);
        pattern += 2;
    }
    return text != NULL && *text == '\0';
}

/* The options that subprocess._args_from_interpreter_flags writes. */
static int after_flags(int count, char *const *arguments)
{
    int at = 1;
    while (at < count && arguments[at][0] == '-') {
        const char *letters = arguments[at] + 1;
        if (letters[0] == 'W' && letters[1] != '\0')
            at++;
        else if (strcmp(letters, "X") == 0 && at + 1 < count)
            at += 2;
        else if (letters[0] != '\0' && letters[strspn(letters, "bBdEIOPqsSuv")] == '\0')
            at++;
        else
            break;
    }
    return at;
}

const char *helper_command(int count, char *const *arguments)
{
    int at = after_flags(count, arguments);
    if (at + 1 >= count)
        return NULL;
    const char *option = arguments[at], *given = arguments[at + 1];
    int left = count - at - 2;
    char *const *rest = arguments + at + 2;
    if (strcmp(option, "-c") == 0)
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
            if (matches(commands[i].text, given) &&
                (commands[i].rest == REST_ANY || (commands[i].rest == REST_NONE && left == 0) ||
                 (commands[i].rest == REST_FLAG && left == 1 && strcmp(rest[0], commands[i].flag) == 0)))
                return commands[i].library;
    if (strcmp(option, "-m") == 0 && left == 4 && strcmp(rest[0], "--process-name") == 0 && strcmp(rest[2], "--pipe") == 0 &&
        matches("%d", rest[3]))
        for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
            if (strcmp(given, modules[i].name) == 0)
                return modules[i].library;
    return NULL;
}
