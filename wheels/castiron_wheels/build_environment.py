"""The environment of a build: a virtual environment of the target's interpreter, and the variables of the process.

Source: PEP 405 (``pyvenv.cfg``); reproducible-builds.org, SOURCE_DATE_EPOCH.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from castiron_common.home import home_folder
from castiron_elf.interpreter import interpreter_of, set_interpreter
from castiron_wheels.compilers import compiler_variables, write_compilers
from castiron_wheels.install import install, site_packages
from castiron_wheels.zig_library import zig_variables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castiron_common.target import PythonTarget
    from castiron_runtime.model import Pack

_SOURCE_DATE = "315532800"
"""1980-01-01, the first day that ZIP files know."""


class Note(StrEnum):
    """What the programs of a build note, line by line, in a file of that name."""

    OPTIONS_LEFT_OUT = "options-left-out"
    """Options that the compilers did not pass on."""
    LIBRARIES_LINKED = "libraries-linked"
    """Words for the linker that name libraries."""
    PKG_CONFIG_ASKED = "pkg-config-asked"
    """The words that pkg-config was called with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildEnvironment:
    """Where one build runs."""

    folder: Path
    """The virtual environment."""
    work: Path
    """An empty folder for compilers and temporary files."""
    python: Path
    """The pack's interpreter."""
    pack: Pack
    target: PythonTarget

    @property
    def interpreter(self) -> Path:
        """The virtual environment's interpreter."""
        return self.folder / "bin" / "python"

    def make(self, wheels: Sequence[Path]) -> None:
        """Make the virtual environment, or make it anew, with the wheels installed for the target."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        install(wheels, self.folder, self.target)
        programs = self.folder / "bin"
        programs.mkdir(exist_ok=True)
        for name in ("python", "python3", f"python{self.target.python}"):
            (programs / name).unlink(missing_ok=True)
            (programs / name).symlink_to(self.python)
        version = self.pack.python_version
        (self.folder / "pyvenv.cfg").write_text(
            f"home = {self.python.parent}\ninclude-system-site-packages = false\nversion = {version}\n",
            encoding="utf-8",
        )
        for script in programs.iterdir():
            _use_interpreter(script, self.interpreter)
        loader = interpreter_of(self.python)
        if loader is not None:
            for file in self.folder.rglob("*"):
                if file.is_file() and not file.is_symlink() and os.access(file, os.X_OK):
                    _use_loader(file, self.target.target.libc.loader, loader)

    def distributions(self) -> set[str]:
        """Return the normalised names of what is installed."""
        folders = site_packages(self.folder, self.target).glob("*.dist-info")
        return {canonicalize_name(path.name.rsplit("-", 1)[0].split("-")[0]) for path in folders}

    @property
    def libraries(self) -> Path:
        """Where headers and archives of the pack's libraries are that the build was given."""
        return self.work / "libraries"

    def noted(self, note: Note) -> tuple[str, ...]:
        """Return the lines that the compilers and pkg-config noted during the build, each once, sorted."""
        file = self.work / "notes" / note
        text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
        return tuple(sorted(set(text.splitlines())))

    def variables(self, source: Path) -> Mapping[str, str]:
        """Return the environment of the process: nothing of the caller's but PATH, so that his settings change no byte.

        ``source`` is the folder that is built; compilers forget its name.
        """
        for name in ("tmp", "home", "notes"):
            (self.work / name).mkdir(exist_ok=True)
        write_compilers(self.work / "compilers", Path(self.pack.toolchain.linker[0]), self.target.platform)
        programs = os.environ.get("PATH", "/usr/bin:/bin")
        return {**build_variables(self.folder, self.work, source, programs), **zig_variables(), **rust_homes()}


def build_variables(environment: Path, work: Path, source: Path, programs: str) -> Mapping[str, str]:
    """Return the variables of a build but those of the compilers' cache.

    ``environment`` is the virtual environment, ``work`` the folder of compilers and temporary files, ``source`` what is
    built, ``programs`` the caller's PATH.
    """
    tools = work / "compilers"
    return {
        **compiler_variables(tools),
        "PATH": os.pathsep.join([str(environment / "bin"), str(tools), programs]),
        "HOME": str(work / "home"),
        "TMPDIR": str(work / "tmp"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", _SOURCE_DATE),
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "VIRTUAL_ENV": str(environment),
        "CASTIRON_BUILD_ROOT": str(source),
        "CASTIRON_NOTES": str(work / "notes"),
        "CASTIRON_LIBRARIES": str(work / "libraries"),
        # Libraries of this machine are for another C library: no build may find them.
        "PKG_CONFIG_LIBDIR": str(work / "libraries" / "lib" / "pkgconfig"),
        "CMAKE_PREFIX_PATH": str(work / "libraries"),
        "CMAKE_FIND_ROOT_PATH": str(environment),
    }


def rust_homes() -> dict[str, str]:
    """Return the variables that name the caller's Rust, whose programs look for it below a home that builds do not see.

    Source: rustup book, Environment variables; Cargo book, Environment variables.
    """
    homes: dict[str, str] = {}
    for name, folder in (("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")):
        place = Path(os.environ.get(name) or home_folder() / folder)
        if place.is_dir():
            homes[name] = str(place.absolute())
    return homes


def _use_interpreter(script: Path, python: Path) -> None:
    """Let an installed script run with the environment's own Python."""
    if script.is_symlink():
        return
    data = script.read_bytes()
    first, newline, rest = data.partition(b"\n")
    if first.startswith(b"#!") and b"python" in first:
        script.write_bytes(b"#!" + str(python).encode() + newline + rest)


def _use_loader(program: Path, name: str, loader: str) -> None:
    """Let a program of a wheel (ninja, cmake) run here, where its loader, of that ``name``, is not: the pack's is."""
    if PurePosixPath(interpreter_of(program) or "").name == name:
        set_interpreter(program, loader)
        program.chmod(0o755)
