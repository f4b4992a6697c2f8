#include "process/program_text.h"

#include <stddef.h>
#include <string.h>

/* Words with which a statement begins that has effects without calling anything.  An assignment has none that outlives it. */
static const char *const statements[] = {"import", "from", "raise", "assert", "del", "while", "for", "if", "try", "with"};
/* Those that are whole statements: what programs write that are to do nothing, or to fail. */
static const char *const whole[] = {"pass", "raise"};

static const char blanks[] = " \t\r\n\f";
static const char digits[] = "0123456789";

static bool is_word(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '_' || (unsigned char)letter >= 0x80;
}

static bool is_one_of(const char *const *words, size_t count, const char *text, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(words[i]) == length && strncmp(words[i], text, length) == 0)
            return true;
    return false;
}

/* What follows a number as Python writes it; NULL if there is none. */
static const char *after_number(const char *text)
{
    text += strspn(text, "+-");
    size_t size = strspn(text, digits);
    if (size == 0 || (size > 1 && text[0] == '0'))
        return NULL;
    text += size;
    return *text == '.' ? text + 1 + strspn(text + 1, digits) : text;
}

/* Numbers with operators between them, of which one divides: no other can fail, which is all that such a program can do. */
static bool is_division(const char *text, const char *end)
{
    bool divides = false;
    for (;;) {
        text = after_number(text);
        if (text == NULL)
            return false;
        text += strspn(text, blanks);
        if (text >= end)
            return divides;
        if (strchr("+-*/%", *text) == NULL)
            return false;
        divides = divides || *text == '/' || *text == '%';
        text += text[0] == text[1] && (text[0] == '*' || text[0] == '/') ? 2 : 1;
        text += strspn(text, blanks);
    }
}

bool program_text_does_something(const char *text)
{
    text += strspn(text, blanks);
    const char *end = text + strlen(text);
    while (end > text && strchr(blanks, end[-1]) != NULL)
        end--;
    size_t length = (size_t)(end - text), first = 0;
    if (is_one_of(whole, sizeof whole / sizeof *whole, text, length))
        return true;
    if (strpbrk(text, "(;") != NULL || memchr(text, '\n', length) != NULL)
        return true;
    while (first < length && is_word(text[first]))
        first++;
    bool blank_follows = first < length && strchr(blanks, text[first]) != NULL;
    return (blank_follows && is_one_of(statements, sizeof statements / sizeof *statements, text, first)) ||
           is_division(text, end);
}

bool program_text_is_module_name(const char *text)
{
    for (;;) {
        if (!is_word(*text) || strchr(digits, *text) != NULL)
            return false;
        while (is_word(*text))
            text++;
        if (*text != '.')
            return *text == '\0';
        text++;
    }
}
