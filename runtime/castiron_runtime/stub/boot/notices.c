#include "boot/notices.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/executable.h"

bool notices_asked(int argc, char **argv)
{
    return argc == 2 && strcmp(argv[1], "--third-party-notices") == 0;
}

static void *read_at(int descriptor, size_t size, off_t offset)
{
    char *data = malloc(size + 1);
    for (size_t done = 0; data != NULL && done < size;) {
        ssize_t count = pread(descriptor, data + done, size - done, offset + (off_t)done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            free(data);
            return NULL;
        }
        done += (size_t)count;
    }
    if (data != NULL)
        data[size] = '\0';
    return data;
}

/* Sections that the program does not map are found as a debugger finds them: System V ABI, chapter 4. */
static char *read_section(int descriptor, const char *name, size_t *size)
{
    char *content = NULL;
    Elf64_Ehdr *header = read_at(descriptor, sizeof *header, 0);
    if (header == NULL || header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shstrndx >= header->e_shnum) {
        free(header);
        return NULL;
    }
    Elf64_Shdr *sections = read_at(descriptor, header->e_shnum * sizeof *sections, (off_t)header->e_shoff);
    Elf64_Shdr *strings = sections == NULL ? NULL : &sections[header->e_shstrndx];
    char *names = strings == NULL ? NULL : read_at(descriptor, strings->sh_size, (off_t)strings->sh_offset);
    for (int i = 0; names != NULL && i < header->e_shnum; i++)
        if (sections[i].sh_name < strings->sh_size && strcmp(names + sections[i].sh_name, name) == 0) {
            *size = sections[i].sh_size;
            content = read_at(descriptor, *size, (off_t)sections[i].sh_offset);
            break;
        }
    free(names);
    free(sections);
    free(header);
    return content;
}

int notices_show(void)
{
    size_t size = 0;
    int descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        descriptor = open(executable_path(), O_RDONLY | O_CLOEXEC);
    char *text = descriptor < 0 ? NULL : read_section(descriptor, ".castiron.notices", &size);
    if (text == NULL) {
        fprintf(stderr, "%s: the notices were stripped from this executable, or its file cannot be read.\n",
                executable_path());
        return 1;
    }
    bool written = fwrite(text, 1, size, stdout) == size && fflush(stdout) == 0;
    free(text);
    close(descriptor);
    return written ? 0 : 1;
}
