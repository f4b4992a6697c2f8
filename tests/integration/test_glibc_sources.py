"""Every stand-in for a function of glibc compiles without a warning, and what the archive needs is there."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from castiron_common.progress import SilentReporter
from castiron_elf.archive import read_members
from castiron_elf.object_symbols import global_definitions
from castiron_runtime.glibc import FOLDER, PREFIX, compile_flags
from castiron_runtime.packs import glibc_archive

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

SOURCES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.suffix in {".c", ".S"})


@pytest.mark.parametrize("source", SOURCES)
def test_a_file_compiles_without_a_warning(pack: Pack, source: str, tmp_path: Path) -> None:
    toolchain = pack.toolchain
    command = [*toolchain.cc, *toolchain.cflags, *compile_flags(toolchain.target), "-Werror", "-c", FOLDER / source]
    done = subprocess.run(
        [*map(str, command), "-o", str(tmp_path / "file.o")], capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_each_name_is_defined_once(pack: Pack) -> None:
    archive = glibc_archive(pack, reporter=SilentReporter())
    assert archive.name == "libcastiron_gnu.a"
    names = [symbol.name for _, data in read_members(archive) for symbol in global_definitions(data)]
    assert len(names) == len(set(names))
    stand_ins = {name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)}
    assert len(stand_ins) > 800
    assert {"__memcpy_chk", "__xstat64", "strerror_r", "getcontext", "newlocale", "_dl_find_object"} <= stand_ins
