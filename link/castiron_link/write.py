"""The last pass: the executable and its report appear under their names, whole, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

from castiron_common.files import atomic_write, output_error

if TYPE_CHECKING:
    from pathlib import Path


def report_path(output: Path) -> Path:
    """Return where the license report of ``output`` goes."""
    return output.with_name(f"{output.name}.licenses.txt")


def check_output(output: Path) -> None:
    """Raise `OutputError` if ``output`` certainly cannot be written, before any work is done for it."""
    folder = output.parent
    number = 0
    if output.is_dir():
        number = errno.EISDIR
    elif not folder.exists():
        number = errno.ENOENT
    elif not folder.is_dir():
        number = errno.ENOTDIR
    elif os.statvfs(folder).f_flag & os.ST_RDONLY:
        number = errno.EROFS
    elif not os.access(folder, os.W_OK | os.X_OK):
        number = errno.EACCES
    if number:
        raise output_error(output, OSError(number, os.strerror(number)))


def write_output(linked: Path, output: Path, report: str | None) -> None:
    """Give ``linked`` the name ``output``; write ``report`` beside it.

    Both are written completely before either takes its name.  Raises `OutputError`.
    """
    with ExitStack() as stack:
        binary = stack.enter_context(atomic_write(output, executable=True))
        if report is not None:
            text = stack.enter_context(atomic_write(report_path(output)))
            text.write(report.encode())
        with linked.open("rb") as source:
            shutil.copyfileobj(source, binary, 1 << 20)
