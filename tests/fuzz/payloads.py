"""Payloads of linked binaries: the stub's own reader and its decompressors, compiled with sanitizers."""

from __future__ import annotations

import os
import resource
import shutil
import struct
import subprocess
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import castiron_runtime.toolchain
from castiron_common.cache import cache_root, folder_entry
from castiron_common.errors import CastironError
from castiron_common.files import sha256_bytes
from castiron_link.payload import BootConfig, PayloadFile, PayloadLink, PayloadModule, write_payload
from castiron_link.zstd import zstd
from castiron_manifest.model import EntryKind
from castiron_runtime.recipe import load_recipe
from tests.fuzz.mutations import INTEGERS, change_bytes
from tests.fuzz.parser import DefectError, Parser
from tests.support.zstd_sources import ZSTD_FLAGS, zstd_sources

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

STUB = Path(castiron_runtime.toolchain.__file__).with_name("stub")
HARNESS = Path(__file__).with_name("payload_harness.c")
COMPILER = shutil.which("gcc") or shutil.which("clang")
_FLAGS = (
    *("-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    *("-D_exit=harness_exit", "-Dwrite=harness_write", f"-I{STUB}", "-Wno-attributes"),
)
_MOST = 1 << 20
_HEADER = (*(1,) * 8, 4, 4, 8, 4, 4, *(4,) * 8, *(8,) * 6, *(1,) * 16)
_NODE = (4, 4, 4, 1, 1, 2, 8, 8, 4, 4)
_MODULE = (4, 4, 4, 4, 4, 4, 8, 8, 4, 4, 4, 4)
_TEXT = (4, 4)


def _unlimited() -> None:
    """The sanitizer maps terabytes of address space."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


class RefusedError(CastironError):
    """The reader said that the payload is damaged, or not one of its version."""


def example(*, small: bool = False) -> bytes:
    """Return a payload with everything that there can be in one; ``small``: with frames of Zstandard."""
    text = b"# a comment that compresses well\n" * 100

    def module(path: str, *, package: bool = False, **more: object) -> PayloadModule:
        return PayloadModule(path=path, package=package, code=b"\xe3" * (4000 if small else 40), source=False, **more)  # type: ignore[arg-type]

    lib = "lib/python3.13"
    files = [
        PayloadFile(path=f"{lib}/json/__init__.py", data=text, compressed_share=0.9),
        PayloadFile(path=f"{lib}/json/decoder.py", data=bytes(range(256)) * 9 + text, compressed_share=0.9),
        PayloadFile(path="app/hello.py", data=b"print('hello')\n" * 9, compressed_share=1.0),
        PayloadFile(path="app/data.bin", data=bytes(1000)),
        PayloadFile(path="app/empty", data=b""),
        PayloadFile(path="bin/python", data=b"", executable=True),
        PayloadFile(path="bin/tool", data=b"#!/bin/sh\n", executable=True),
    ]
    links = [
        PayloadLink(path="app/link", target="data.bin", leads_to="app/data.bin", followed=1),
        PayloadLink(path="app/again", target="link", leads_to="app/data.bin", followed=2),
        PayloadLink(path="app/up", target="../lib", leads_to="lib", followed=1),
    ]
    modules = [
        module(f"{lib}/json", package=True),
        module(f"{lib}/json/decoder"),
        module(f"{lib}/os"),
        module("app/fast", extension=3, suffix=".cpython-313-x86_64-linux-musl.so"),
        module("app/hello"),
        module("app/script", suffix=""),
    ]
    config = BootConfig(
        kind=EntryKind.SCRIPT,
        path="app/hello.py",
        program="hello",
        sys_path=("$ORIGIN/plugins", "/opt/x"),
        function="main",
    )
    if small:
        return bytes(write_payload(config, modules, files, links, compress=zstd, zstd=True).data)
    return bytes(write_payload(config, modules, files, links).data)


def _fields(data: bytes) -> list[list[tuple[int, int]]]:
    """Return (offset, size) of every field, table by table."""
    numbers = struct.unpack_from("<QQQQQQ", data, 64)
    tables = [(0, 1, _HEADER)]
    tables += zip(numbers[0::2], numbers[1::2], (_NODE, _MODULE, _TEXT), strict=True)
    found = []
    for at, count, sizes in tables:
        starts = accumulate(sizes * count, initial=at)
        found.append(list(zip(starts, sizes * count, strict=False)))
    return found


def _compressed(data: bytes) -> list[tuple[int, int]]:
    """Return (offset, bytes) of every compressed content."""
    nodes, count = struct.unpack_from("<QQ", data, 64)
    rows = [struct.unpack_from("<QIBBHQQII", data, nodes + 40 * index) for index in range(count)]
    contents = [(row[5], row[7]) for row in rows if row[2] == 1 and row[7]]
    modules, count = struct.unpack_from("<QQ", data, 80)
    codes = [struct.unpack_from("<QQIIQQIIII", data, modules + 56 * index) for index in range(count)]
    return contents + [(row[4], row[8]) for row in codes if row[8]]


@dataclass(frozen=True, slots=True)
class _Seed:
    """A sound payload, and what may be changed in it."""

    data: bytes
    tables: list[list[tuple[int, int]]]
    """(offset, size) of every field, table by table."""
    compressed: list[tuple[int, int]]
    """(offset, bytes) of every compressed content."""

    @classmethod
    def of(cls, data: bytes) -> _Seed:
        return cls(data, _fields(data), _compressed(data))


def _change(seed: _Seed, out: bytearray, random: Random) -> None:
    way = random.random()
    if way < 0.25:  # a compressed content
        start, length = random.choice(seed.compressed)
        for _ in range(random.choice((1, 1, 2, 4, 16))):
            out[start + min(random.randrange(length), random.randrange(length))] = random.randrange(256)
        return
    if way < 0.35:  # contents and texts
        start = max(at for rows in seed.tables for at, _ in rows)
        if start < len(out):
            at = random.randrange(start, len(out))
            out[at] = random.randrange(256)
        return
    rows = random.choice(seed.tables)
    at, size = random.choice(rows)
    other, other_size = random.choice(rows)
    old = int.from_bytes(out[at : at + size], "little")
    number = random.choice(
        (
            *(old - 1, old + 1, old + 8, old * 2, old ^ 1 << random.randrange(8 * size), len(out), len(out) - 1),
            *(random.choice(INTEGERS), random.choice(INTEGERS), random.randrange(len(out) + 1)),
            int.from_bytes(out[other : other + other_size], "little"),
        )
    )
    out[at : at + size] = (number & ((1 << 8 * size) - 1)).to_bytes(size, "little")


def _library(compiler: str) -> Path:
    """Return the folder of the decompressor's objects, which are kept: with sanitizers, they take ten seconds.

    Without the optimiser: the library is large, and sanitizers make it larger.
    """
    command = [compiler, *_FLAGS, "-O0", *ZSTD_FLAGS]
    version = subprocess.run([compiler, "--version"], check=True, capture_output=True, text=True).stdout
    # The compiler's path may be another compiler's one day.
    made_of = (version, command, load_recipe("zstd").pins)
    root = cache_root({"CASTIRON_CACHE": os.environ["FUZZ_CACHE"]})

    def build(folder: Path) -> None:
        sources = zstd_sources(folder / "sources")
        subprocess.run([*command, "-c", *sources], check=True, cwd=folder)

    return folder_entry(root / "fuzz" / sha256_bytes(repr(made_of).encode())[:32], build)


class StubReader(Parser):
    """A reader of the stub in a process of its own."""

    expected = RefusedError

    def build(self, harness: Path, names: Sequence[str]) -> None:
        """Compile the reader: a harness, and files of the stub by their names."""
        if COMPILER is None:
            raise RuntimeError("the fuzzers of the stub need gcc or clang")
        self._program = self.folder / "harness"
        stub = [STUB / name for name in names]
        parts = [harness, *stub, *sorted(_library(COMPILER).glob("*.o"))]
        subprocess.run([COMPILER, *_FLAGS, "-o", self._program, *parts], check=True)
        self._errors = (self.folder / "errors").open("w+b")
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, data: bytes) -> str:
        said = self._ask(data)
        if said in ("damaged", "refused"):
            raise RefusedError(said, hint="")
        return said

    def _ask(self, data: bytes) -> str:
        if self._process is None:
            self._errors.seek(0)
            self._errors.truncate()
            self._process = subprocess.Popen(
                [self._program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                preexec_fn=_unlimited,  # noqa: PLW1509 (a worker has one thread)
            )
        process, done = self._process, False
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(struct.pack("<I", len(data)) + data)
            process.stdin.flush()
            line = process.stdout.readline()
            done = bool(line)
        except BrokenPipeError:
            line = b""
        finally:
            if not done:  # it crashed, or hangs
                self.stop()
        if not line:
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace")
            lines = [text.strip() for text in said.splitlines() if "ERROR" in text or "runtime error" in text]
            frames = [text.strip() for text in said.splitlines() if " in " in text][:2]
            raise DefectError(f"the reader crashed: {' '.join(lines[:1] + frames)}")
        return line.decode().strip()

    def stop(self) -> None:
        process = getattr(self, "_process", None)
        if process is not None:
            process.kill()
            process.wait()
            self._process = None


class Payloads(StubReader):
    """The reader of payloads."""

    suffix = ".payload"

    def prepare(self) -> None:
        self.build(HARNESS, ("payload/payload.c", "payload/inflate.c", "payload/zstd.c"))
        self._seeds = [_Seed.of(example()), _Seed.of(example(small=True))]
        for seed in self._seeds:
            if self.run(seed.data) != "read":
                raise RuntimeError("the reader does not read a sound payload")

    def make(self, random: Random) -> bytes:
        seed = random.choice(self._seeds)
        out = bytearray(seed.data)
        for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
            _change(seed, out, random)
        if random.random() < 0.1:
            out = bytearray(change_bytes(bytes(out), random))
        if random.random() < 0.9 and len(out) > 24:
            struct.pack_into("<Q", out, 16, len(out))
        return bytes(out[:_MOST])
