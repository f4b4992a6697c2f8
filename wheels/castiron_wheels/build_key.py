"""What decides which wheel comes of the same sources, as one hash for the keys of built wheels.

Programs, flags and variables that a build sees count by their values, whoever puts them together; code counts only
where it makes bytes of the wheel.  So a change elsewhere in this package builds nothing again.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.source_key import code_key
from castiron_wheels.build_environment import build_variables
from castiron_wheels.compilers import compiler_texts
from castiron_wheels.offered_libraries import offered_libraries

if TYPE_CHECKING:
    from castiron_common.target import PythonTarget
    from castiron_runtime.model import Pack

_HERE = Path(__file__).parent

MAKES_BYTES = ("backend/run_hook.py", "record.py", "reproducible.py", "toolchain_sbom.py")
"""What calls the backend, and what is done to the wheel that it made."""

_SOMEWHERE = Path("/somewhere")
"""Stands for every place of this machine."""


def build_key(target: PythonTarget, pack: Pack) -> str:
    """Return the hash for builds in the pack's interpreter, with the ``SOURCE_DATE_EPOCH`` of now."""
    from castiron_runtime.shared_objects import library_key  # only where something is built

    variables = build_variables(_SOMEWHERE, _SOMEWHERE, _SOMEWHERE, "")
    texts = compiler_texts(_SOMEWHERE, target.platform, _SOMEWHERE)
    libraries = [library_key(name, target.target) for name in offered_libraries()]
    seen = [texts, libraries, variables, pack.id, pack.toolchain.version, _code()]
    return code_key((), also=json.dumps(seen, sort_keys=True))


@cache
def _code() -> str:
    return code_key(_HERE / name for name in MAKES_BYTES)
