"""Opens the target's interpreter, from a runtime pack, for the analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.model import TargetPython

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_common.target import PythonTarget


def from_pack(target: PythonTarget, *, reporter: Reporter) -> TargetPython:
    """Open (on first need, build) the runtime pack of a target."""
    from castiron_runtime.packs import interpreter, open_pack

    pack = open_pack(target.python, target.target, reporter=reporter)
    return TargetPython(
        id=pack.id,
        version=pack.python_version,
        interpreter=interpreter(pack, full=False, reporter=reporter),
        stdlib=pack.stdlib,
        builtins=frozenset(pack.extensions),
        suffixes=target.suffixes,
    )


def full_interpreter(target: PythonTarget, *, reporter: Reporter) -> Path:
    """Return the target's interpreter with every extension module, to run the application in."""
    from castiron_runtime.packs import interpreter, open_pack

    return interpreter(open_pack(target.python, target.target, reporter=reporter), full=True, reporter=reporter)
