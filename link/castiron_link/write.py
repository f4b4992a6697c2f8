"""The last pass: the executable and its report appear under their names, whole, or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from contextlib import ExitStack, suppress
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING

from castiron_audit.formats import Format
from castiron_common.files import atomic_write, check_outputs, check_replaced
from castiron_elf.abi import MAGIC
from castiron_link.map_file import MAP_HEADER

if TYPE_CHECKING:
    from collections.abc import Mapping


SUFFIXES = {
    Format.TABLE: ".licenses.txt",
    Format.NOTICES: ".notices.txt",
    Format.HTML: ".licenses.html",
    Format.JSON: ".licenses.json",
    Format.CYCLONEDX: ".cdx.json",
    Format.SPDX: ".spdx.json",
    Format.SPDX3: ".spdx3.json",
}
"""What is added to the executable's name for each document."""


def document_path(output: Path, format_: Format) -> Path:
    """Return where a document about ``output`` goes."""
    return output.with_name(f"{output.name}{SUFFIXES[format_]}")


def check_places(
    output: Path,
    *,
    symbols: Path | None = None,
    keep_map: Path | None = None,
    others: Mapping[str, Path | None] = MappingProxyType({}),
) -> None:
    """Check the places of what a link writes, and of ``others`` that its caller writes, by the options that name them.

    Raises `OutputError` if one certainly cannot be written, or would replace a file of another kind, and `UsageError`
    if two are the same file.
    """
    check_outputs({"-o": output, "--symbols": symbols, "--keep-map": keep_map, **others})
    check_replaced(output, MAGIC, "executable", executable=True)
    if symbols is not None:
        check_replaced(symbols, MAGIC, "file with symbols", option="--symbols")
    if keep_map is not None:
        check_replaced(keep_map, MAP_HEADER.encode(), "linker's map", option="--keep-map")


def write_output(linked: Path, output: Path, documents: Mapping[Path, str]) -> None:
    """Give ``linked`` the name ``output``, under which alone it may be found then; write ``documents`` under theirs.

    All are written completely before either takes its name.  Raises `OutputError`.
    """
    with ExitStack() as stack:
        # As other linkers, we do not wait for the disk: what a loss of power takes can be linked again.
        binary = stack.enter_context(atomic_write(output, executable=True, sync=False))
        for path, text in documents.items():
            stack.enter_context(atomic_write(path, sync=False)).write(text.encode())
        source = stack.enter_context(linked.open("rb"))
        if not _move(source, Path(binary.name)):
            _copy(source.fileno(), binary.fileno(), source.seek(0, os.SEEK_END))


def _move(source: IO[bytes], making: Path) -> bool:
    """Let a file take the place of one that is being made; False if it cannot, as that is a pipe or on another disk.

    Nor can it where the folder gives its files another group (its mode has S_ISGID), which a moved file would not get.
    The executable is the largest file of a link: to copy it takes as long as to absorb its shared objects.
    """
    if not making.is_file() or making.stat().st_gid != os.fstat(source.fileno()).st_gid:
        return False
    # As that of the file that it replaces, its lock says that its writer is alive; there may be none on this disk.
    with suppress(OSError):
        fcntl.flock(source.fileno(), fcntl.LOCK_EX)
    try:
        Path(source.name).replace(making)
    except OSError as error:
        if error.errno == errno.EXDEV:
            return False
        raise
    return True


def _copy(source: int, destination: int, size: int) -> None:
    """Copy the first ``size`` bytes between two files inside the kernel, on one file system or across two."""
    offset = 0
    while offset < size:
        done = os.sendfile(destination, source, offset, size - offset)
        if done == 0:
            raise OSError(errno.EIO, "the linked file became shorter")
        offset += done


def copy_file(made: Path, destination: Path) -> None:
    """Copy a file that was made beside the executable out of the working folder: the linker's map, the symbols."""
    with atomic_write(destination, sync=False) as file, made.open("rb") as source:
        shutil.copyfileobj(source, file)
