"""Builds small shared objects for the target, absorbs them, links them into a static C program and runs it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

import castiron_runtime.toolchain
from castiron_common.cache import folder_entry
from castiron_common.files import sha256_file
from castiron_common.progress import SilentReporter
from castiron_link.absorb import Absorbed, Lookup, absorb
from castiron_link.ld import FIXED_PLACE, POSITION_INDEPENDENT
from castiron_manifest.model import Native
from castiron_runtime.stub import target_flags
from castiron_runtime.toolchain import open_toolchain
from tests.support.elf_values import TARGET
from tests.support.patience import PATIENCE
from tests.support.shared import run_folder
from tests.support.zstd_sources import ZSTD_FLAGS, zstd_sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from castiron_link.examined.examination import Examination
    from castiron_runtime.model import Toolchain

STUB = Path(castiron_runtime.toolchain.__file__).parent / "stub"
STUB_SOURCES = tuple(f"images/{name}.c" for name in ("images", "folded", "packed", "symbols", "tls", "phdr", "dlfcn"))
ZIG = (sys.executable, "-m", "ziglang")


@dataclass(kw_only=True)
class Workshop:
    """A folder that plays site-packages, and the tools."""

    folder: Path
    toolchain: Toolchain
    stub: tuple[Path, ...]
    packed: bool = False
    """Whether images are stored compressed."""
    wide: bool = False
    """Whether the segments of libraries lie 2 MiB apart."""
    natives: list[Native] = field(default_factory=list)

    @property
    def site(self) -> Path:
        return self.folder / "site"

    def library(
        self, path: str, source: str, *flags: str, needs: tuple[str, ...] = (), owner: str = "demo", soname: str = ""
    ) -> Path:
        """Compile ``source`` into the shared object ``path`` of the site; ``needs`` are paths of others."""
        target = self.site / path
        target.parent.mkdir(parents=True, exist_ok=True)
        code = self.folder / (path.replace("/", "_") + ".c")
        code.write_text(source)
        obj = code.with_suffix(".o")
        linker_flags = [flag.removeprefix("-Wl,") for flag in flags if flag.startswith("-Wl,")]
        compiler_flags = [flag for flag in flags if not flag.startswith("-Wl,")]
        compile_c(self.toolchain, code, obj, "-fPIC", "-O1", *compiler_flags)
        command = [*self.toolchain.linker, "-shared", "-soname", soname or target.name, "--eh-frame-hdr", "-z", "relro"]
        command += ["-z", "max-page-size=0x200000", "-z", "separate-code"] if self.wide else []
        command += [*(word for flag in linker_flags for word in flag.split(",")), "-o", target, obj]
        command += [self.site / need for need in needs]
        subprocess.run(list(map(str, command)), check=True)
        self.add(path, owner=owner)
        return target

    def add(self, path: str, *, owner: str = "demo", module: str | None = None) -> None:
        target = self.site / path
        self.natives = [native for native in self.natives if native.path != path]
        self.natives.append(
            Native(
                path=path,
                distribution=owner,
                soname=None,
                sha256=sha256_file(target),
                size=target.stat().st_size,
                module=module,
            )
        )

    def absorb(
        self,
        *,
        wanted: tuple[str, ...] | None = None,
        optional: tuple[str, ...] = (),
        lookup: Lookup = Lookup.FOUND,
        examination: Examination | None = None,
    ) -> Absorbed:
        pack = SimpleNamespace(toolchain=self.toolchain, core=(), feature="3.13")
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        return absorb(
            self.natives,
            self.site,
            pack,
            work,
            SilentReporter(),
            target=TARGET,
            wanted=wanted,
            optional=optional,
            lookup=lookup,
            packed=self.packed,
            examination=examination,
        )  # type: ignore[arg-type]

    def link(self, main: str, *, absorbed: Absorbed | None = None, flags: tuple[str, ...] = ()) -> Path:
        """Link a C program with everything that was absorbed."""
        absorbed = absorbed or self.absorb()
        source, obj, program = self.folder / "main.c", self.folder / "main.o", self.folder / "program"
        source.write_text(main)
        compile_c(self.toolchain, source, obj)
        script = self.folder / "images.ld"
        script.write_text(absorbed.script or "")
        kind = POSITION_INDEPENDENT if self.toolchain.pie else FIXED_PLACE
        command = [*self.toolchain.linker, "-m", "elf_x86_64", "-static", *kind, "--gc-sections", "--eh-frame-hdr"]
        command += ["-z", "relro", "-z", "now", "-z", "stack-size=1048576", *flags, "-T", script, "-o", program]
        command += [self.toolchain.crt1, obj, *absorbed.objects, *self.stub]
        command += ["--start-group", *self.toolchain.libraries, "--end-group"]
        subprocess.run(list(map(str, command)), check=True)
        return program

    def run(self, main: str, **keywords: object) -> str:
        """Link, run, and return what the program prints; its exit code must be 0."""
        program = self.link(main, **keywords)  # type: ignore[arg-type]
        done = subprocess.run([program], capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
        return done.stdout


def compile_c(toolchain: Toolchain, source: Path, target: Path, *flags: str) -> None:
    command = [*toolchain.cc, *toolchain.cflags, f"-I{STUB}", *target_flags(toolchain.target), "-std=gnu11", *flags]
    subprocess.run([*command, "-c", str(source), "-o", str(target)], check=True)


@pytest.fixture(scope="session", params=[False, True], ids=["fixed", "pie"])
def toolchain(request: pytest.FixtureRequest) -> Toolchain:
    return open_toolchain(TARGET, pie=request.param, reporter=SilentReporter())


@pytest.fixture(scope="session")
def stub_objects(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:

    def build(folder: Path) -> None:
        for name in STUB_SOURCES:
            compile_c(toolchain, STUB / name, folder / f"{Path(name).stem}.o", "-D_GNU_SOURCE")

    return _objects(run_folder(tmp_path_factory) / f"stub-{toolchain.pie:d}", build)


@pytest.fixture(scope="session")
def decompressor(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """What packed images need beside the stub's own code for them."""

    def build(folder: Path) -> None:
        for source in (STUB / "payload" / "zstd.c", *zstd_sources(folder / "sources")):
            compile_c(toolchain, source, folder / f"{source.stem}.o", "-O2", *ZSTD_FLAGS)

    return _objects(run_folder(tmp_path_factory) / f"zstd-{toolchain.pie:d}", build)


def _objects(entry: Path, build: Callable[[Path], None]) -> tuple[Path, ...]:
    return tuple(sorted(folder_entry(entry, build).glob("*.o")))


@pytest.fixture(params=["plain", pytest.param("packed", marks=pytest.mark.integration)])
def workshop(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    toolchain: Toolchain,
    stub_objects: tuple[Path, ...],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Workshop:
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    (tmp_path / "site").mkdir()
    packed = request.param == "packed"
    more = request.getfixturevalue("decompressor") if packed else ()
    return Workshop(folder=tmp_path, toolchain=toolchain, stub=(*stub_objects, *more), packed=packed)
