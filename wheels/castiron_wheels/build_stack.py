"""What a build is given by whoever asks for it: the target, who provisions it, and which builds wait for it.

What a build requires is resolved as the application's own dependencies are, and may have to be built itself.  So the
builder gets the function that resolves, and passes on the builds under way: one that needs itself is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from castiron_common.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_common.target import PythonTarget
    from castiron_wheels.model import Requirements

DEEPEST = 12
"""Builds that may wait for each other.  Real chains have four: a backend, its plug-in, what that is made with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One build that is under way."""

    label: str
    """For messages: name and version."""
    entry: Path
    """Where the cache will keep its wheel.  Locked: whoever asked for it again would wait for ever."""


@dataclass(frozen=True, slots=True)
class BuildStack:
    """The builds that are under way, each waiting for the next."""

    builds: tuple[Build, ...] = ()

    def pushed(self, build: Build, platform: str) -> BuildStack:
        """Return the stack with one more.  Raises `DependencyError` if that waits for itself, or they are too many."""
        labels = [other.label for other in self.builds]
        hint = "Give a wheel of it as a requirement (./name.whl), or do without the distribution."
        if build.entry in {other.entry for other in self.builds}:
            chain = ""
            if labels[-1] != build.label:
                first = next(number for number, other in enumerate(self.builds) if other.entry == build.entry)
                chain = f" ({_chain([*labels[first:], build.label])})"
            raise DependencyError(
                f"{build.label} has no wheel for {platform}, and its build from source needs {build.label} itself"
                f"{chain}.",
                hint=hint,
            )
        if len(self.builds) >= DEEPEST:
            raise DependencyError(
                f"{build.label} has no wheel for {platform}, and {DEEPEST} builds from source wait for it already "
                f"({_chain([*labels, build.label])}).",
                hint=hint,
            )
        return BuildStack((*self.builds, build))


NOTHING_UNDER_WAY = BuildStack()


def _chain(labels: Sequence[str]) -> str:
    return f"{labels[0]} needs {', which needs '.join(labels[1:])}"


class Provision(Protocol):
    """Returns the wheels (in the cache) that requirements ask for, with all that these depend on."""

    def __call__(self, requirements: Requirements, stack: BuildStack) -> Sequence[Path]:
        """Resolve, fetch and build; ``stack`` are the builds that wait for the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    """What every build needs to know that does not depend on what is built."""

    target: PythonTarget
    provision: Provision
    reporter: Reporter
    stack: BuildStack = BuildStack()
    renew: bool = False
    """Whether the index is asked again although its answer is still known."""

    def within(self, build: Build) -> BuildContext:
        """Return the context for what ``build`` requires.  Raises `DependencyError` as `BuildStack.pushed` does."""
        return replace(self, stack=self.stack.pushed(build, self.target.platform))
