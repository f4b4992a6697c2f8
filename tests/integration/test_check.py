"""`castiron check`: what a binary lacks is found before it is shipped."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import CheckError, UsageError
from castiron_manifest.codec import decode, encode
from tests.support.linking import command

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

APPLICATION = """
import sys
from pathlib import Path
import package

Path("made").write_text("by the application")
print(__file__, package.__path__, sys.argv[1:])
for name in sys.argv[1:]:
    print(Path(__file__).with_name(name).read_text())
"""
FILES = {
    "app.py": APPLICATION,
    "data.txt": "data",
    "package/__init__.py": "from . import fine",
    "package/__main__.py": "raise SystemExit('the program ran')",
    "package/fine.py": "import colorsys",
    "package/never.py": "import winreg",
}


@pytest.fixture
def manifest(pack: Pack, tmp_path: Path) -> Path:
    del pack
    (tmp_path / "package").mkdir()
    for path, text in FILES.items():
        (tmp_path / path).write_text(text)
    done = command("trace", "app.py", "--include", "package.never", "-o", "m", cwd=tmp_path)
    assert done.status == 0, done.stderr
    return tmp_path / "m"


def test_a_good_binary(manifest: Path) -> None:
    done = command("castiron", "check", manifest, "--run", cwd=manifest.parent)
    assert done.status == 0, done.stderr
    assert "imported by neither: package.never\n" in done.stdout
    assert "the run was equal: output, exit status and files\n" in done.stdout
    assert "--source FOLDER" in done.stderr
    assert not (manifest.parent / "made").exists()


def test_what_a_binary_lacks(manifest: Path) -> None:
    """A module that the trace did not see, here for no other reason than that it is taken out of the manifest."""
    traced = decode(manifest.read_bytes(), source="m")
    kept = tuple(module for module in traced.modules if module.name != "colorsys")
    assert len(kept) == len(traced.modules) - 1
    manifest.write_bytes(encode(replace(traced, modules=kept)))
    done = command("castiron", "check", manifest, "--run", "--json", cwd=manifest.parent)
    assert done.status == CheckError.exit_code, done.stderr
    found = json.loads(done.stdout)
    broken = [(item["module"], item["reason"]) for item in found["imports"]["broken"]]
    reason = "ModuleNotFoundError: No module named 'colorsys'"
    assert broken == [("package", reason), ("package.fine", reason)]
    assert [item["module"] for item in found["imports"]["same"]] == ["package.never"]
    assert [item["what"] for item in found["differences"]] == [
        "exit status",
        "standard output",
        "standard error",
        "file made",
    ]


def test_a_data_file_that_the_binary_lacks(manifest: Path) -> None:
    traced = decode(manifest.read_bytes(), source="m")
    manifest.write_bytes(encode(replace(traced, resources=())))
    arguments = ["--source", ".", "--", "data.txt"]
    done = command("castiron", "check", manifest, "--run", *arguments, cwd=manifest.parent)
    assert done.status == CheckError.exit_code
    assert "FileNotFoundError" in done.stdout
    assert "the run differs in 3 ways" in done.stderr


def test_options_that_contradict_each_other(manifest: Path) -> None:
    for options in (["--", "a"], ["--folder", "."], ["--source", "."], ["--run", "--folder", "nowhere"]):
        done = command("castiron", "check", manifest, *options, cwd=manifest.parent)
        assert done.status == UsageError.exit_code, done.stderr
        assert done.stdout == ""


def test_build_and_check(pack: Pack, tmp_path: Path) -> None:
    del pack
    (tmp_path / "app.py").write_text("print(1)")
    done = command("castiron", "build", "app.py", "-o", "app", "--check", cwd=tmp_path)
    assert done.status == 0, done.stderr
    assert "imported in the binary: " in done.stdout
    assert (tmp_path / "app").is_file()
