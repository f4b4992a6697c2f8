/* What TLS descriptors call: %rax points to the descriptor, and on return holds the distance; all other registers are
 * kept.  Source: RFC-TLSDESC-x86, 2. */
#ifndef CASTIRON_TLS_DESCRIPTOR_H
#define CASTIRON_TLS_DESCRIPTOR_H

__asm__(".pushsection .text.castiron_tlsdesc,\"ax\",@progbits\n"
        ".globl castiron_tlsdesc\n"
        ".type castiron_tlsdesc,@function\n"
        "castiron_tlsdesc:\n"
        "\tmov 8(%rax), %rax\n"
        "\tret\n"
        ".size castiron_tlsdesc, .-castiron_tlsdesc\n"
        ".popsection\n");

#endif
