/* Files that are programs in Python, whatever their names: by what they begin with, or hold. */
#ifndef CASTIRON_PYTHON_FILE_H
#define CASTIRON_PYTHON_FILE_H

#include <stdbool.h>

/* Whether a file is a script whose first line names a Python (`#!/usr/bin/env python3`), or a zip archive with a __main__
 * module (PEP 441), as `python FILE` would run it. */
bool python_file_is_program(const char *path);

#endif
