"""Why a component is in: the shortest chain of imports from the entry point, else of requirements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_audit.model import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from castiron_manifest.model import Manifest, Module


def distribution_chains(manifest: Manifest) -> Mapping[str, tuple[Step, ...]]:
    """Return the chain of every distribution of the manifest, from the entry point down."""
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
    """Return the chain of one module, from the entry point down; empty if the manifest has no such module."""
    modules = {module.name: module for module in reversed(manifest.modules)}
    return _import_chain(name, modules, manifest) if name in modules else ()


def _depth(name: str, modules: Mapping[str, Module], depths: dict[str, int]) -> int:
    trail: list[str] = []
    at: str | None = name
    while at is not None and at not in depths and at in modules and at not in trail:
        trail.append(at)
        via = modules[at].via
        at = via.importer if via else None
    depth = depths.get(at, 0) if at is not None else 0
    for step in reversed(trail):
        depth += 1
        depths[step] = depth
    return depths.get(name, 0)


def _import_chain(name: str, modules: Mapping[str, Module], manifest: Manifest) -> tuple[Step, ...]:
    steps: list[Step] = []
    seen: set[str] = set()
    at: str | None = name
    while at is not None and at not in seen:
        seen.add(at)
        module = modules.get(at)
        via = module.via if module else None
        if via is None:
            steps.append(Step(name=at, how=""))
            break
        where = f", line {via.line}" if via.line else ""
        steps.append(Step(name=at, how=f"{via.tier} import in {via.importer}{where}"))
        at = via.importer
    if steps[-1].how and at is not None:
        steps.append(Step(name=at, how=""))
    if steps[-1].name == "__main__" and manifest.entry.path:
        steps[-1] = Step(name=manifest.entry.path, how="")
    return tuple(reversed(steps))


def _requirement_chains(manifest: Manifest, known: Mapping[str, tuple[Step, ...]]) -> dict[str, tuple[Step, ...]]:
    """Return chains for distributions of which no module is imported: who asks for them."""
    chains: dict[str, tuple[Step, ...]] = {}
    wave = []
    for item in manifest.distributions:
        if item.name in known or item.direct:
            chains[item.name] = known.get(item.name) or (
                Step(name=manifest.entry.name, how=""),
                Step(name=item.name, how="required by the application"),
            )
            wave.append(item)
    by_name = {item.name: item for item in manifest.distributions}
    while wave:
        following = []
        for item in wave:
            for name in item.requires:
                if name not in chains and name in by_name:
                    step = Step(name=name, how=f"required by {item.name}")
                    chains[name] = (*chains[item.name], step)
                    following.append(by_name[name])
        wave = following
    return {name: chain for name, chain in chains.items() if name not in known}
