#include "libc/decimal.h"

#include <stddef.h>

char *decimal_write(uint64_t number, char *text)
{
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (count != 0)
        *text++ = digits[--count];
    *text = '\0';
    return text;
}
