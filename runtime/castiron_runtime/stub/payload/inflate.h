/* Raw DEFLATE (RFC 1951), for the sources in the payload. */
#ifndef CASTIRON_INFLATE_H
#define CASTIRON_INFLATE_H

#include <stdbool.h>
#include <stddef.h>

/* Decompresses into exactly `size` bytes; false if the input is not what was compressed to that size. */
bool inflate_into(unsigned char *output, size_t size, const unsigned char *input, size_t input_size);

#endif
