from __future__ import annotations

import logging
import os
import pwd
import threading
from pathlib import Path

import pytest

from castiron_common.cache import cache_root, file_entry, folder_entry, locked
from castiron_common.errors import OutputError
from castiron_common.files import atomic_write
from castiron_common.home import home_folder
from castiron_common.network import configured
from tests.support.patience import PATIENCE


@pytest.mark.parametrize(
    ("environ", "root"),
    [
        ({"CASTIRON_CACHE": "/c", "XDG_CACHE_HOME": "/x"}, Path("/c/2")),
        ({"XDG_CACHE_HOME": "/x"}, Path("/x/castiron/2")),
        ({"HOME": "/h"}, Path("/h/.cache/castiron/2")),
        ({"HOME": "h"}, Path.cwd() / "h/.cache/castiron/2"),
        ({"HOME": ""}, Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache/castiron/2"),
        ({}, Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache/castiron/2"),
    ],
)
def test_where_the_cache_is(environ: dict[str, str], root: Path) -> None:
    assert cache_root(environ) == root


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that is started with any number of a user."""
    monkeypatch.setattr("castiron_common.cache.os.getuid", lambda: 4_000_000_000)
    with pytest.raises(OutputError, match="user 4000000000 has no home folder") as caught:
        cache_root({})
    assert "CASTIRON_CACHE" in caught.value.hint
    monkeypatch.delenv("HOME")
    assert home_folder() == Path("/"), "where no program keeps its configuration"
    assert configured().netrc == Path("/.netrc")


def test_a_folder_is_built_once_however_many_ask(tmp_path: Path) -> None:
    built = []

    def build(folder: Path) -> None:
        built.append(folder)
        (folder / "x").write_text("1")

    threads = [threading.Thread(target=folder_entry, args=(tmp_path / "entry", build)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert (tmp_path / "entry" / "x").read_text() == "1"


@pytest.mark.parametrize("entry", [folder_entry, file_entry])
def test_an_interrupted_build_leaves_nothing_but_its_lock(entry: object, tmp_path: Path) -> None:
    def build(path: Path) -> None:
        if path.is_dir():
            (path / "half").write_text("")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        entry(tmp_path / "entry", build)  # type: ignore[operator]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["entry.lock", "running"]
    assert list((tmp_path / "running").iterdir()) == []


def test_an_atomic_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("old")

    def write_half() -> None:
        with atomic_write(path) as file:
            file.write(b"new")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_atomic_write_honours_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        with atomic_write(tmp_path / "program", executable=True) as file:
            file.write(b"x")
    finally:
        os.umask(old)
    assert (tmp_path / "program").stat().st_mode & 0o777 == 0o750


def test_a_folder_that_takes_no_files_is_not_said_to_be_missing() -> None:
    with pytest.raises(OutputError, match="makes no files in that folder"), atomic_write(Path("/proc/out")):
        pass


def test_no_space_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="the folder does not exist"), atomic_write(tmp_path / "no" / "out"):
        pass
    with pytest.raises(OutputError, match="it is a folder"), atomic_write(tmp_path):
        pass

    def write_to_full() -> None:
        with atomic_write(tmp_path / "out"):
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="no space left"):
        write_to_full()
    assert not list(tmp_path.iterdir())


def test_who_waits_says_what_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    inside = threading.Event()
    heard = threading.Event()

    def hold() -> None:
        with locked(tmp_path / "entry"):
            inside.set()
            heard.wait(PATIENCE)

    class Listener(logging.Handler):
        def emit(self, _record: logging.LogRecord) -> None:
            heard.set()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
    listener = Listener()
    logging.getLogger().addHandler(listener)
    try:
        assert folder_entry(tmp_path / "entry", Path.is_dir).is_dir()
    finally:
        logging.getLogger().removeHandler(listener)
    assert heard.is_set()
    thread.join()
    assert caplog.messages == [f"waiting for entry, which another process is making in the cache {tmp_path}"]
