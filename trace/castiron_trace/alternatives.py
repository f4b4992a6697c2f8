"""Which imports certainly run although a ``try`` is around them: the last that is left of several alternatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.protocol import APP, STDLIB, ModuleKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from castiron_trace.protocol import TraceAnswer


def certain_imports(answer: TraceAnswer) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Return (importer, imported) -> all alternatives, for what is tried last where no other one exists."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for module, names in answer.alternatives:
        left = [name for name in names if not _surely_missing(answer, name)]
        if len(left) < 2:
            found.setdefault((module, left[0] if left else names[-1]), names)
    return found


def _surely_missing(answer: TraceAnswer, name: str) -> bool:
    """Say whether no module of this name exists, and nothing is known that might make one when the program runs."""
    node = answer.nodes.get(name)
    if node is None or node.kind is not ModuleKind.MISSING or answer.import_hook or name in answer.made:
        return False
    if any(name == given or name.startswith(f"{given}.") for given in answer.given_names):
        return False
    parent = name.rpartition(".")[0]
    while parent and (parent not in answer.nodes or answer.nodes[parent].kind is ModuleKind.MISSING):
        parent = parent.rpartition(".")[0]
    # The package of a distribution may make submodules of its own.
    return not parent or answer.nodes[parent].owner in {APP, STDLIB}
