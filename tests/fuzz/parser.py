"""What the engine needs of a fuzzed parser."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from castiron_common.errors import CastironError

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random


class DefectError(Exception):
    """The parser broke a promise without raising anything itself (a difference, a write outside of its folder)."""


class Parser(ABC):
    """One parser: makes inputs, and runs the code under test on them.  An instance lives in one worker process."""

    expected: type[CastironError] | tuple[type[CastironError], ...] = CastironError
    """What a refusal may be; any other exception is a defect."""
    seconds = 10.0
    """That one input may take; the variable FUZZ_SECONDS gives others."""
    suffix = ".bin"
    """Of saved inputs."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is empty and may be written to; it is removed afterwards."""
        self.folder = folder

    def prepare(self) -> None:
        """Do what is done once, before memory is limited."""

    @abstractmethod
    def make(self, random: Random) -> bytes:
        """Return an input; equal states of ``random`` give equal inputs."""

    @abstractmethod
    def run(self, data: bytes) -> str:
        """Read an input with the code under test and return what came of it: ``accepted``, say.

        Raises `expected` for an input that is refused.
        """

    def stop(self) -> None:
        """Release what `prepare` acquired."""
