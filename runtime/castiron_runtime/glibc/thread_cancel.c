/* Cleanup handlers of C code without exceptions: pthread_cleanup_push in glibc's headers sets a jump back into the function, which
 * runs the handler and goes on with __pthread_unwind_next (pthread.h: __pthread_unwind_buf_t).
 *
 * musl runs handlers as calls.  So a call is registered that jumps. */
#include "gnu.h"

#include <pthread.h>
#include <setjmp.h>

struct unwind_buffer {
    long registers[8]; /* written by the image's call of __sigsetjmp, which is musl's */
    int mask_was_saved;
    struct __ptcb handler; /* glibc keeps four pointers here */
};
_Static_assert(sizeof(struct unwind_buffer) <= 8 * 8 + 8 + 4 * 8, "it fits where glibc's headers leave room");

void _pthread_cleanup_push(struct __ptcb *handler, void (*function)(void *), void *argument);
void _pthread_cleanup_pop(struct __ptcb *handler, int run);

/* What the thread ends with, kept over the jumps. */
static _Thread_local void *result;
static _Thread_local int has_result;

static void jump_back(void *buffer) { longjmp(*(jmp_buf *)buffer, 1); }

void GNU(__pthread_register_cancel)(struct unwind_buffer *buffer)
{
    _pthread_cleanup_push(&buffer->handler, jump_back, buffer);
}

void GNU(__pthread_unregister_cancel)(struct unwind_buffer *buffer) { _pthread_cleanup_pop(&buffer->handler, 0); }

_Noreturn void GNU(__pthread_unwind_next)(struct unwind_buffer *buffer)
{
    pthread_exit(has_result ? result : PTHREAD_CANCELED);
}

_Noreturn void GNU(pthread_exit)(void *value)
{
    result = value;
    has_result = 1;
    pthread_exit(value);
}

/* The same while asynchronous cancellation is put off. */
void GNU(__pthread_register_cancel_defer)(struct unwind_buffer *buffer)
{
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &buffer->mask_was_saved);
    GNU(__pthread_register_cancel)(buffer);
}

void GNU(__pthread_unregister_cancel_restore)(struct unwind_buffer *buffer)
{
    GNU(__pthread_unregister_cancel)(buffer);
    pthread_setcanceltype(buffer->mask_was_saved, NULL);
}

/* What headers before glibc 2.3.4 call: routine, argument, cancellation type, previous one. */
struct old_buffer {
    struct __ptcb handler;
    int type;
};

void GNU(_pthread_cleanup_push_defer)(struct old_buffer *buffer, void (*function)(void *), void *argument)
{
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &buffer->type);
    _pthread_cleanup_push(&buffer->handler, function, argument);
}

void GNU(_pthread_cleanup_pop_restore)(struct old_buffer *buffer, int run)
{
    _pthread_cleanup_pop(&buffer->handler, run);
    pthread_setcanceltype(buffer->type, NULL);
}
