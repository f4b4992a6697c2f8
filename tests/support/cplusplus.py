"""C++ for the target, by the compiler that builds of distributions get: one build of libc++ serves all of them.

zig makes it anew, in a minute, for each combination of certain options and in each cache.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import ziglang

from castiron_wheels.build_environment import zig_cache
from castiron_wheels.compilers import write_compilers
from tests.support.targets import target_for

if TYPE_CHECKING:
    from collections.abc import Sequence

_ZIG = Path(ziglang.__file__).with_name("zig")
_CACHE = zig_cache()
"""The user's, also where a test has a cache of its own."""


def shared_object(arguments: Sequence[str | Path], target: Path) -> None:
    """Compile and link; libc++ and the unwinder are inside, as in many wheels."""
    tools = target.with_name(f"{target.name}.compilers")
    compiler = write_compilers(tools, _ZIG, target_for().platform)["CXX"]
    command = [compiler, "-shared", *map(str, arguments), "-o", str(target)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **_CACHE})
