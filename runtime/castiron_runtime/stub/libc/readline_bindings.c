/* readline.parse_and_bind() with the lines that programs for Linux give it.
 *
 * The module readline stands on libedit here, whose commands are others ("bind ^I rl_complete").  Programs are written for
 * GNU readline ("tab: complete", see readline(3)): such a line is put into libedit's words, any other is left to libedit.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Bytes of a sequence of keys, or of a macro's text; longer ones are left to libedit, which does not know them. */
enum { KEYS_MAX = 128 };

struct keys {
    size_t size;
    unsigned char bytes[KEYS_MAX];
};

static const struct {
    const char *gnu;
    const char *libedit;
} functions[] = {
    {"accept-line", "ed-newline"},
    {"backward-char", "ed-prev-char"},
    {"backward-delete-char", "ed-delete-prev-char"},
    {"backward-kill-word", "ed-delete-prev-word"},
    {"backward-word", "ed-prev-word"},
    {"beginning-of-line", "ed-move-to-beg"},
    {"capitalize-word", "em-capitol-case"},
    {"clear-screen", "ed-clear-screen"},
    {"complete", "rl_complete"},
    {"delete-char", "ed-delete-next-char"},
    {"downcase-word", "em-lower-case"},
    {"end-of-line", "ed-move-to-end"},
    {"forward-char", "ed-next-char"},
    {"forward-search-history", "em-inc-search-next"},
    {"forward-word", "em-next-word"},
    {"history-search-backward", "ed-search-prev-history"},
    {"history-search-forward", "ed-search-next-history"},
    {"kill-line", "ed-kill-line"},
    {"kill-whole-line", "em-kill-line"},
    {"kill-word", "em-delete-next-word"},
    {"menu-complete", "rl_complete"},
    {"next-history", "ed-next-history"},
    {"overwrite-mode", "em-toggle-overwrite"},
    {"possible-completions", "rl_complete"},
    {"previous-history", "ed-prev-history"},
    {"quoted-insert", "ed-quoted-insert"},
    {"redraw-current-line", "ed-redisplay"},
    {"reverse-search-history", "em-inc-search-prev"},
    {"self-insert", "ed-insert"},
    {"set-mark", "em-set-mark"},
    {"tab-insert", "ed-insert"},
    {"transpose-chars", "ed-transpose-chars"},
    {"undo", "vi-undo"},
    {"unix-line-discard", "vi-kill-line-prev"},
    {"unix-word-rubout", "ed-delete-prev-word"},
    {"upcase-word", "em-upper-case"},
    {"yank", "em-yank"},
};

static const struct {
    const char *name;
    unsigned char byte;
} key_names[] = {
    {"del", 0177}, {"esc", 033},    {"escape", 033}, {"lfd", '\n'},   {"newline", '\n'}, {"ret", '\r'},
    {"return", '\r'}, {"rubout", 0177}, {"space", ' '}, {"spc", ' '}, {"tab", '\t'},
};

int __real_rl_parse_and_bind(const char *line);

static const char *skip_space(const char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

/* Whether `text` starts with `word`, whatever the case. */
static bool starts(const char *text, const char *word)
{
    return strncasecmp(text, word, strlen(word)) == 0;
}

static bool add(struct keys *keys, unsigned char byte)
{
    if (keys->size == KEYS_MAX)
        return false;
    keys->bytes[keys->size++] = byte;
    return true;
}

static unsigned char control(unsigned char byte)
{
    return byte == '?' ? 0177 : byte & 037;
}

/* Read what stands between quotation marks, with its escapes; `text` is moved behind the closing one. */
static bool read_quoted(const char **text, struct keys *keys)
{
    static const char plain[] = "abdefnrtv", meant[] = "\a\b\177\033\f\n\r\t\v";
    const char *at = *text;
    const char quote = *at++;
    bool with_control = false;
    for (; *at != quote; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == 0)
            return false;
        if (byte == '\\') {
            byte = (unsigned char)*++at;
            if (byte == 0)
                return false;
            if (at[1] == '-' && (byte == 'C' || byte == 'M')) {
                at++;
                if (byte == 'C')
                    with_control = true;
                else if (!add(keys, 033))
                    return false;
                continue;
            }
            const char *letter = strchr(plain, byte);
            if (byte == 'x' && isxdigit((unsigned char)at[1])) {
                unsigned value = 0;
                for (int digits = 0; digits < 2 && isxdigit((unsigned char)at[1]); digits++) {
                    const int digit = tolower((unsigned char)*++at);
                    value = value * 16 + (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
                }
                byte = (unsigned char)value;
            } else if (byte >= '0' && byte <= '7') {
                unsigned value = byte - '0';
                for (int digits = 1; digits < 3 && at[1] >= '0' && at[1] <= '7'; digits++)
                    value = value * 8 + (unsigned)(*++at - '0');
                byte = (unsigned char)value;
            } else if (letter != NULL) {
                byte = (unsigned char)meant[letter - plain];
            }
        }
        if (!add(keys, with_control ? control(byte) : byte))
            return false;
        with_control = false;
    }
    *text = at + 1;
    return !with_control && keys->size > 0;
}

/* Read a key's name: "tab", "Control-x", "Meta-Rubout", "x"; `text` is moved to the colon behind it. */
static bool read_name(const char **text, struct keys *keys)
{
    const char *at = *text;
    bool with_control = false, with_meta = false;
    for (;;) {
        if (starts(at, "control-") || starts(at, "c-") || starts(at, "ctrl-"))
            with_control = true;
        else if (starts(at, "meta-") || starts(at, "m-"))
            with_meta = true;
        else
            break;
        at = strchr(at, '-') + 1;
    }
    unsigned char byte = (unsigned char)*at;
    size_t size = 1;
    for (size_t i = 0; i < sizeof key_names / sizeof *key_names; i++)
        if (starts(at, key_names[i].name) && !isalnum((unsigned char)at[strlen(key_names[i].name)])) {
            byte = key_names[i].byte;
            size = strlen(key_names[i].name);
        }
    if (byte == 0 || byte == ':')
        return false;
    at = skip_space(at + size);
    *text = at;
    return *at == ':' && (!with_meta || add(keys, 033)) && add(keys, with_control ? control(byte) : byte);
}

/* Write keys as libedit reads them within single quotation marks; returns where the text ends. */
static char *write_keys(char *out, const struct keys *keys)
{
    *out++ = '\'';
    for (size_t i = 0; i < keys->size; i++)
        out += sprintf(out, "\\%03o", keys->bytes[i]);
    *out++ = '\'';
    *out = 0;
    return out;
}

/* Put "KEYS: FUNCTION" or "KEYS: MACRO" into libedit's words; false if the line is no such. */
static bool translate(const char *line, char *out)
{
    struct keys keys = {0}, macro = {0};
    const char *at = line;
    if (!(*at == '"' ? read_quoted(&at, &keys) : read_name(&at, &keys)))
        return false;
    at = skip_space(at);
    if (*at != ':')
        return false;
    at = skip_space(at + 1);
    if (*at == '"' || *at == '\'') {
        if (!read_quoted(&at, &macro))
            return false;
        out = write_keys(out + sprintf(out, "bind -s "), &keys);
        *out++ = ' ';
        write_keys(out, &macro);
        return true;
    }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        const char *name = functions[i].gnu;
        if (starts(at, name) && (at[strlen(name)] == 0 || isspace((unsigned char)at[strlen(name)]))) {
            out = write_keys(out + sprintf(out, "bind "), &keys);
            sprintf(out, " %s", functions[i].libedit);
            return true;
        }
    }
    return false;
}

int __wrap_rl_parse_and_bind(const char *line)
{
    char own[2 * 4 * KEYS_MAX + 64];
    const char *text = skip_space(line);
    if (starts(text, "set ") || starts(text, "set\t")) {
        text = skip_space(text + 4);
        if (!starts(text, "editing-mode"))
            return 0; /* libedit has no other variable of readline's */
        text = skip_space(text + strlen("editing-mode"));
        return __real_rl_parse_and_bind(starts(text, "vi") ? "bind -v" : "bind -e");
    }
    return __real_rl_parse_and_bind(translate(text, own) ? own : line);
}
