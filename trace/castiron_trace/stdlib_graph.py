"""Makes the standard library's own import graph: once per runtime pack, then it is read from the cache."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, file_entry
from castiron_common.errors import RuntimePackError
from castiron_common.files import sha256_bytes
from castiron_common.working import child_environment
from castiron_trace.analyser.conditional import (
    CONDITIONAL,
    NEVER_FOLLOWED,
    NEVER_LAZILY,
    NEVER_PROVIDED,
    program_mark,
)
from castiron_trace.analyser_key import analyser_key
from castiron_trace.child import ask
from castiron_trace.protocol import StdlibAnswer, StdlibFile, StdlibRequest, Tier
from castiron_trace.wire import WireError, from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_trace.model import TargetPython
    from castiron_trace.protocol import Import, Node

_STARTUP = "import sys, io, encodings.utf_8; print(*sorted(name for name in sys.modules if name != '__main__'))"
"""A target interpreter imports io and the codec of UTF-8 not before it needs them (decision 052)."""

FROZEN = frozenset({"_frozen_importlib", "_frozen_importlib_external"})
"""Modules in every interpreter that have no file."""

_NOT_AT_START = FROZEN | {"zipimport"}
"""They exist before anything is imported, or (zipimport) a binary starts without them."""


@dataclass(frozen=True)
class StdlibGraph:
    """Every module of the standard library and every import between two of them."""

    file: Path
    """Where it is kept, for the analysis in the target interpreter."""
    kept: StdlibFile

    @property
    def modules(self) -> Mapping[str, Node]:
        """All modules; files are relative to the standard library's folder."""
        return self.kept.graph.modules

    @property
    def startup(self) -> tuple[str, ...]:
        """Modules that the interpreter itself imports, sorted."""
        return self.kept.startup

    @property
    def mentions(self) -> Mapping[str, tuple[str, ...]]:
        """Module -> the names of `CONDITIONAL` that its source uses."""
        return self.kept.graph.mentions

    @cached_property
    def codecs(self) -> list[str]:
        """Names of the submodules of ``encodings``."""
        return sorted(name.removeprefix("encodings.") for name in self.modules if name.startswith("encodings."))

    @cached_property
    def whole(self) -> list[str]:
        """Names of all modules that code on the target may import, sorted: none for other systems, no Tk."""
        return sorted(name for name in self.modules if NEVER_PROVIDED.isdisjoint(name.split(".")))

    def edges(self, name: str, mentioned: Collection[str]) -> Iterator[Import]:
        """Yield the imports that are followed from ``name``.

        ``mentioned`` are the names of `CONDITIONAL` that other modules which go in use, and the marks of modules that
        they run: a module's command line has imports that nothing else needs.
        """
        runs = program_mark(name.removesuffix(".__main__")) in mentioned
        for edge in self.kept.graph.imports.get(name, ()):
            target, tier = edge.imported, edge.tier
            condition = CONDITIONAL.get((name, target))
            if condition is not None:
                if condition.isdisjoint(mentioned):
                    continue
            elif (
                not runs
                and tier >= Tier.GUARDED
                and not _same_part(name, target)
                and name.partition(".")[0] not in NEVER_FOLLOWED
            ):
                names = {target.partition(".")[0], target}
                if names & NEVER_FOLLOWED or (tier >= Tier.LAZY and names & NEVER_LAZILY):
                    continue
            yield edge


def _same_part(name: str, target: str) -> bool:
    """Say whether both belong to one top-level package: what unittest imports of itself is followed."""
    return name.partition(".")[0] == target.partition(".")[0]


def stdlib_graph(python: TargetPython, *, reporter: Reporter) -> StdlibGraph:
    """Return the graph of a pack's standard library, made on first need (about five seconds)."""
    # A pack's id does not tell which extension modules there are recipes for.
    offered = sha256_bytes("\n".join(sorted(python.builtins)).encode())
    entry = cache_root() / "stdlib-graph" / f"{python.id}-{offered[:8]}-{analyser_key()}.json"

    def build(path: Path) -> None:
        with reporter.task("Standard library's import graph", estimate=5):
            request = StdlibRequest(root=str(python.stdlib), builtins=tuple(sorted(python.builtins)))
            graph = ask(python, request, StdlibAnswer)
            startup = tuple(name for name in _startup(python) if name not in _NOT_AT_START)
            path.write_text(to_text(StdlibFile(graph, startup)), encoding="utf-8")

    file_entry(entry, build)
    try:
        kept = from_text(StdlibFile, entry.read_bytes())
    except WireError:
        # Damaged from outside (we write whole files only): make it again.
        entry.unlink(missing_ok=True)
        file_entry(entry, build)
        kept = from_text(StdlibFile, entry.read_bytes())
    return StdlibGraph(entry, kept)


def _startup(python: TargetPython) -> list[str]:
    done = subprocess.run(
        [str(python.interpreter), "-I", "-S", "-c", _STARTUP],
        capture_output=True,
        text=True,
        check=False,
        env=child_environment(),
    )
    if done.returncode != 0:
        raise RuntimePackError(
            f"The target interpreter {python.interpreter} does not start: {done.stderr.strip()[-500:]}",
            hint="Build the runtime pack again with `castiron runtime build`.",
        )
    return done.stdout.split()
