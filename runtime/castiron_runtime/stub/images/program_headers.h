/* The executable's own program headers, as the kernel names them. */
#ifndef CASTIRON_PROGRAM_HEADERS_H
#define CASTIRON_PROGRAM_HEADERS_H

#include <elf.h>
#include <stdint.h>
#include <sys/auxv.h>

struct program_headers {
    const Elf64_Phdr *first;
    unsigned long count;
    uintptr_t bias; /* how far the executable is from where it was linked to: 0, unless it is position-independent */
};

static inline struct program_headers program_headers(void)
{
    struct program_headers headers = {(const Elf64_Phdr *)getauxval(AT_PHDR), getauxval(AT_PHNUM), 0};
    for (unsigned long i = 0; i < headers.count; i++)
        if (headers.first[i].p_type == PT_PHDR)
            headers.bias = (uintptr_t)headers.first - headers.first[i].p_vaddr;
    return headers;
}

#endif
