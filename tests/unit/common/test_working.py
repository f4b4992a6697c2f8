from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from castiron_common.cache import cache_root
from castiron_common.errors import OutputError
from castiron_common.files import atomic_write
from castiron_common.working import child_environment, temporary_folder, working_folder
from tests.support.patience import PATIENCE

OWNER = """
import sys
from castiron_common.working import working_folder
with working_folder("build") as folder:
    (folder / "file").write_bytes(b"x" * 1000)
    print(folder, flush=True)
    sys.stdin.read()
"""

WRITER = """
import sys
from pathlib import Path
from castiron_common.files import atomic_write
with atomic_write(Path("app")) as file:
    file.write(b"half")
    print("begun", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path / "cache"))


def begun(code: str, folder: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def end(process: subprocess.Popen[str], number: int) -> None:
    process.send_signal(number)
    process.communicate()


def test_a_folder_lasts_as_its_context() -> None:
    with working_folder("link") as folder:
        assert folder.parent == cache_root() / "running"
        assert list(folder.iterdir()) == []
        with working_folder("link") as other:
            assert other != folder
            assert folder.is_dir()
    assert list((cache_root() / "running").iterdir()) == []


def test_the_next_run_removes_the_folder_of_a_killed_one_and_no_other(tmp_path: Path) -> None:
    dead, left = begun(OWNER, tmp_path)
    living, kept = begun(OWNER, tmp_path)
    end(dead, signal.SIGKILL)
    assert (Path(left) / "file").is_file()
    with working_folder("link"):
        assert not Path(left).exists()
        assert (Path(kept) / "file").is_file()
    end(living, signal.SIGKILL)


def test_programs_have_their_temporary_files_in_a_working_folder() -> None:
    assert child_environment()["TMPDIR"] == str(temporary_folder())
    assert temporary_folder().parent == cache_root() / "running"
    assert child_environment({"A": "1"}) == {"A": "1", "TMPDIR": str(temporary_folder())}


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(OutputError, match="cannot be written"), working_folder("link"):
        pass


def test_the_next_writer_removes_half_an_output_and_nothing_of_the_users(tmp_path: Path) -> None:
    others = {".app.settings", ".app.x.castiron-partly", ".application.x.castiron-part"}
    for name in others:
        (tmp_path / name).touch()
    dead, _ = begun(WRITER, tmp_path)
    living, _ = begun(WRITER, tmp_path)
    end(dead, signal.SIGKILL)
    assert len(list(tmp_path.glob(".app.*.castiron-part"))) == 2
    with atomic_write(tmp_path / "app") as file:
        file.write(b"whole")
    assert len(list(tmp_path.glob(".app.*.castiron-part"))) == 1
    assert living.communicate("")[0] == ""
    assert (tmp_path / "app").read_bytes() == b"half"
    assert set(os.listdir(tmp_path)) - others - {"cache"} == {"app"}  # noqa: PTH208


def test_what_is_no_file_is_written_into_and_stays_what_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
    with atomic_write(pipe) as file:
        file.write(b"through")
    assert reader.communicate(timeout=PATIENCE)[0] == b"through"
    assert pipe.is_fifo()
    assert os.listdir(tmp_path) == ["pipe"]  # noqa: PTH208
