"""Paths that are relative to a folder's descriptor, from C: folders_test.c, absorbed into a binary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.compilers import shared_object
from tests.support.linking import run, trace_and_link

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

APP = """
import ctypes, os, sys
HERE = os.path.dirname(os.path.abspath(__file__))
library = ctypes.CDLL(os.path.join(HERE, "native", "libfolders.so"))
failures = library.check_folders(os.fsencode(sys.prefix))
ctypes.CDLL(None).fflush(None)
print(failures, os.path.exists(os.path.join(HERE, "data")))
"""


def test_paths_from_folders_descriptors(pack: Pack, tmp_path: Path) -> None:
    del pack
    for name in ("app/native", "app/data", "folder"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "app/app.py").write_text(APP)
    (tmp_path / "app/data/note.txt").write_text("note\n")
    (tmp_path / "app/data/link.txt").symlink_to("note.txt")
    source = Path(__file__).with_name("folders_test.c")
    shared_object(["-Wall", "-Wextra", "-Werror", source], tmp_path / "app/native/libfolders.so")
    program = trace_and_link(["app/app.py"], cwd=tmp_path, name="program", options=["--no-report"])
    (tmp_path / "beside.txt").write_text("beside\n")
    for name, target in (
        ("link", "program"),
        ("whole", str(program)),
        ("inner", "program/app"),
        ("folder/inner", f"{program}/app"),
        ("round", "program/../round"),
    ):
        (tmp_path / name).symlink_to(target)
    done = run([program], cwd=tmp_path)
    assert (done.status, done.stdout, done.stderr) == (0, "0 True\n", "")
