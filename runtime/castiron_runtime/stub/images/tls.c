/* Thread-local variables of absorbed images: they lie in the executable's own block, at a distance from the thread
 * pointer that the linker wrote where a dynamic loader would have put the offset within a module. */
#include <stddef.h>
#include <stdint.h>

/* What images call as __tls_get_addr.  Source: "ELF Handling For Thread-Local Storage" 0.21, 3.4.6. */
void *castiron_tls_get_addr(const uint64_t index[2])
{
    char *thread;
    __asm__("mov %%fs:0, %0" : "=r"(thread));
    return thread + index[1];
}

/* What TLS descriptors call: %rax points to the descriptor, and on return holds the distance; all other registers are
 * kept.  Source: RFC-TLSDESC-x86, 2. */
__asm__(".pushsection .text.castiron_tlsdesc,\"ax\",@progbits\n"
        ".globl castiron_tlsdesc\n"
        ".type castiron_tlsdesc,@function\n"
        "castiron_tlsdesc:\n"
        "\tmov 8(%rax), %rax\n"
        "\tret\n"
        ".size castiron_tlsdesc, .-castiron_tlsdesc\n"
        ".popsection\n");
