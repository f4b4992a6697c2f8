/* A function that only leads to another one, whatever its arguments are, variable ones included. */
#ifndef CASTIRON_GNU_JUMP_H
#define CASTIRON_GNU_JUMP_H

#define CASTIRON_JUMP(name, target)                                    \
    __asm__(".section .text." name ",\"ax\",@progbits\n"               \
            ".balign 16\n"                                             \
            ".globl " name "\n"                                        \
            ".type " name ",@function\n" name ":\n"                    \
            ".cfi_startproc\n"                                         \
            "  jmp " target "\n"                                       \
            ".cfi_endproc\n"                                           \
            ".size " name ", .-" name "\n"                             \
            ".previous\n")

#endif
