"""Finds why a distribution or module is in the binary: the shortest chain of imports, else of requirements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_audit.model import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from castiron_manifest.model import Manifest, Module


def distribution_chains(manifest: Manifest) -> Mapping[str, tuple[Step, ...]]:
    """Return the chain of every distribution that something leads to, from the entry point to the distribution."""
    modules = {module.name: module for module in reversed(manifest.modules)}
    depths: dict[str, int] = {}
    best: dict[str, tuple[int, str]] = {}
    for module in manifest.modules:
        if module.distribution is not None:
            rank = _depth(module.name, modules, depths), module.name
            best[module.distribution] = min(best.get(module.distribution, rank), rank)
    chains = {name: _import_chain(module, modules, manifest) for name, (_, module) in best.items()}
    return {**_requirement_chains(manifest, chains), **chains}


def module_chain(manifest: Manifest, name: str) -> tuple[Step, ...]:
    """Return the chain from the entry point to a module; empty if the manifest has no such module."""
    modules = {module.name: module for module in reversed(manifest.modules)}
    return _import_chain(name, modules, manifest) if name in modules else ()


def _depth(name: str, modules: Mapping[str, Module], depths: dict[str, int]) -> int:
    """Return how many modules the chain of a module has; ``depths`` keeps those of the modules on it."""
    path: list[str] = []
    module: str | None = name
    while module is not None and module not in depths and module in modules and module not in path:
        path.append(module)
        via = modules[module].via
        module = via.importer if via else None
    depth = depths.get(module, 0) if module is not None else 0
    for step in reversed(path):
        depth += 1
        depths[step] = depth
    return depths.get(name, 0)


def _import_chain(name: str, modules: Mapping[str, Module], manifest: Manifest) -> tuple[Step, ...]:
    steps: list[Step] = []
    visited: set[str] = set()
    current: str | None = name
    while current is not None and current not in visited:
        visited.add(current)
        module = modules.get(current)
        via = module.via if module else None
        if via is None:
            steps.append(Step(name=current, how=""))
            break
        where = f", line {via.line}" if via.line else ""
        steps.append(Step(name=current, how=f"{via.tier} import in {via.importer}{where}"))
        current = via.importer
    if steps[-1].how and current is not None:
        steps.append(Step(name=current, how=""))  # Imports in a circle: the chain ends where it came from.
    if steps[-1].name == "__main__" and manifest.entry.path:
        steps[-1] = Step(name=manifest.entry.path, how="")
    return tuple(reversed(steps))


def _requirement_chains(manifest: Manifest, known: Mapping[str, tuple[Step, ...]]) -> dict[str, tuple[Step, ...]]:
    """Return chains for distributions of which no module is imported: by what requires them, breadth first."""
    chains: dict[str, tuple[Step, ...]] = {}
    level = []
    for item in manifest.distributions:
        if item.name in known or item.direct:
            chains[item.name] = known.get(item.name) or (
                Step(name=manifest.entry.name, how=""),
                Step(name=item.name, how="required by the application"),
            )
            level.append(item)
    by_name = {item.name: item for item in manifest.distributions}
    while level:
        next_level = []
        for item in level:
            for name in item.requires:
                if name not in chains and name in by_name:
                    step = Step(name=name, how=f"required by {item.name}")
                    chains[name] = (*chains[item.name], step)
                    next_level.append(by_name[name])
        level = next_level
    return {name: chain for name, chain in chains.items() if name not in known}
