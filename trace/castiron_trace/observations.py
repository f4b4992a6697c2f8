"""Defines what a watched run used; several runs are united, and kept in files for a later trace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.errors import InputError
from castiron_common.files import atomic_write
from castiron_trace.protocol import ObservedImport  # noqa: TC001 - `castiron_trace.wire` reads the annotations
from castiron_trace.wire import WireError, from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

APPLICATION = ""
"""Who uses what a run of the application itself showed: its entry, whatever module it was."""

_HEAD = "castiron observations 1\n"
RECORD_START = b"castiron observations "
"""How records of runs begin, whatever their version."""


@dataclass(frozen=True, slots=True, order=True)
class ObservedFile:
    """A file that was executed or read."""

    path: Path
    reader: str = APPLICATION
    """The module that did it, or `APPLICATION`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What one or more runs used.  All sorted."""

    imports: tuple[ObservedImport, ...] = ()
    """Some may exist nowhere (an attempt that failed)."""
    present: tuple[str, ...] = ()
    """Modules that were there before the application started, so that no import of them was seen."""
    files: tuple[ObservedFile, ...] = ()
    """Below the application's folders or site-packages."""
    libraries: tuple[str, ...] = ()
    """What ctypes opened."""

    @property
    def modules(self) -> tuple[str, ...]:
        """The names that were imported, sorted."""
        return tuple(sorted({item.imported for item in self.imports}))


NOT_RUN = Observed()
"""The value for an application that was not run."""


def united(runs: Iterable[Observed]) -> Observed:
    """Return what any of several runs used."""
    runs = list(runs)
    return Observed(
        imports=tuple(sorted({item for run in runs for item in run.imports})),
        present=tuple(sorted({name for run in runs for name in run.present})),
        files=tuple(sorted({file for run in runs for file in run.files})),
        libraries=tuple(sorted({name for run in runs for name in run.libraries})),
    )


@dataclass(frozen=True, slots=True)
class _KeptFile:
    folder: int
    """Index of the folder that it is in."""
    path: str
    reader: str


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is written: without absolute paths, so that it serves in any folder and on any machine."""

    imports: tuple[ObservedImport, ...]
    present: tuple[str, ...]
    files: tuple[_KeptFile, ...]
    libraries: tuple[str, ...]


def write_observations(file: Path, seen: Observed, folders: Sequence[Path]) -> None:
    """Write observations; ``folders`` are those of the application and of its environment, always in one order."""
    kept = [
        _KeptFile(home, item.path.relative_to(folders[home]).as_posix(), item.reader)
        for item in seen.files
        if (home := _home(item.path, folders)) is not None
    ]
    text = to_text(_Kept(seen.imports, seen.present, tuple(kept), seen.libraries))
    with atomic_write(file) as stream:
        stream.write(f"{_HEAD}{text}\n".encode("utf-8", "surrogatepass"))


def read_observations(file: Path, folders: Sequence[Path]) -> Observed:
    """Read what `write_observations` wrote; files that are not there any more are passed over.

    Raises `InputError` if it is something else.
    """
    try:
        text = file.read_bytes().decode("utf-8", "surrogatepass")
        if not text.startswith(_HEAD):
            raise WireError("does not begin like such a file")
        kept = from_text(_Kept, text.removeprefix(_HEAD))
    except OSError as error:
        raise InputError(
            f"Cannot read {file}: {error.strerror or error}.", hint="--recorded takes a file that --record wrote."
        ) from error
    except (UnicodeDecodeError, WireError) as error:
        raise InputError(
            f"{file} is not the record of a run: {error}.", hint="`trace --run --record FILE` writes such a file."
        ) from error
    paths = [
        ObservedFile(Path(folders[item.folder], item.path), item.reader)
        for item in kept.files
        if item.folder < len(folders) and ".." not in Path(item.path).parts
    ]
    return Observed(
        imports=kept.imports,
        present=kept.present,
        files=tuple(sorted(item for item in paths if item.path.is_file())),
        libraries=kept.libraries,
    )


def _home(path: Path, folders: Sequence[Path]) -> int | None:
    """Return the index of the innermost folder that holds a file."""
    holders = [(len(folder.parts), -index) for index, folder in enumerate(folders) if path.is_relative_to(folder)]
    return -max(holders)[1] if holders else None
