/* strfromd and its kin (C23): a number as text, by a format of one conversion. */
#include "gnu.h"

#include <stdio.h>
#include <string.h>

int GNU(strfromd)(char *to, size_t size, const char *format, double x) { return snprintf(to, size, format, x); }
int GNU(strfromf)(char *to, size_t size, const char *format, float x) { return snprintf(to, size, format, (double)x); }

int GNU(strfroml)(char *to, size_t size, const char *format, long double x)
{
    char whole[32];
    size_t length = strlen(format);
    if (length == 0 || length + 2 > sizeof whole)
        return -1;
    memcpy(whole, format, length - 1);
    whole[length - 1] = 'L';
    whole[length] = format[length - 1];
    whole[length + 1] = '\0';
    return snprintf(to, size, whole, x);
}

SAME(strfromf32, castiron_gnu_strfromf);
SAME(strfromf64, castiron_gnu_strfromd);
SAME(strfromf32x, castiron_gnu_strfromd);
SAME(strfromf64x, castiron_gnu_strfroml);
