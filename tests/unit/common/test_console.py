"""How a command ends: the cache is kept below its bound, and a full disk or quota is told as such."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import OutputError, UsageError
from castiron_common.lines import stderr_lines
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = """
import errno, os, sys
from pathlib import Path
import typer
from castiron_common.cache import cache_root, folder_entry
from castiron_common.console import run_command

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

@app.command()
def fill(name: str, fails: bool = False):
    folder_entry(cache_root() / "components" / name, lambda folder: (folder / "file").write_bytes(bytes(1_000_000)))
    if fails:
        raise typer.Exit(3)

@app.command()
def write(number: str, place: str):
    raise OSError(getattr(errno, number), "not written", place)

run_command(app, prog="command")
"""


def command(cache: Path, *args: str, size: str = "10GB", code: str = COMMAND) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CASTIRON_CACHE": str(cache), "CASTIRON_CACHE_SIZE": size, "COLUMNS": "200"}
    environment = {name: value for name, value in environment.items() if name not in ("FORCE_COLOR", "TTY_COMPATIBLE")}
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def entries(cache: Path) -> set[str]:
    return {path.name for path in cache.glob("*/components/*") if path.is_dir()}


def test_a_command_that_adds_keeps_the_cache_below_its_bound(tmp_path: Path) -> None:
    for number, name in enumerate("abc"):
        done = command(tmp_path, "fill", name)
        assert (done.returncode, done.stderr) == (0, "")
        os.utime(next(tmp_path.glob(f"*/components/{name}.seal")), (1000.0 + number, 1000.0 + number))
    done = command(tmp_path, "fill", "d", size="3.5MB")
    assert done.returncode == 0
    assert "are removed" in done.stderr
    assert "CASTIRON_CACHE_SIZE" in done.stderr
    assert entries(tmp_path) == {"b", "c", "d"}


def test_what_the_command_itself_uses_is_never_pruned(tmp_path: Path) -> None:
    done = command(tmp_path, "fill", "a", size="1KB")
    assert done.returncode == 0
    assert entries(tmp_path) == {"a"}


def test_a_command_that_adds_nothing_or_fails_prunes_nothing(tmp_path: Path) -> None:
    command(tmp_path, "fill", "a")
    os.utime(next(tmp_path.glob("*/components/a.seal")), (1000.0, 1000.0))
    assert command(tmp_path, "fill", "b", "--fails", size="1KB").returncode == 3
    assert entries(tmp_path) == {"a", "b"}


def test_a_bound_that_is_no_size_is_a_warning_at_the_end(tmp_path: Path) -> None:
    done = command(tmp_path, "fill", "a", size="much")
    assert done.returncode == 0
    assert "the cache was not pruned" in done.stderr
    assert UsageError.__name__ not in done.stderr


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("ENOSPC", "There is no space left on the file system"),
        ("EDQUOT", "Your disk quota on the file system"),
        ("EFBIG", "ulimit -f"),
    ],
)
def test_no_space_is_told_as_such(number: str, said: str, tmp_path: Path) -> None:
    done = command(tmp_path, "write", number, str(tmp_path / "output"))
    assert done.returncode == OutputError.exit_code
    assert said in done.stderr
    assert str(tmp_path / "output") in done.stderr
    assert "castiron cache prune" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("color", ["", "1"])
def test_lines_are_no_markup(color: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("TTY_COMPATIBLE", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", color)
    monkeypatch.setenv("TERM", "xterm")
    lines = stderr_lines()
    assert lines.is_terminal == bool(color)
    lines.print("error", style="red", end="")
    lines.print(" app.py:100: [bold] here " + "x" * 200)
    styled = "\x1b[31merror\x1b[0m" if color else "error"
    assert capsys.readouterr().err == f"{styled} app.py:100: [bold] here {'x' * 200}\n"


def test_plain_lines_take_no_time_for_styles(tmp_path: Path) -> None:
    code = COMMAND.replace(
        "run_command(", "import atexit; atexit.register(lambda: print('rich' in sys.modules)); run_command("
    )
    done = command(tmp_path, "write", "ENOSPC", str(tmp_path), code=code)
    assert done.stdout == "False\n"
    assert "There is no space left" in done.stderr
