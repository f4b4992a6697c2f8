"""Parsers that break every promise, to see that the engine sees it."""

from __future__ import annotations

import ctypes
import signal
import time
from typing import TYPE_CHECKING

from tests.fuzz.parser import Parser

if TYPE_CHECKING:
    from random import Random


class _Broken(Parser):
    def make(self, random: Random) -> bytes:
        return random.randbytes(4)


class Raises(_Broken):
    def run(self, data: bytes) -> str:
        return str(data[99])


class Crashes(_Broken):
    def run(self, data: bytes) -> str:
        return ctypes.string_at(data[0]).hex()


class Hangs(_Broken):
    def run(self, data: bytes) -> str:
        time.sleep(1000)
        return data.hex()


class HangsInC(_Broken):
    def run(self, data: bytes) -> str:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])  # as C code that does not come back
        time.sleep(1000)
        return data.hex()


class Swallows(_Broken):
    def run(self, data: bytes) -> str:
        return bytes(1 << 30).hex() + data.hex()
