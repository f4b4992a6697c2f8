"""What the builders themselves add to the keys of what they build: a hash of their code.

A changed builder may give other files from the same inputs, so its code is an input, as the recipe is.  Comments and
docstrings are not code: who improves one need not build CPython again.  They are taken out by their looks, as parsing
would cost more than all else that a look into the cache does; tests compare that with what Python's parser says, and
the modules listed here with those that the builders import.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from castiron_common.source_key import code_of

_HERE: Final = Path(__file__).parent

_COMMON: Final = ("build_environment.py", "compiler.py", "static_library.py")
TOOLCHAIN: Final = (*_COMMON, "toolchain_files.py")
_FROM_SOURCE: Final = (
    *_COMMON,
    "build_tools.py",
    "licenses.py",
    "pack_writer.py",
    "toolchain_licenses.py",
)
CPYTHON: Final = (*_FROM_SOURCE, "cpython.py", "link_time.py", "profiles.py", "source_changes.py", "standalone.py")
LIBRARY: Final = (*_FROM_SOURCE, "library_build.py")
PROFILE_RUNTIME: Final = (*_COMMON, "profile_runtime.py", "profiles.py")
INTERPRETER: Final = ("build_environment.py", "compiler.py", "interpreter.py", "profiles.py")


@cache
def builder_key(modules: tuple[str, ...]) -> str:
    """Return a hash of the code of a builder, which is these files of this package."""
    digest = hashlib.sha256()
    for name in modules:
        digest.update(f"{name}\n{code_of((_HERE / name).read_text(encoding='utf-8'))}\0".encode())
    return digest.hexdigest()
