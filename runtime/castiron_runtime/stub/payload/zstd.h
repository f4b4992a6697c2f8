/* Zstandard (RFC 8878), for the payload of executables that are linked with --profile small. */
#ifndef CASTIRON_ZSTD_H
#define CASTIRON_ZSTD_H

#include <stdbool.h>
#include <stddef.h>

/* Decompresses one frame into exactly `size` bytes; false if the input is not what was compressed to that size, or if
 * there is no memory for the decoder.  Any thread may call it, a signal handler included: it takes no lock and its memory
 * of the kernel.
 *
 * A weak reference: only executables that were linked with --profile small have it (link/castiron_link/app_object.py asks
 * for it), and with it the library. */
__attribute__((weak)) bool zstd_into(void *output, size_t size, const void *input, size_t input_size);

#endif
