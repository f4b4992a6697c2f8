/* makecontext: has a context call a function, by the calling convention of C (AMD64 psABI 3.2.3). */
#include <stdarg.h>
#include <stdint.h>

#include "gnu.h"

/* In context.S: where the function returns to; goes on with the context in RBX, else ends the program. */
void castiron_gnu_context_end(void);

/* Places in the array of registers (sys/ucontext.h, enum of REG_R8 ...). */
enum { REG_R8, REG_R9, REG_RDI = 8, REG_RSI, REG_RBX = 11, REG_RDX, REG_RCX = 14, REG_RSP, REG_RIP };

struct context {
    uint64_t flags;
    struct context *link;
    struct {
        char *start;
        int flags;
        uint64_t size;
    } stack;
    int64_t registers[23];
};

void GNU(makecontext)(struct context *context, void (*function)(void), int count, ...)
{
    static const int places[] = {REG_RDI, REG_RSI, REG_RDX, REG_RCX, REG_R8, REG_R9};
    int on_stack = count > 6 ? count - 6 : 0;
    uintptr_t top = ((uintptr_t)context->stack.start + context->stack.size - 8 * (uintptr_t)(on_stack + 1)) & -(uintptr_t)16;
    uint64_t *stack = (uint64_t *)(top - 8);
    stack[0] = (uint64_t)(uintptr_t)castiron_gnu_context_end;
    context->registers[REG_RIP] = (int64_t)(uintptr_t)function;
    context->registers[REG_RBX] = (int64_t)(uintptr_t)context->link;
    context->registers[REG_RSP] = (int64_t)(uintptr_t)stack;
    va_list arguments;
    va_start(arguments, count);
    for (int i = 0; i < count; i++) {
        int64_t value = va_arg(arguments, int64_t);
        if (i < 6)
            context->registers[places[i]] = value;
        else
            stack[1 + i - 6] = (uint64_t)value;
    }
    va_end(arguments);
}
