"""Revisions of the builders: raise one when its builder gives other files from the same inputs.

They are parts of every cache key, and stand here, not with the builders, so that a look into the cache imports no
builder.
"""

from __future__ import annotations

from typing import Final

TOOLCHAIN: Final = 4
CPYTHON: Final = 4
LIBRARY: Final = 2
INTERPRETER: Final = 5
