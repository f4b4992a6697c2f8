"""Which of the wanted shared objects can go in: a library that nobody must have does not stop the link.

Distributions carry libraries for other platforms and other C libraries beside their own, and extension modules that are
imported inside try/except.  Without those that cannot be absorbed the binary does what an installation without them
does: the import fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_common.errors import NativeError
from castiron_link.absorb.binding import MissingSymbolsError, bind
from castiron_link.absorb.closure import ImagePlan, LibraryFile, plan
from castiron_link.absorb.opened_before import Guess, with_opened_before

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from castiron_common.target import Libc
    from castiron_elf.shared_object import SharedObject
    from castiron_link.absorb.program import Program
    from castiron_link.absorb.scope import Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A shared object that was left out."""

    path: str
    """Relative to site-packages."""
    owner: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What goes in."""

    images: tuple[ImagePlan, ...]
    resolutions: tuple[Resolution, ...]
    skipped: tuple[Skipped, ...]
    """Sorted by path."""
    guessed: tuple[Guess, ...] = ()
    """Sorted by user."""


class Reader:
    """Reads each file once, and remembers failures too."""

    def __init__(self, read: Callable[[LibraryFile], SharedObject]) -> None:
        self._read = read
        self._known: dict[str, SharedObject | NativeError] = {}

    def __call__(self, file: LibraryFile) -> SharedObject:
        """Return a file's facts.  Raises `NativeError` if it cannot be absorbed."""
        outcome = self._known.get(file.path)
        if outcome is None:
            try:
                outcome = self._read(file)
            except NativeError as error:
                outcome = error
            self._known[file.path] = outcome
        if isinstance(outcome, NativeError):
            raise outcome
        return outcome


def choose(
    files: Sequence[LibraryFile],
    wanted: Collection[str],
    optional: Collection[str],
    read: Callable[[LibraryFile], SharedObject],
    program: Program,
    *,
    libc: Libc,
) -> Chosen:
    """Return the images for the ``wanted`` paths and their bindings, without those ``optional`` ones that cannot be.

    Raises `NativeError` if one that is not optional cannot be absorbed or lacks symbols.
    """
    reader = Reader(read)

    def attempt(paths: Collection[str]) -> tuple[tuple[ImagePlan, ...], tuple[Resolution, ...], tuple[Guess, ...]]:
        images = plan(files, paths, reader, libc)
        try:
            return images, bind(images, program, emulated=libc.emulated), ()
        except MissingSymbolsError as error:
            images, guessed = with_opened_before(images, error.missing)
            if not guessed:
                raise
            return images, bind(images, program, emulated=libc.emulated), guessed

    skipped: list[Skipped] = []
    try:
        images, resolutions, guessed = attempt(wanted)
    except NativeError:
        good = set(wanted) - set(optional)
        attempt(good)  # Those that must be: their error is the user's.
        owners = {file.path: file.owner for file in files}
        for path in sorted(set(wanted) & set(optional)):
            try:
                attempt([path])
            except NativeError as error:
                skipped.append(Skipped(path=path, owner=owners.get(path, ""), reason=error.what))
            else:
                good.add(path)
        images, resolutions, guessed = attempt(good)
    return Chosen(images=images, resolutions=resolutions, skipped=tuple(skipped), guessed=guessed)
