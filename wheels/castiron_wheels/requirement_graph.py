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

    def _required(self, name: str) -> list[Requirement]:
        extras = self._extras[name]
        metadata = read_metadata(self.wheels[name])
        return [item for item in metadata.requires if holds(item.marker, self.target, extras)]
