"""Tags of wheels: which the target can use, and which is best.

Source: Platform compatibility tags, packaging.python.org specifications (PEP 425, PEP 656).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from castiron_common.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_common.target import PythonTarget, Target


@cache
def supported_tags(target: PythonTarget) -> tuple[Tag, ...]:
    """Return every wheel tag that the target can use, best first.

    Wheels for its own C library come first, then those for the emulated one, then those for every platform.
    """
    wheels = target.target.wheels
    tags = [tag for platforms in (wheels.tags, wheels.emulated_tags) for tag in _tags(target, platforms)]
    return tuple(dict.fromkeys(sorted(tags, key=lambda tag: tag.platform == "any")))


def _tags(target: PythonTarget, platforms: tuple[str, ...]) -> Iterator[Tag]:
    version = tuple(int(part) for part in target.python.split("."))
    interpreter = f"cp{''.join(str(part) for part in version)}"
    if platforms:
        yield from cpython_tags(version, [interpreter], platforms)
        yield from compatible_tags(version, interpreter, platforms)


def with_wheels(target: Target, choice: str) -> Target:
    """Return the target with wheels for ``any`` C library that can be absorbed, or for its own alone, by its name.

    Raises `UsageError` for another choice.
    """
    if choice == "any":
        return target
    if choice != target.libc.name:
        raise UsageError(
            f"--wheels {choice}: wheels for {target} are for any C library, or for {target.libc.name} alone.",
            hint=f"Use --wheels any or --wheels {target.libc.name}.",
        )
    return replace(target, wheels=replace(target.wheels, emulated_tags=(), emulated_triple=""))


def with_processors(target: Target, level: int) -> Target:
    """Return the target with wheels for its processors up to ``level`` (index in its levels), too.

    Their names end in the level (``..._v2``), as auditwheel writes them.  What every processor runs
    is preferred.
    """
    if not level or target.elf.processors is None:
        return target
    first, *levels = target.elf.processors.levels[: level + 1]
    suffixes = ["", *(item.removeprefix(first).replace("-", "_") for item in reversed(levels))]

    def named(tags: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(tag + suffix for suffix in suffixes for tag in tags)

    wheels = target.wheels
    return replace(target, wheels=replace(wheels, tags=named(wheels.tags), emulated_tags=named(wheels.emulated_tags)))


def processors_for(filename: str, target: PythonTarget) -> str | None:
    """Return the level of the oldest processors for which a wheel of that file name is, if that alone hinders it."""
    levels = target.target.elf.processors.levels if target.target.elf.processors else ()
    for level in range(1, len(levels)):
        if fits(filename, replace(target, target=with_processors(target.target, level))):
            return levels[level]
    return None


def is_emulated(filename: str, target: PythonTarget) -> bool:
    """Say whether a wheel of that file name is for the emulated C library, and not for the target's own, too."""
    try:
        tags = parse_wheel_filename(filename)[3]
    except InvalidWheelFilename:
        return False
    platforms = {tag.platform for tag in tags}
    wheels = target.target.wheels
    return not platforms.isdisjoint(wheels.emulated_tags) and platforms.isdisjoint({*wheels.tags, "any"})


def fits(filename: str, target: PythonTarget) -> bool:
    """Say whether a wheel of that file name can be used by the target."""
    try:
        _, _, _, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return False
    return not tags.isdisjoint(supported_tags(target))
