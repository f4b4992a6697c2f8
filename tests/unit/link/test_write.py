import errno
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from castiron_audit.formats import Format
from castiron_common.errors import OutputError
from castiron_common.files import check_output
from castiron_link.write import document_path, write_output
from tests.support import needs
from tests.support.patience import PATIENCE


def test_writes_both(tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    linked.write_bytes(b"\x7fELF")
    output = tmp_path / "app"
    report = document_path(output, Format.TABLE)
    write_output(linked, output, {report: "licenses\n", document_path(output, Format.SPDX): "{}"})
    assert output.read_bytes() == b"\x7fELF"
    assert output.stat().st_mode & 0o100
    assert report.read_text() == "licenses\n"
    assert {path.name for path in tmp_path.iterdir()} == {"app", "app.licenses.txt", "app.spdx.json"}


def test_no_report(tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    linked.write_bytes(b"x")
    number = linked.stat().st_ino
    write_output(linked, tmp_path / "app", {})
    assert {path.name for path in tmp_path.iterdir()} == {"app"}
    assert (tmp_path / "app").stat().st_ino == number


def on_two_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only names within one folder be changed, as if each folder were on a disk of its own."""
    replace = Path.replace

    def within(self: Path, target: Path) -> Path:
        if self.parent != target.parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", within)


@pytest.fixture
def linked_elsewhere(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    linked = tmp_path / "work" / "linked"
    linked.write_bytes(b"\x7fELF" * 1000)
    return linked


def test_copies_to_another_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked_elsewhere: Path) -> None:
    on_two_disks(monkeypatch)
    write_output(linked_elsewhere, tmp_path / "app", {})
    assert (tmp_path / "app").read_bytes() == linked_elsewhere.read_bytes() == b"\x7fELF" * 1000
    assert (tmp_path / "app").stat().st_mode & 0o100
    assert {path.name for path in tmp_path.iterdir()} == {"work", "app"}


@needs.root
def test_the_group_of_the_folder(tmp_path: Path, linked_elsewhere: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    os.chown(folder, -1, 4242)
    folder.chmod(0o2775)
    write_output(linked_elsewhere, folder / "app", {})
    assert (folder / "app").stat().st_gid == 4242
    assert (folder / "app").read_bytes() == linked_elsewhere.read_bytes()


def test_a_pipe_stays_a_pipe(tmp_path: Path, linked_elsewhere: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        write_output(linked_elsewhere, pipe, {})
        assert reader.communicate(timeout=PATIENCE)[0] == b"\x7fELF" * 1000
    assert pipe.is_fifo()
    assert linked_elsewhere.is_file()


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked_elsewhere: Path, failure: BaseException
) -> None:
    on_two_disks(monkeypatch)
    (tmp_path / "app").write_text("the one from before")

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr("castiron_link.write.os.sendfile", fail)
    with pytest.raises(OutputError if isinstance(failure, OSError) else KeyboardInterrupt):
        write_output(linked_elsewhere, tmp_path / "app", {tmp_path / "app.licenses.txt": "licenses"})
    assert {path.name for path in tmp_path.iterdir()} == {"work", "app"}
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
