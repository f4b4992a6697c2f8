"""Finds the compiler: the ziglang wheel that is installed beside Castiron."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from castiron_common.errors import HostToolError
from castiron_common.versions import installed_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Zig:
    """The installed ziglang wheel."""

    program: Path
    version: str

    @property
    def lib(self) -> Path:
        """Zig's own library folder: headers and sources of musl, libc++, compiler-rt."""
        return self.program.parent / "lib"


def find_zig() -> Zig:
    """Return the ziglang wheel that is installed beside us."""
    spec = util.find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        raise HostToolError(
            "The compiler (the ziglang wheel) is not installed beside Castiron.",
            hint="Install with: pip install ziglang",
        )
    program = Path(next(iter(spec.submodule_search_locations))) / "zig"
    if not os.access(program, os.X_OK):
        raise HostToolError(f"{program} is not executable.", hint="Install anew: pip install --force-reinstall ziglang")
    return Zig(program=program, version=installed_version("ziglang"))
