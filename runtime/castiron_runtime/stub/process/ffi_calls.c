#include "process/ffi_calls.h"

#include <stdbool.h>

atomic_bool ffi_was_called;

/* --wrap in stub.toml.  Source: libffi, include/ffi.h. */
void __real_ffi_call(void *interface, void (*function)(void), void *result, void **arguments);
void __wrap_ffi_call(void *interface, void (*function)(void), void *result, void **arguments);

void __wrap_ffi_call(void *interface, void (*function)(void), void *result, void **arguments)
{
    ffi_was_called = true;
    __real_ffi_call(interface, function, result, arguments);
}
