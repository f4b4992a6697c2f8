"""Tags of wheels: which the target can use, and which is best.

Source: Platform compatibility tags, packaging.python.org specifications (PEP 425, PEP 656).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

if TYPE_CHECKING:
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
