import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from castiron_audit.formats import Format
from castiron_common.errors import OutputError
from castiron_common.files import check_output
from castiron_link.write import document_path, write_output


def test_writes_both(tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    linked.write_bytes(b"\x7fELF")
    output = tmp_path / "app"
    report = document_path(output, Format.TABLE)
    write_output(linked, output, {report: "licenses\n", document_path(output, Format.SPDX): "{}"})
    assert output.read_bytes() == b"\x7fELF"
    assert output.stat().st_mode & 0o100
    assert report.read_text() == "licenses\n"
    assert {path.name for path in tmp_path.iterdir()} == {"linked", "app", "app.licenses.txt", "app.spdx.json"}


def test_no_report(tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    linked.write_bytes(b"x")
    write_output(linked, tmp_path / "app", {})
    assert {path.name for path in tmp_path.iterdir()} == {"linked", "app"}


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> None:
    linked = tmp_path / "linked"
    linked.write_bytes(b"x")
    (tmp_path / "app").write_text("the one from before")

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr("castiron_link.write.os.sendfile", fail)
    with pytest.raises(OutputError if isinstance(failure, OSError) else KeyboardInterrupt):
        write_output(linked, tmp_path / "app", {tmp_path / "app.licenses.txt": "licenses"})
    assert {path.name for path in tmp_path.iterdir()} == {"linked", "app"}
    assert (tmp_path / "app").read_text() == "the one from before"


def test_refuses_a_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="it is a folder"):
        check_output(tmp_path)


def test_refuses_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="the folder does not exist"):
        check_output(tmp_path / "no" / "app")


def test_refuses_a_file_as_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="a part of the path is not a folder"):
        check_output(tmp_path / "file" / "app")


def test_refuses_a_read_only_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("castiron_link.write.os.statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    with pytest.raises(OutputError, match="the file system is read-only"):
        check_output(tmp_path / "app")


def test_refuses_a_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("castiron_link.write.os.access", lambda *_: False)
    with pytest.raises(OutputError, match="permission denied"):
        check_output(tmp_path / "app")
