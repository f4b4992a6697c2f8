"""Environment markers: whether a requirement is one in the target.

Source: Dependency specifiers, packaging.python.org specifications (PEP 508).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.markers import Environment, Marker

    from castiron_common.target import PythonTarget


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
