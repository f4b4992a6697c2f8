"""What the packaging standards derive from a target: tags of wheels, values of markers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.markers import Environment, Marker

    from castiron_common.target import PythonTarget


@cache
def supported_tags(target: PythonTarget) -> tuple[Tag, ...]:
    """Return every wheel tag that the target can use, best first."""
    version = tuple(int(part) for part in target.python.split("."))
    platforms = target.target.wheels.tags
    interpreter = f"cp{''.join(str(part) for part in version)}"
    return (
        *cpython_tags(version, [interpreter], platforms),
        *compatible_tags(version, interpreter, platforms),
    )


def fits(filename: str, target: PythonTarget) -> bool:
    """Say whether a wheel of that file name can be used by the target."""
    try:
        _, _, _, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return False
    return not tags.isdisjoint(supported_tags(target))


def holds(marker: Marker | None, target: PythonTarget, extras: Iterable[str] = ()) -> bool:
    """Say whether a requirement's marker holds in the target with one of the extras, or with none."""
    if marker is None:
        return True
    values = {name: str(value) for name, value in marker_environment(target).items()}
    return any(marker.evaluate({**values, "extra": extra}) for extra in ("", *sorted(extras)))


def marker_environment(target: PythonTarget) -> Environment:
    """Return the values of PEP 508's environment markers in the target."""
    return {
        "implementation_name": "cpython",
        "implementation_version": target.version,
        "os_name": "posix",
        "platform_machine": target.target.machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": target.version,
        "python_version": target.python,
        "sys_platform": "linux",
    }
