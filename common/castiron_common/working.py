"""Working folders in the cache: each belongs to a living process, and what a dead one left, the next run removes."""

from __future__ import annotations

import atexit
import os
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root
from castiron_common.errors import OutputError
from castiron_common.owned_folders import owned_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@contextmanager
def working_folder(purpose: str) -> Iterator[Path]:
    """Give an empty folder in the cache that is removed when the context or this process ends.

    Its name has a fixed length for each ``purpose``.  Raises `OutputError` if the cache cannot be written.
    """
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(owned_folder(cache_root() / "running", purpose))
        except OSError as error:
            raise OutputError(
                f"The cache folder {cache_root()} cannot be written: {error.strerror or error}.",
                hint="Make it writable, or set CASTIRON_CACHE to a folder that is.",
            ) from error
        yield folder


def temporary_folder() -> Path:
    """Return this process's folder for temporary files of the programs it starts."""
    return _temporary_folder(cache_root())


def child_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment (default: ours) for a program whose temporary files are to go with this process."""
    return {**(os.environ if environ is None else environ), "TMPDIR": str(temporary_folder())}


@lru_cache(maxsize=1)
def _temporary_folder(_root: Path) -> Path:
    stack = ExitStack()
    folder = stack.enter_context(working_folder("tmp"))
    atexit.register(stack.close)
    return folder
