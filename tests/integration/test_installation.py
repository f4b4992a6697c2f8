"""What `pip install .` installs of a checkout that was used before."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.network]

ROOT = Path(__file__).parents[2]


def test_what_an_earlier_build_left_is_not_installed(tmp_path: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if not name.startswith(("tests/", "docs/", "examples/")) and (ROOT / name).is_file():
            copy = tmp_path / "checkout" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes((ROOT / name).read_bytes())
    stale = tmp_path / "checkout/build/lib/castiron_runtime/stub/stale.c"
    stale.parent.mkdir(parents=True)
    stale.write_text("#error this file is of an earlier commit\n")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path / "wheels", "."]
    subprocess.run(command, cwd=tmp_path / "checkout", check=True, capture_output=True)
    (wheel,) = (tmp_path / "wheels").iterdir()
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "castiron_runtime/stub/boot/main.c" in names
    assert "castiron_wheels/licenses/COPYING.RUNTIME" in names
    assert [name for name in names if "stale" in name] == []
