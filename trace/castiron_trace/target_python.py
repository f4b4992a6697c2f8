"""The target's interpreter, as the analysis needs it, from a runtime pack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.model import TargetPython

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_manifest.model import Target


def from_pack(target: Target, *, reporter: Reporter) -> TargetPython:
    """Open (on first need, build) the runtime pack of a target."""
    from castiron_runtime.packs import interpreter, open_pack

    pack = open_pack(target.python, target.platform, reporter=reporter)
    return TargetPython(
        id=pack.id,
        version=pack.python_version,
        interpreter=interpreter(pack, full=False, reporter=reporter),
        stdlib=pack.stdlib,
        builtins=frozenset(pack.extensions),
        suffixes=suffixes(target),
    )


def full_interpreter(target: Target, *, reporter: Reporter) -> Path:
    """Return the target's interpreter with every extension module, to run the application in."""
    from castiron_runtime.packs import interpreter, open_pack

    return interpreter(open_pack(target.python, target.platform, reporter=reporter), full=True, reporter=reporter)


def suffixes(target: Target) -> tuple[str, ...]:
    """Return the endings of extension modules' file names, best first, as in the target's `importlib.machinery`."""
    digits = target.python.replace(".", "")
    return (f".cpython-{digits}-{target.platform}.so", ".abi3.so", ".so")
