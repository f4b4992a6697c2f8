"""What may be replaced by an output."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import IO, Any

import pytest

from castiron_common.errors import OutputError, UsageError
from castiron_common.files import check_not_read, check_output, check_outputs, check_replaced


@pytest.mark.parametrize("content", [b"print('hi')\n", b"\x7fEL", b"#!/bin/sh\n"])
def test_a_file_of_another_kind_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    """``-o app.py`` for ``-o app`` would be the end of the source."""
    (tmp_path / "app.py").write_bytes(content)
    with pytest.raises(OutputError, match=r"app\.py: it is there already, and is no executable"):
        check_replaced(tmp_path / "app.py", b"\x7fELF", "executable")


def test_what_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "older").write_bytes(b"\x7fELF\x02")
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    for name in ("older", "empty", "pipe", "new"):
        check_replaced(tmp_path / name, b"\x7fELF", "executable")
    check_replaced(Path("/dev/null"), b"\x7fELF", "executable")


@pytest.fixture
def no_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to open a file that its owner may not read, as the kernel does for everybody but root."""
    opened = Path.open

    def checked(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> IO[Any]:
        if path.parent == tmp_path and mode == "rb" and not path.stat().st_mode & 0o400:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(path, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", checked)


@pytest.mark.usefixtures("no_reading")
def test_an_executable_that_cannot_be_read_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app").write_bytes(b"\x7fELF\x02")
    (tmp_path / "app").chmod(0o111)
    check_replaced(tmp_path / "app", b"\x7fELF", "executable", executable=True)
    with pytest.raises(OutputError, match="permission denied"):  # A manifest is no executable.
        check_replaced(tmp_path / "app", b"CASTIRON", "manifest")
    monkeypatch.setattr(os, "geteuid", lambda: (tmp_path / "app").stat().st_uid + 1)
    with pytest.raises(OutputError, match="permission denied"):
        check_replaced(tmp_path / "app", b"\x7fELF", "executable", executable=True)


@pytest.mark.usefixtures("no_reading")
def test_a_file_that_can_neither_be_read_nor_executed_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "notes").write_bytes(b"secret")
    (tmp_path / "notes").chmod(0o200)
    with pytest.raises(OutputError, match="permission denied"):
        check_replaced(tmp_path / "notes", b"\x7fELF", "executable", executable=True)


def test_what_is_read_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "app").write_bytes(b"\x7fELF\x02")
    (tmp_path / "link").symlink_to("app")
    for name in ("app", "link"):
        with pytest.raises(OutputError, match="it is what is read"):
            check_not_read(tmp_path / name, tmp_path / "app")
    check_not_read(tmp_path / "report.txt", tmp_path / "app")
    check_not_read(tmp_path / "app", tmp_path / "missing")


def test_two_outputs_are_never_one_file(tmp_path: Path) -> None:
    (tmp_path / "app").write_bytes(b"")
    (tmp_path / "link").symlink_to("app")
    for other in ("app", "link"):
        with pytest.raises(UsageError, match="-o and --symbols name the same file"):
            check_outputs({"-o": tmp_path / "app", "--keep-map": None, "--symbols": tmp_path / other})
    check_outputs({"-o": tmp_path / "app", "--symbols": tmp_path / "app.symbols"})
    check_outputs({"-o": Path("/dev/null"), "--symbols": Path("/dev/null")})


def test_the_hint_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="it is a folder") as caught:
        check_outputs({"-o": tmp_path / "app", "--keep-map": tmp_path})
    assert caught.value.hint == "Name a file with --keep-map."
    with pytest.raises(OutputError, match="it is what is read") as caught:
        check_outputs({"--vex": Path(__file__)}, read=Path(__file__))
    assert caught.value.hint == "Write to another place with --vex."


@pytest.mark.parametrize("name", ["a" * 300, "/".join(["b" * 200] * 30)])
def test_a_name_that_is_too_long(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="too long"):
        check_output(tmp_path / name)
