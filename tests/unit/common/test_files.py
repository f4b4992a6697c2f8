"""What may be replaced by an output."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from castiron_common.errors import OutputError
from castiron_common.files import check_not_read, check_replaced


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


def test_what_is_read_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "app").write_bytes(b"\x7fELF\x02")
    (tmp_path / "link").symlink_to("app")
    for name in ("app", "link"):
        with pytest.raises(OutputError, match="it is what is read"):
            check_not_read(tmp_path / name, tmp_path / "app")
    check_not_read(tmp_path / "report.txt", tmp_path / "app")
    check_not_read(tmp_path / "app", tmp_path / "missing")
