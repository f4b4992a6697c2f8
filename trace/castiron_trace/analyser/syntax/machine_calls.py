"""Finds calls that need what the machine brings: certificates, time zones, a shell."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.scan import MachineUse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from castiron_trace.analyser.syntax.facts import Facts
    from castiron_trace.analyser.syntax.nodes import Tree
    from castiron_trace.hints.model import MachineNeed

ANY = "*"


def by_last_name(needs: Iterable[MachineNeed]) -> dict[str, tuple[tuple[str, MachineNeed], ...]]:
    """Return the last name of each function -> (its dotted name, the hint)."""
    found: dict[str, list[tuple[str, MachineNeed]]] = {}
    for need in needs:
        for call in need.calls:
            found.setdefault(call.rpartition(".")[2], []).append((call, need))
    return {name: tuple(rows) for name, rows in found.items()}


def machine_uses(
    tree: Tree, facts: Facts, needs: Mapping[str, Sequence[tuple[str, MachineNeed]]]
) -> tuple[MachineUse, ...]:
    """Return what the calls of a source need, of which ``facts`` has those with a last name of ``needs``."""
    found = list(facts.machine_calls)
    if facts.machine_aliases:
        found += [
            (facts.machine_aliases[node.func.id], node)
            for node in tree.calls
            if isinstance(node.func, ast.Name) and node.func.id in facts.machine_aliases
        ]
    if not found:
        return ()
    names = dict(_imported(tree))
    return tuple(sorted({use for name, call in found for use in _uses(call, _dotted(call.func, names), needs[name])}))


def _uses(call: ast.Call, dotted: str, rows: Iterable[tuple[str, MachineNeed]]) -> Iterator[MachineUse]:
    for wanted, need in rows:
        prefix, _, last = wanted.rpartition(".")
        fits = dotted == wanted or (prefix == ANY and isinstance(call.func, ast.Attribute) and call.func.attr == last)
        if fits and _has_arguments(call, need):
            yield MachineUse(need.what, call.lineno)


def _has_arguments(call: ast.Call, need: MachineNeed) -> bool:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if need.keyword:
        value = given.get(need.keyword)
        if not (isinstance(value, ast.Constant) and value.value is True):
            return False
    if any(name in given for name in need.unless):
        return False
    if not need.argument:
        return True
    value = call.args[need.argument - 1] if len(call.args) >= need.argument else None
    return (
        isinstance(value, ast.Constant)
        and isinstance(value.value, str)
        and re.fullmatch(need.matches, value.value) is not None
    )


def _imported(tree: Tree) -> Iterator[tuple[str, str]]:
    """Yield (name in the source, dotted name of what it is)."""
    for node in tree.parents:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _dotted(node: ast.expr, names: Mapping[str, str]) -> str:
    """Return the dotted name that an expression means; empty if it is no name that was imported."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in names:
        return ""
    return ".".join([names[node.id], *reversed(parts)])
