"""What the machine must bring, and the distributions that bring it along."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from castiron_manifest.model import MachineFacility, Need
from castiron_trace.protocol import APP, STDLIB

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from castiron_manifest.model import Resource
    from castiron_trace.hints.model import Carry, Data
    from castiron_trace.model import Carry as Carried
    from castiron_trace.model import Reached, ResolvedEntry


def needs(
    reached: Reached, entry: ResolvedEntry, carries: Iterable[Carry], resources: Iterable[Resource]
) -> Iterator[Need]:
    """Yield what is used of the machine: the first use in each module, sorted by (what, module)."""
    files = [(item.distribution, item.path) for item in resources if item.distribution is not None]
    brought = {
        hint.what for hint in carries if any(name == hint.distribution and _is_of(path, hint) for name, path in files)
    }
    first: dict[tuple[str, str], int] = {}
    for use in reached.machine:
        key = use.what, use.module
        first[key] = min(use.line, first.get(key, use.line))
    own = {APP, entry.entry.distribution}
    for what, module in sorted(first):
        owner = reached.modules[module].owner if module in reached.modules else STDLIB
        yield Need(
            what=MachineFacility(what),
            importer=module,
            line=first[what, module],
            own=owner in own,
            carried=what in brought,
        )


def _is_of(path: str, hint: Carry) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in hint.files)


def carried_requirements(carry: Sequence[Carried], carries: Iterable[Carry], present: Iterable[str]) -> list[str]:
    """Return the requirements that ``--carry`` adds to an environment that has the distributions ``present``."""
    known = set(present)
    return [hint.requirement for hint in carries if hint.what in carry and hint.distribution not in known]


def carried_data(carry: Sequence[Carried], carries: Iterable[Carry]) -> Iterator[Data]:
    """Yield the files that go in with ``--carry``, although nothing may import their distribution."""
    from castiron_trace.hints.model import Data

    for hint in carries:
        if hint.what in carry:
            yield Data(distribution=hint.distribution, files=hint.files, reason=hint.reason, source="--carry")
