/* A dynamic loader makes PT_GNU_RELRO read-only after it has relocated a file.  A static executable has no loader, and
 * neither musl's start files nor the kernel do it: the tables of function pointers there would stay writable. */
#include "images/relro.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "images/program_headers.h"

#define PAGE ((uintptr_t)CASTIRON_PAGE_SIZE)

bool relro_protect(void)
{
    struct program_headers program = program_headers();
    for (unsigned long i = 0; i < program.count; i++) {
        const Elf64_Phdr *header = &program.first[i];
        if (header->p_type != PT_GNU_RELRO)
            continue;
        uintptr_t start = (program.bias + header->p_vaddr) & -PAGE;
        uintptr_t end = (program.bias + header->p_vaddr + header->p_memsz) & -PAGE;
        if (start < end && mprotect((void *)start, end - start, PROT_READ)) {
            fprintf(stderr, "castiron: constant data cannot be made read-only: %s\n", strerror(errno));
            return false;
        }
    }
    return true;
}
