/* Calls of C functions whose kind is known at run time only. */
#ifndef CASTIRON_FFI_CALLS_H
#define CASTIRON_FFI_CALLS_H

#include <stdatomic.h>

/* Whether libffi has made one. */
extern atomic_bool ffi_was_called;

#endif
