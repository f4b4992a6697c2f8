"""The target as uv and the packaging standards name it: platform tags, marker values, uv's platform names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from castiron_common.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.markers import Environment, Marker

    from castiron_manifest.model import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """How one target platform is called elsewhere."""

    uv: str
    """Value of uv's ``--python-platform``."""
    tags: tuple[str, ...]
    """Platform tags of wheels that run there, best first (PEP 656: musl 1.2 runs what was built for 1.1)."""
    machine: str
    """``platform.machine()``."""
    sibling: str
    """uv's name of the platform with the same kernel and processor, but another C library."""
    sibling_tags: tuple[str, ...]
    """How the platform tags of the sibling's wheels begin."""


_PLATFORMS = {
    "x86_64-linux-musl": Platform(
        uv="x86_64-unknown-linux-musl",
        tags=("musllinux_1_2_x86_64", "musllinux_1_1_x86_64", "musllinux_1_0_x86_64", "linux_x86_64"),
        machine="x86_64",
        sibling="x86_64-manylinux_2_40",
        sibling_tags=("manylinux", "linux"),
    ),
}


def platform_of(target: Target) -> Platform:
    """Return the platform's names; `UsageError` if it is not one we can make binaries for."""
    try:
        return _PLATFORMS[target.platform]
    except KeyError:
        raise UsageError(
            f"There are no wheels for the target platform {target.platform}.",
            hint=f"Choose one of: {', '.join(sorted(_PLATFORMS))}.",
        ) from None


@cache
def supported_tags(target: Target) -> tuple[Tag, ...]:
    """Return every wheel tag that the target can use, best first."""
    version = tuple(int(part) for part in target.python.split("."))
    platforms = platform_of(target).tags
    interpreter = f"cp{''.join(str(part) for part in version)}"
    return (
        *cpython_tags(version, [interpreter], platforms),
        *compatible_tags(version, interpreter, platforms),
    )


def fits(filename: str, target: Target) -> bool:
    """Say whether a wheel of that file name can be used by the target."""
    try:
        _, _, _, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return False
    return not tags.isdisjoint(supported_tags(target))


def holds(marker: Marker | None, target: Target, extras: Iterable[str] = ()) -> bool:
    """Say whether a requirement's marker holds in the target with one of the extras, or with none."""
    if marker is None:
        return True
    values = {name: str(value) for name, value in marker_environment(target).items()}
    return any(marker.evaluate({**values, "extra": extra}) for extra in ("", *sorted(extras)))


@cache
def full_version(target: Target) -> str:
    """Return the version of the Python that the target's runtime pack has: ``3.13.15``."""
    from castiron_runtime.packs import python_version

    return python_version(target.python)


def marker_environment(target: Target) -> Environment:
    """Return the values of PEP 508's environment markers in the target."""
    version = full_version(target)
    return {
        "implementation_name": "cpython",
        "implementation_version": version,
        "os_name": "posix",
        "platform_machine": platform_of(target).machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": version,
        "python_version": target.python,
        "sys_platform": "linux",
    }
