/* What the first stage has for x86-64 alone: system calls, and how the kernel enters it.
 *
 * Source: System V ABI, AMD64 supplement 1.0, 3.4.1 (process initialization), A.2 (Linux system calls). */
#ifndef CASTIRON_STAGE_MACHINE_H
#define CASTIRON_STAGE_MACHINE_H

/* Returns what the kernel does: negative numbers of errno for failures. */
static inline long stage_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    register long sixth __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
}

/* Goes on with the stack as it was, and with registers as the kernel leaves them: zero. */
__asm__(".pushsection .text.castiron_stage_entry,\"ax\",@progbits\n"
        ".globl castiron_stage_entry\n"
        ".type castiron_stage_entry,@function\n"
        "castiron_stage_entry:\n"
        "\txor %ebp, %ebp\n"
        "\tmov %rsp, %rbx\n"
        "\tmov %rsp, %rdi\n"
        "\tand $-16, %rsp\n"
        "\tcall castiron_stage\n"
        "\tmov %rbx, %rsp\n"
        "\txor %ebx, %ebx\n"
        "\txor %edx, %edx\n"
        "\tjmp *%rax\n"
        ".size castiron_stage_entry, .-castiron_stage_entry\n"
        ".popsection\n");

#endif
