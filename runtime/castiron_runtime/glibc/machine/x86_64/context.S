/* getcontext, setcontext, swapcontext and makecontext's end.
 *
 * Offsets are those of glibc's and the kernel's ucontext_t (sys/ucontext.h): uc_link 8, the general registers (R8 first) from 40,
 * the pointer to the floating-point state 224, the signal mask 296, that state itself 424 with MXCSR at 24. */

#define R8 40
#define R9 48
#define R12 72
#define R13 80
#define R14 88
#define R15 96
#define RDI 104
#define RSI 112
#define RBP 120
#define RBX 128
#define RDX 136
#define RCX 152
#define RSP 160
#define RIP 168
#define FPREGS 224
#define SIGMASK 296
#define FPSTATE 424
#define MXCSR 448

#define SYS_rt_sigprocmask 14
#define SIG_BLOCK 0
#define SIG_SETMASK 2
#define MASK_BYTES 8

#define FUNCTION(name) \
	.section .text.name, "ax", @progbits; .balign 16; .globl name; .type name, @function; name:

/* Keep what a function's caller may expect to be kept, and its arguments, in the context at %rdi. */
.macro save
	mov %rbx, RBX(%rdi)
	mov %rbp, RBP(%rdi)
	mov %r12, R12(%rdi)
	mov %r13, R13(%rdi)
	mov %r14, R14(%rdi)
	mov %r15, R15(%rdi)
	mov %rdi, RDI(%rdi)
	mov %rsi, RSI(%rdi)
	mov %rdx, RDX(%rdi)
	mov %rcx, RCX(%rdi)
	mov %r8, R8(%rdi)
	mov %r9, R9(%rdi)
	mov (%rsp), %rcx
	mov %rcx, RIP(%rdi)
	lea 8(%rsp), %rcx
	mov %rcx, RSP(%rdi)
	lea FPSTATE(%rdi), %rcx
	mov %rcx, FPREGS(%rdi)
	fnstenv (%rcx)
	fldenv (%rcx)
	stmxcsr MXCSR(%rdi)
.endm

FUNCTION(castiron_gnu_getcontext)
	.cfi_startproc
	save
	lea SIGMASK(%rdi), %rdx
	xor %esi, %esi
	mov $SIG_BLOCK, %edi
	mov $MASK_BYTES, %r10d
	mov $SYS_rt_sigprocmask, %eax
	syscall
	xor %eax, %eax
	ret
	.cfi_endproc
	.size castiron_gnu_getcontext, .-castiron_gnu_getcontext

FUNCTION(castiron_gnu_setcontext)
	.cfi_startproc
	push %rdi
	.cfi_adjust_cfa_offset 8
	lea SIGMASK(%rdi), %rsi
	xor %edx, %edx
	mov $SIG_SETMASK, %edi
	mov $MASK_BYTES, %r10d
	mov $SYS_rt_sigprocmask, %eax
	syscall
	pop %rdx
	.cfi_adjust_cfa_offset -8
	mov FPREGS(%rdx), %rcx
	fldenv (%rcx)
	ldmxcsr MXCSR(%rdx)
	.cfi_undefined rip
	mov RSP(%rdx), %rsp
	mov RBX(%rdx), %rbx
	mov RBP(%rdx), %rbp
	mov R12(%rdx), %r12
	mov R13(%rdx), %r13
	mov R14(%rdx), %r14
	mov R15(%rdx), %r15
	mov RIP(%rdx), %rcx
	push %rcx
	mov RSI(%rdx), %rsi
	mov RDI(%rdx), %rdi
	mov RCX(%rdx), %rcx
	mov R8(%rdx), %r8
	mov R9(%rdx), %r9
	mov RDX(%rdx), %rdx
	xor %eax, %eax
	ret
	.cfi_endproc
	.size castiron_gnu_setcontext, .-castiron_gnu_setcontext

FUNCTION(castiron_gnu_swapcontext)
	.cfi_startproc
	save
	push %rsi
	.cfi_adjust_cfa_offset 8
	lea SIGMASK(%rdi), %rdx
	xor %esi, %esi
	mov $SIG_BLOCK, %edi
	mov $MASK_BYTES, %r10d
	mov $SYS_rt_sigprocmask, %eax
	syscall
	pop %rdi
	.cfi_adjust_cfa_offset -8
	jmp castiron_gnu_setcontext
	.cfi_endproc
	.size castiron_gnu_swapcontext, .-castiron_gnu_swapcontext

/* makecontext put the context that follows into %rbx, which its function keeps. */
FUNCTION(castiron_gnu_context_end)
	.cfi_startproc
	.cfi_undefined rip
	mov %rbx, %rdi
	test %rdi, %rdi
	jz 1f
	call castiron_gnu_setcontext
1:	xor %edi, %edi
	call exit
	hlt
	.cfi_endproc
	.size castiron_gnu_context_end, .-castiron_gnu_context_end

	.section .note.GNU-stack, "", @progbits
