"""How a command ends: the cache is kept below its bound, and a full disk or quota is told as such."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import InputError, OutputError, UsageError
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
from castiron_common.errors import CastironError
from castiron_common.lines import stderr_lines

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

@app.command()
def fill(name: str, fails: bool = False):
    folder_entry(cache_root() / "components" / name, lambda folder: (folder / "file").write_bytes(bytes(1_000_000)))
    if fails:
        raise typer.Exit(3)

@app.command()
def write(number: str, place: str):
    raise OSError(getattr(errno, number), "not written", place)

@app.command()
def say(size: int):
    sys.stdout.write("x" * size)

@app.command()
def refuse():
    print("what was found")
    raise CastironError("refused", hint="")

@app.command()
def warn():
    stderr_lines().print("careful")
    print("done")

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


def shell(line: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run a command as ``"$@"`` of a line of the shell."""
    words = ["sh", "-c", line, "sh", sys.executable, "-c", COMMAND, *args]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE)


@pytest.mark.parametrize("size", ["10", "1000000"])
@pytest.mark.parametrize(
    ("redirection", "reason"), [(">/dev/full", "No space left on device"), (">&-", "it is closed")]
)
def test_output_that_cannot_be_written(size: str, redirection: str, reason: str) -> None:
    done = shell(f'"$@" {redirection}', "say", size)
    assert done.returncode == OutputError.exit_code
    assert done.stderr.startswith(f"error: Cannot write to standard output: {reason}")


def test_what_was_written_before_an_error_stays(tmp_path: Path) -> None:
    done = command(tmp_path, "refuse")
    assert (done.returncode, done.stdout, done.stderr) == (1, "what was found\n", "error: refused\n")


@pytest.mark.parametrize("size", ["10", "1000000"])
def test_output_that_nobody_reads(size: str) -> None:
    done = shell('{ "$@"; echo $? >&2; } | sleep 0', "say", size)
    assert done.stderr in {"141\n", "0\n"}, "0 if it was all written before the reader's end"
    waits = shell('{ sleep 1; "$@"; echo $? >&2; } | true', "say", size)
    assert waits.stderr == "141\n"


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-"])
def test_messages_that_cannot_be_written_are_lost(redirection: str) -> None:
    done = shell(f'"$@" {redirection}', "warn")
    assert (done.returncode, done.stdout) == (0, "done\n")


def test_a_closed_stream_is_not_the_next_file(tmp_path: Path) -> None:
    done = shell(f'CASTIRON_CACHE={tmp_path} "$@" <&- >&- 2>&-', "fill", "a")
    assert done.returncode == 0
    assert entries(tmp_path) == {"a"}


@pytest.mark.parametrize("number", ["EACCES", "ENAMETOOLONG", "EROFS", "EMFILE"])
def test_what_the_machine_or_the_user_causes_is_no_traceback(tmp_path: Path, number: str) -> None:
    done = command(tmp_path, "write", number, "/some/file")
    assert done.returncode == InputError.exit_code
    assert done.stderr.startswith("error: /some/file cannot be used: ")
    cached = command(tmp_path, "write", number, str(tmp_path / "2" / "file"))
    assert cached.returncode == OutputError.exit_code
    assert cached.stderr.startswith(f"error: The cache folder {tmp_path}/2 cannot be written: ")
    assert "Traceback" in command(tmp_path, "write", "ENOENT", "/some/file").stderr


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    done = shell(f'cd {tmp_path}; mkdir gone; cd gone; rmdir ../gone; "$@"', "warn")
    assert done.returncode == InputError.exit_code
    assert done.stderr.startswith("error: The current folder does not exist any more.\n")


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_locale_without_utf_8(locale: str) -> None:
    """Else files of the runtime pack cannot be read, and it seems to be damaged."""
    code = "import castiron.entry, sys; print(sys.getfilesystemencoding(), *sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, b"a\xffb"],
        env={**os.environ, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONIOENCODING": "utf-8:surrogateescape"},
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout) == (0, b"utf-8 a\xffb\n"), done.stderr
