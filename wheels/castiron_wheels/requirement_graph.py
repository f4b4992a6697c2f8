"""Which distribution needs which."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from castiron_wheels.markers import holds
from castiron_wheels.wheel_metadata import read_metadata, split_filename

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from packaging.requirements import Requirement

    from castiron_common.target import PythonTarget


@dataclass(slots=True)
class RequirementGraph:
    """Who needs whom, from the wheels' own metadata, for the target and the extras that are asked for."""

    wheels: Mapping[str, Path]
    target: PythonTarget
    edges: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    active_roots: list[Requirement] = field(default_factory=list)
    _extras: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def follow(self, roots: Iterable[Requirement]) -> None:
        """Fill ``edges``, starting with the extras that the roots ask for."""
        for root in roots:
            if holds(root.marker, self.target):
                self.active_roots.append(root)
                self._extras[canonicalize_name(root.name)] |= {canonicalize_name(extra) for extra in root.extras}
        waiting = sorted(self.wheels)
        while waiting:
            name = waiting.pop()
            for requirement in self._required(name):
                other = canonicalize_name(requirement.name)
                new = {canonicalize_name(extra) for extra in requirement.extras} - self._extras[other]
                self.edges[name].add(other)
                if new:
                    self._extras[other] |= new
                    if other in self.wheels:
                        waiting.append(other)

    def unmet(self) -> list[tuple[str, Requirement]]:
        """Return (distribution, requirement) for what is missing or of a wrong version, sorted."""
        result = []
        for name in sorted(self.wheels):
            for requirement in self._required(name):
                wheel = self.wheels.get(canonicalize_name(requirement.name))
                if wheel is None or not requirement.specifier.contains(
                    Version(split_filename(wheel.name)[1]), prereleases=True
                ):
                    result.append((name, requirement))
        return result

    def extras_that_bring(self) -> dict[str, str]:
        """Return what nothing but an extra of a root asks for -> ``distribution[extra]``, the first of them."""
        brought: dict[str, str] = {}
        for root in self.active_roots:
            name = canonicalize_name(root.name)
            for extra in sorted(map(canonicalize_name, root.extras)):
                for other in sorted(self._of_extra(name, {extra})):
                    brought.setdefault(other, f"{name}[{extra}]")
        roots: set[str] = {canonicalize_name(root.name) for root in self.active_roots}
        for needs, others in self.edges.items():
            for other in others - roots:
                if other in brought and brought[other].partition("[")[0] != needs:
                    del brought[other]  # another distribution needs it, whoever asks for the extra
        return {other: by for other, by in sorted(brought.items()) if other not in roots}

    def _of_extra(self, name: str, extras: set[str]) -> set[str]:
        """Return what a distribution requires with some extras and not without; extras may stand for others of it."""
        if name not in self.wheels:
            return set()
        required = read_metadata(self.wheels[name]).requires
        while True:
            new = [
                item
                for item in required
                if holds(item.marker, self.target, extras) and not holds(item.marker, self.target)
            ]
            inner = {canonicalize_name(e) for item in new if canonicalize_name(item.name) == name for e in item.extras}
            if inner <= extras:
                return {str(canonicalize_name(item.name)) for item in new} - {name}
            extras = extras | inner

    def _required(self, name: str) -> list[Requirement]:
        extras = self._extras[name]
        metadata = read_metadata(self.wheels[name])
        return [item for item in metadata.requires if holds(item.marker, self.target, extras)]
