"""C and C++ for the target, by the compilers that builds of distributions get.

zig makes libraries of its own, above all libc++, which takes a minute, anew for each combination of certain options and
in each of its caches: here all tests use those of the builds.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import ziglang

from castiron_common.cache import cache_root
from castiron_wheels.compilers import write_compilers
from castiron_wheels.zig_library import zig_variables
from tests.support.targets import target_for

if TYPE_CHECKING:
    from collections.abc import Sequence

_ZIG = Path(ziglang.__file__).with_name("zig")
_CACHE = cache_root()
"""The user's, also where a test has a cache of its own."""


def shared_object(arguments: Sequence[str | Path], target: Path) -> None:
    """Compile and link C, C++ if a file's name says so: then libc++ and the unwinder are inside, as in many wheels."""
    tools = target.with_name(f"{target.name}.compilers")
    compilers = write_compilers(tools, _ZIG, target_for().platform)
    cxx = any(str(argument).endswith(".cc") for argument in arguments)
    command = [compilers["CXX" if cxx else "CC"], "-shared", *map(str, arguments), "-o", str(target)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **zig_variables(_CACHE)})
