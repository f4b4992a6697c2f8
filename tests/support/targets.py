"""The target that tests are for, with the default series of CPython or another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_runtime.packs import python_target
from castiron_runtime.target_files import defaults, load_target

if TYPE_CHECKING:
    from castiron_common.target import PythonTarget

TARGET = load_target(defaults().target)


def target_for(python: str = "3.13") -> PythonTarget:
    """Return the default target with a series of CPython."""
    return python_target(TARGET, python)
