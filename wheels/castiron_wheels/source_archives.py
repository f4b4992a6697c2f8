"""The source distributions of wheels: of exactly the same versions, from the index, by their hashes.

They are read and never built.  uv is asked for versions that have a wheel for the libc it is asked for, and takes its
metadata from that; so nothing of a source distribution is executed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.pylock import PylockValidationError

from castiron_common.errors import DependencyError
from castiron_common.frozen import dataclass
from castiron_common.words import counted
from castiron_wheels.errors import ResolutionError
from castiron_wheels.fetch import fetch_candidates
from castiron_wheels.pylock import listed_sdists
from castiron_wheels.uv_client import uv_compile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_common.target import PythonTarget
    from castiron_manifest.model import Distribution
    from castiron_wheels.model import Candidate

__all__ = ["SourceArchive", "fetch_sdists"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceArchive:
    """The source distribution of a wheel, or why there is none."""

    distribution: str
    """Normalised."""
    path: Path | None = None
    """In the cache; named as on the index, below its SHA-256."""
    lacking: str = ""
    """Why there is none, as a clause; empty if there is one."""

    @property
    def key(self) -> str:
        """Return what is read of it, for keys of caches."""
        return self.lacking if self.path is None else f"{self.path.parent.name}/{self.path.name}"


def fetch_sdists(
    distributions: Iterable[Distribution], target: PythonTarget, *, largest: int, reporter: Reporter
) -> tuple[SourceArchive, ...]:
    """Return the source distributions in the order of the distributions; those of more bytes than ``largest`` lack.

    Raises `DependencyError` if the index cannot be reached or serves another file than it says.
    """
    wanted = list(distributions)
    asked = [item for item in wanted if not item.wheel.embedded]
    offered: dict[str, Candidate | str] = {}
    if asked:
        with reporter.task(f"look for the sources of {counted(len(asked), 'distribution')}"):
            for sibling in (False, True):
                chosen = [item for item in asked if ("manylinux" in item.wheel.filename) is sibling]
                offered |= _offered(chosen, target, sibling=sibling)
    found = [offered.get(item.name, _NO_INDEX if item.wheel.embedded else _NONE) for item in wanted]
    found = [_usable(item, largest) for item in found]
    paths = iter(fetch_candidates([item for item in found if not isinstance(item, str)], reporter=reporter))
    return tuple(
        SourceArchive(distribution=item.name, lacking=source)
        if isinstance(source, str)
        else SourceArchive(distribution=item.name, path=next(paths))
        for item, source in zip(wanted, found, strict=True)
    )


_NONE = "the index has none of this version"
_NO_INDEX = "its wheel is not from an index"


def _usable(source: Candidate | str, largest: int) -> Candidate | str:
    if isinstance(source, str):
        return source
    if source.sha256 is None:
        return "the index does not say its hash"
    if source.size is not None and source.size > largest:
        return f"it has {source.size >> 20} MB, more than the {largest >> 20} MB that are read"
    return source


def _offered(asked: Sequence[Distribution], target: PythonTarget, *, sibling: bool) -> dict[str, Candidate | str]:
    """Return what the index has, by name; for one that cannot be asked for, why."""
    if not asked:
        return {}
    try:
        return dict(_listed(asked, target, sibling=sibling))
    except ResolutionError as error:
        if error.unreachable:
            raise
        if len(asked) == 1:
            return {asked[0].name: "the index does not have this version"}
    # One version that the index does not have hides all others.
    return {name: source for item in asked for name, source in _offered([item], target, sibling=sibling).items()}


def _listed(asked: Sequence[Distribution], target: PythonTarget, *, sibling: bool) -> Iterator[tuple[str, Candidate]]:
    lines = [f"{item.name}=={item.version}" for item in asked]
    answer = uv_compile(lines, target, options=["--no-deps"], sibling=sibling)
    try:
        for candidate in listed_sdists(answer):
            yield candidate.name, candidate
    except (ValueError, PylockValidationError) as error:
        raise DependencyError(f"uv's answer cannot be read: {error}.", hint="Update uv.") from error
