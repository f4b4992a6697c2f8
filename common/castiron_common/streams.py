"""The standard streams as a command finds them: closed, full, or with nobody who reads."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING

from castiron_common.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

EXIT_UNREAD = 141
"""Exit code after writing to a pipe that nobody reads any more, as shells report it (128 + SIGPIPE)."""
_OUTPUT = "standard output"
"""The file's name in errors of the operating system."""


def prepare_streams() -> None:
    """Let standard output name itself in errors, and put something in the place of standard streams that are closed.

    Else the next file that is opened would get the number of a closed one.  What is written to a closed standard output
    fails, as it must not be lost; a closed standard input is an empty one, and messages to a closed standard error are
    those that nobody wanted to see.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            # It gets the lowest number that is free, which is this one, as those before are open.
            os.set_inheritable(os.open(os.devnull, flags), True)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, "r", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        file = _Output(1, "w", closefd=False)
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(file), encoding="utf-8", errors="surrogateescape", line_buffering=file.isatty()
        )


class _Output(io.FileIO):
    def write(self, data: ReadableBuffer, /) -> int:
        """Write, with the name of the file in an error."""
        try:
            return super().write(data)
        except OSError as error:
            raise OSError(error.errno, error.strerror, _OUTPUT) from error


def unwritten(error: OSError) -> OutputError | None:
    """Return the error that says why standard output could not be written, if that is what failed."""
    if error.filename != _OUTPUT:
        return None
    reason = "it is closed" if error.errno == errno.EBADF else error.strerror
    return OutputError(f"Cannot write to standard output: {reason}.", hint="Write to a file or a pipe that takes it.")


def discard_output() -> None:
    """Let nothing be written to standard output any more: Python would try it again at its end, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
