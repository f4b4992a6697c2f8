"""Measures the passes of a stage."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock:
    """Measures named passes: ``with clock("read"): ...``."""

    def __init__(self) -> None:
        self._seconds: list[tuple[str, float]] = []

    @property
    def seconds(self) -> tuple[tuple[str, float], ...]:
        """Name and duration of each pass that has ended without an error, in their order."""
        return tuple(self._seconds)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Measure one pass."""
        started = time.perf_counter()
        yield
        self._seconds.append((name, time.perf_counter() - started))
