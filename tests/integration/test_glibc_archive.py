"""The same objects, compiled by GCC against glibc, as an ordinary program and on the stand-ins for glibc's functions.

`glibc_abi/` does what libraries of wheels do, and prints what it finds.  Its objects are linked twice: with this
machine's glibc, and statically with musl and the archive, where references are renamed as the absorber binds them.
Both print the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castiron_common.progress import SilentReporter
from castiron_elf.archive import read_members
from castiron_elf.object_symbols import global_definitions
from castiron_runtime.glibc import FOLDER, PREFIX
from castiron_runtime.packs import glibc_archive
from castiron_runtime.stub import FOLDER as STUB
from tests.support.linking import run
from tests.support.needs import need

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_runtime.model import Pack

pytestmark = [pytest.mark.integration, need("gcc", all(map(shutil.which, ("gcc", "g++", "objcopy"))))]

HERE = Path(__file__).parent / "glibc_abi"
LIBRARY = ("library.cc", "library_main.c")
OURS = "no_images.c"
C_SOURCES = sorted(path.name for path in HERE.glob("*.c") if path.name not in {*LIBRARY, OURS})
FLAGS = ("-O2", "-D_FORTIFY_SOURCE=3", "-w")
GCC_ARCHIVES = ("libstdc++.a", "libgcc_eh.a", "libgcc.a")
CHECKED_WITH_SANITIZERS = (
    "fts.c",
    "numbers.c",
    "obstack.c",
    "random.c",
    "report.c",
    "strings.c",
)
"""Files of the archive that do not depend on musl's structures, so that GCC's sanitizers can look at them."""


def _do(*command: str | Path, cwd: Path) -> str:
    done = run(command, cwd=cwd)
    assert done.status == 0, done.stdout + done.stderr
    return done.stdout


def _objects(sources: Sequence[str], folder: Path, *more: str) -> list[Path]:
    made = []
    for source in sources:
        compiler = "g++" if source.endswith(".cc") else "gcc"
        standard = ("-std=c++17",) if compiler == "g++" else ()
        made.append(folder / f"{source}.o")
        _do(compiler, *standard, *FLAGS, *more, "-c", HERE / source, "-o", made[-1], cwd=folder)
    return made


def _stand_ins(pack: Pack) -> tuple[Path, list[str]]:
    archive = glibc_archive(pack, reporter=SilentReporter())
    symbols = (symbol.name for _, data in read_members(archive) for symbol in global_definitions(data))
    return archive, sorted(name.removeprefix(PREFIX) for name in symbols if name.startswith(PREFIX))


def _renamed(objects: Sequence[Path], names: Sequence[str], folder: Path) -> list[Path]:
    (folder / "names").write_text("".join(f"{name} {PREFIX}{name}\n" for name in names))
    made = []
    for path in objects:
        made.append(folder / f"renamed-{path.name}")
        _do("objcopy", f"--redefine-syms={folder / 'names'}", path, made[-1], cwd=folder)
    return made


def _static_program(pack: Pack, objects: Sequence[Path], folder: Path) -> Path:
    archive, names = _stand_ins(pack)
    toolchain = pack.toolchain
    own = folder / "no_images.o"
    _do(*toolchain.cc, *toolchain.cflags, f"-I{STUB}", "-c", HERE / OURS, "-o", own, cwd=folder)
    program = folder / "static"
    libraries: tuple[str | Path, ...] = ("--start-group", archive, *toolchain.libraries, "--end-group")
    renamed = _renamed(objects, names, folder)
    options = ("-static", "--gc-sections", "--eh-frame-hdr", "-z", "stack-size=8388608")
    _do(*toolchain.linker, *options, "-o", program, toolchain.crt1, *renamed, own, *libraries, cwd=folder)
    return program


def _compare(reference: Path, program: Path, folder: Path) -> None:
    plain = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    expected, found = (run([path], cwd=folder, env=plain) for path in (reference, program))
    assert expected.status == 0, expected.stderr
    assert found.stdout.splitlines() == expected.stdout.splitlines()
    assert found.status == 0


def test_c_code_of_a_wheel_does_the_same(pack: Pack, tmp_path: Path) -> None:
    objects = _objects(C_SOURCES, tmp_path)
    reference = tmp_path / "reference"
    _do("gcc", *objects, "-o", reference, "-lm", "-lresolv", "-pthread", cwd=tmp_path)
    _compare(reference, _static_program(pack, objects, tmp_path), tmp_path)


def test_cxx_code_of_a_wheel_does_the_same(pack: Pack, tmp_path: Path) -> None:
    objects = _objects(LIBRARY, tmp_path)
    reference = tmp_path / "reference"
    _do("g++", *objects, "-static-libstdc++", "-o", reference, "-pthread", cwd=tmp_path)
    archives = [Path(_do("gcc", f"-print-file-name={name}", cwd=tmp_path).strip()) for name in GCC_ARCHIVES]
    _compare(reference, _static_program(pack, [*objects, *archives], tmp_path), tmp_path)


def test_stand_ins_keep_within_their_memory(pack: Pack, tmp_path: Path) -> None:
    """With GCC's sanitizers, on this machine's glibc: what does not depend on musl's structures."""
    machine = FOLDER / pack.target.sources.stub
    sanitized = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-builtin", "-D_GNU_SOURCE")
    ours = []
    for source in CHECKED_WITH_SANITIZERS:
        ours.append(tmp_path / f"own-{source}.o")
        _do("gcc", *sanitized, f"-I{FOLDER}", f"-I{machine}", "-c", FOLDER / source, "-o", ours[-1], cwd=tmp_path)
    listed = subprocess.run(
        ["nm", "-g", "--defined-only", *ours], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    names = sorted({name.removeprefix(PREFIX) for name in listed if name.startswith(PREFIX)})
    assert {"fts_read", "_obstack_newchunk", "strtol", "random_r"} <= set(names)
    objects = _objects(["main.c", *(name for name in C_SOURCES if name != "main.c")], tmp_path)
    program = tmp_path / "sanitized"
    libraries = ("-lm", "-lresolv", "-pthread")
    _do("gcc", *sanitized, *_renamed(objects, names, tmp_path), *ours, "-o", program, *libraries, cwd=tmp_path)
    done = run([program, "files", "numbers", "strings", "obstacks"], cwd=tmp_path)
    assert (done.status, done.stderr) == (0, "")
