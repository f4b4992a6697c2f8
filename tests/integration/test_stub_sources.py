"""Every file of the stub compiles without a warning, for each series of CPython: `-k execute.c` for a single one."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from castiron_common.progress import SilentReporter
from castiron_runtime.packs import stub_allocator
from castiron_runtime.stub import FOLDER, compile_command

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack

SOURCES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.c"))


@pytest.mark.integration
@pytest.mark.parametrize("source", SOURCES)
def test_a_file_compiles_without_a_warning(each_pack: Pack, source: str, tmp_path: Path) -> None:
    allocator = stub_allocator(each_pack, reporter=SilentReporter())
    command = [*compile_command(each_pack, allocator, FOLDER / source), "-Werror", "-o", tmp_path / "file.o"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
