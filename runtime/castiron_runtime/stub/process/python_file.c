#include "process/python_file.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Source: APPNOTE.TXT 6.3.10, 4.3.12 and 4.3.16: numbers are little-endian. */
enum {
    END_SIZE = 22,      /* of the record at the end, without a comment */
    END_ENTRIES = 10,   /* how many files there are, 16 bits */
    END_DIRECTORY = 12, /* bytes of the central directory, and where it begins, 32 bits each */
    ENTRY_SIZE = 46,    /* of a file's entry in it, without name, extra field and comment */
    ENTRY_NAME = 28,    /* lengths of these three, 16 bits each */
};

static uint32_t number(const unsigned char *bytes, int count)
{
    uint32_t value = 0;
    while (count-- > 0)
        value = value << 8 | bytes[count];
    return value;
}

static bool read_at(int file, void *into, size_t size, off_t at)
{
    return pread(file, into, size, at) == (ssize_t)size;
}

/* Whether a zip archive holds a module __main__ at its top.  Archives with a comment, and those of more than 4 GiB, which
 * zipimport would take, too, are not looked into. */
static bool is_archive_with_main(int file, off_t size)
{
    unsigned char end[END_SIZE], entry[ENTRY_SIZE + sizeof "__main__.pyc" - 1];
    if (size < END_SIZE || !read_at(file, end, END_SIZE, size - END_SIZE) || memcmp(end, "PK\5\6", 4) != 0)
        return false;
    off_t begin = size - END_SIZE - (off_t)number(end + END_DIRECTORY, 4), at = begin;
    if (begin < 0)
        return false;
    for (uint32_t left = number(end + END_ENTRIES, 2); left > 0; left--) {
        if (!read_at(file, entry, ENTRY_SIZE, at) || memcmp(entry, "PK\1\2", 4) != 0)
            return false;
        uint32_t length = number(entry + ENTRY_NAME, 2);
        if ((length == strlen("__main__.py") || length == strlen("__main__.pyc")) &&
            read_at(file, entry + ENTRY_SIZE, length, at + ENTRY_SIZE) && memcmp(entry + ENTRY_SIZE, "__main__.pyc", length) == 0)
            return true;
        at += ENTRY_SIZE + length + number(entry + ENTRY_NAME + 2, 2) + number(entry + ENTRY_NAME + 4, 2);
    }
    return false;
}

static bool is_script_of_python(int file)
{
    char line[128];
    ssize_t length = pread(file, line, sizeof line - 1, 0);
    if (length < 2 || line[0] != '#' || line[1] != '!')
        return false;
    line[length] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    return strstr(line, "python") != NULL;
}

bool python_file_is_program(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return false;
    struct stat status;
    bool is_program = fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
                      (is_script_of_python(file) || is_archive_with_main(file, status.st_size));
    close(file);
    return is_program;
}
