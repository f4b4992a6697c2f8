"""The bound of the cache, what goes first, and what never goes; environments that share files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castiron_common import cache, cache_content, sessions, shared_files
from castiron_common.cache import cache_root, folder_entry, usable
from castiron_common.errors import UsageError
from castiron_common.seal import check, seal_path

if TYPE_CHECKING:
    from castiron_common.seal import Seal

MEGABYTE = 1_000_000


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_intact", set())
    sessions.begin.cache_clear()
    return cache_root()


def make(kind: str, name: str, *, used: float, data: bytes = bytes(MEGABYTE)) -> Path:
    def build(folder: Path) -> None:
        (folder / "file").write_bytes(data)

    entry = folder_entry(cache_root() / kind / name, build)
    os.utime(seal_path(entry), (used, used))
    return entry


def test_the_least_recently_used_goes_first(root: Path) -> None:
    now = time.time()
    entries = {name: make("components", name, used=now - ago) for name, ago in (("a", 300), ("b", 200), ("c", 100))}
    cache._intact.clear()
    assert cache_content.size(root) == 3 * MEGABYTE
    pruned = cache_content.prune(root, down_to=2 * MEGABYTE)
    assert (pruned.items, pruned.freed, pruned.kept) == (1, MEGABYTE, 2 * MEGABYTE)
    assert [entry.is_dir() for entry in entries.values()] == [False, True, True]
    assert not list((root / "components").glob("a*"))
    assert not list((root / "components").glob(".*"))


def test_what_was_not_used_for_so_long(root: Path) -> None:
    now = time.time()
    old, new = make("built", "old", used=now - 31 * 86400), make("built", "new", used=now - 29 * 86400)
    cache_content.prune(root, unused_since=now - cache_content.parse_age("30d"))
    assert [old.is_dir(), new.is_dir()] == [False, True]


USE = """
import sys
from pathlib import Path
from castiron_common.cache import usable
print(usable(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


def test_what_a_running_command_uses_stays(root: Path) -> None:
    used, other = make("components", "used", used=1000.0), make("components", "other", used=2000.0)
    command = [sys.executable, "-c", USE, str(used)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "True\n"
        cache_content.prune(root, down_to=0)
        assert [used.is_dir(), other.is_dir()] == [True, False]
    finally:
        process.kill()
        process.communicate()
    # The kernel has given up its lock; our own session began before that use.
    sessions.begin.cache_clear()
    later = time.time() + 1
    for left in (root / "sessions").iterdir():
        os.utime(left, (later, later))
    cache_content.prune(root, down_to=0)
    assert not used.is_dir()


def test_an_entry_that_is_used_while_it_is_pruned_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = make("components", "entry", used=1000.0)
    items = cache_content.items(root)
    monkeypatch.setattr(cache_content, "items", lambda _: items)
    cache._intact.clear()
    began = time.time() - 1
    monkeypatch.setattr(sessions, "oldest", lambda _: began)
    assert usable(entry)
    assert cache_content.prune(root, down_to=0).items == 0
    cache._intact.clear()
    assert usable(entry)


def test_equal_files_are_on_the_disk_once(root: Path) -> None:
    store = root / shared_files.FOLDER

    def build(folder: Path) -> None:
        (folder / "module.py").write_bytes(b"x = 1\n" * 1000)
        (folder / "tool").write_bytes(b"x = 1\n" * 1000)
        (folder / "tool").chmod(0o755)

    first, second = (
        folder_entry(root / "sites" / name, build, finish=lambda folder: shared_files.share(folder, store))
        for name in ("first", "second")
    )
    assert (first / "module.py").stat().st_ino == (second / "module.py").stat().st_ino
    assert (first / "module.py").stat().st_ino != (first / "tool").stat().st_ino
    assert (first / "module.py").stat().st_mode & 0o777 == 0o444
    assert (first / "tool").stat().st_mode & 0o777 == 0o555
    assert cache_content.size(root) == 2 * 6000
    cache._intact.clear()
    for entry in (first, second):
        os.utime(seal_path(entry), (1000, 1000))
    assert cache_content.prune(root, down_to=0).freed == 2 * 6000
    assert not [path for path in store.rglob("*") if path.is_file()]


def test_as_many_environments_go_as_their_own_files_need(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = root / shared_files.FOLDER
    for at in range(20):

        def build(folder: Path, at: int = at) -> None:
            (folder / "in_all.py").write_bytes(bytes(50_000))
            (folder / "own.py").write_bytes(bytes([at]) * 1000)
            (folder / "again.py").write_bytes(bytes([at]) * 1000)

        entry = folder_entry(
            root / "sites" / f"{at:02}", build, finish=lambda folder: shared_files.share(folder, store)
        )
        os.utime(seal_path(entry), (1000 + at, 1000 + at))
    cache._intact.clear()
    walks = 0

    def sweep(folder: Path) -> int:
        nonlocal walks
        walks += 1
        return real_sweep(folder)

    real_sweep = shared_files.sweep
    monkeypatch.setattr(shared_files, "sweep", sweep)
    assert cache_content.size(root) == 70_000
    pruned = cache_content.prune(root, down_to=58_000)
    assert (pruned.items, pruned.freed, pruned.kept) == (12, 12_000, 58_000)
    left = sorted(path.name for path in (root / "sites").iterdir() if path.is_dir())
    assert left == [str(at) for at in range(12, 20)]
    assert walks == 2, "the whole store is gone through for all of them, not for each"
    last = cache_content.prune(root, down_to=0)
    assert (last.items, last.freed, last.kept) == (8, 58_000, 0)


def test_what_an_interrupted_prune_left_in_the_store_goes_first(root: Path) -> None:
    store = root / shared_files.FOLDER

    def build(folder: Path) -> None:
        (folder / "module.py").write_bytes(folder.name.encode() + bytes(9000))

    first, second = (
        folder_entry(root / "sites" / name, build, finish=lambda folder: shared_files.share(folder, store))
        for name in ("first", "second")
    )
    cache._intact.clear()
    for entry in (first, second):
        os.utime(seal_path(entry), (1000, 1000))
    shutil.rmtree(first)
    seal_path(first).unlink()
    total = cache_content.size(root)
    pruned = cache_content.prune(root, down_to=total - 5000)
    assert (pruned.items, pruned.kept) == (0, total - pruned.freed)
    assert pruned.freed > 9000
    assert second.is_dir()


def test_a_damaged_file_of_the_store_is_not_shared_any_more(root: Path) -> None:
    store = root / shared_files.FOLDER

    def build(folder: Path) -> None:
        (folder / "module.py").write_bytes(b"x = 1\n")

    def entry(name: str) -> Path:
        return folder_entry(root / "sites" / name, build, finish=lambda folder: shared_files.share(folder, store))

    first = entry("first")
    (first / "module.py").chmod(0o644)
    (first / "module.py").write_bytes(b"x = 2\n")
    cache._intact.clear()
    second = entry("second")
    assert (second / "module.py").read_bytes() == b"x = 1\n"
    assert check(second) is None
    assert entry("first").joinpath("module.py").read_bytes() == b"x = 1\n"


def test_without_hard_links_the_copies_stay(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)

    def build(folder: Path) -> None:
        (folder / "module.py").write_bytes(b"x = 1\n")

    entry = folder_entry(
        root / "sites" / "x", build, finish=lambda folder: shared_files.share(folder, root / shared_files.FOLDER)
    )
    assert (entry / "module.py").read_bytes() == b"x = 1\n"
    assert check(entry) is None


def test_verify_names_what_is_damaged_and_removes_it(root: Path) -> None:
    good, bad = make("components", "good", used=1000.0), make("components", "bad", used=1000.0)
    (bad / "file").write_bytes(b"x" * MEGABYTE)
    found = {path: str(damage) if damage else None for path, damage in cache_content.verify(root)}
    assert found == {good: None, bad: "file has changed"}
    assert list(cache_content.verify(root, repair=True))
    assert [good.is_dir(), bad.exists(), seal_path(bad).exists()] == [True, False, False]


@pytest.mark.parametrize(
    ("text", "expected"), [("10G", 10**10), ("500MB", 5 * 10**8), ("1.5 t", 15 * 10**11), ("0", 0)]
)
def test_sizes(text: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTIRON_CACHE_SIZE", text)
    assert cache_content.bound() == expected


def test_a_bound_that_is_no_size_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTIRON_CACHE_SIZE", "much")
    with pytest.raises(UsageError, match="CASTIRON_CACHE_SIZE: 'much' is not a size"):
        cache_content.bound()
    with pytest.raises(UsageError, match="'x' is not an age"):
        cache_content.parse_age("x")


def test_what_other_versions_left(root: Path) -> None:
    make("components", "new", used=1000.0)
    (root.parent / "components" / "old").mkdir(parents=True)
    (root.parent / "components" / "old" / "file").write_bytes(bytes(1000))
    assert [path.name for path in cache_content.earlier_layouts()] == ["components"]
    cache_content.prune(root, down_to=0)
    assert (root.parent / "components").is_dir()
    assert cache_content.remove_earlier_layouts() >= 1000
    assert cache_content.earlier_layouts() == []


PRUNE = """
import sys
from pathlib import Path
from castiron_common import cache_content
print("here", flush=True)
sys.stdin.readline()
for _ in range(3):
    cache_content.size(Path(sys.argv[1]))
    cache_content.prune(Path(sys.argv[1]), down_to=0)
"""


def test_several_that_prune_at_once(root: Path) -> None:
    """What one finds, another has removed meanwhile."""
    for number in range(150):
        make("built", f"{number % 30}/entry-{number}", used=1000.0 + number)
        (root / "scans" / str(number) / "deep").mkdir(parents=True)
        (root / "scans" / str(number) / "deep" / "file").write_bytes(b"x")
    for path in (root / "scans").rglob("*"):
        os.utime(path, (1000, 1000))
    command = [sys.executable, "-c", PRUNE, str(root)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = [subprocess.Popen(command, text=True, **pipes) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "here\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate()[1] for process in processes] == [""] * 4
    assert cache_content.items(root) == []
    assert not [path for path in (root / "built").rglob("*") if path.is_file() and not path.name.endswith(".lock")]
    assert not (root / "scans").exists()


def test_what_vanishes_while_the_cache_is_looked_through(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        make("built", f"{number}/entry", used=1000.0)
    read_seal = cache_content.read_seal

    def remove(entry: Path) -> Seal | None:
        shutil.rmtree(root / "built" / "1", ignore_errors=True)
        shutil.rmtree(root / "built" / "2" / "entry", ignore_errors=True)
        seal_path(root / "built" / "2" / "entry").unlink(missing_ok=True)
        return read_seal(entry)

    monkeypatch.setattr(cache_content, "read_seal", remove)
    assert [item.path.parent.name for item in cache_content.items(root)] == ["0"]
    assert cache_content.prune(root, down_to=0).items == 1


def test_a_folder_that_vanishes_before_its_lock_is_taken_is_made_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_folder, lost = Path.mkdir, []

    def make_and_lose(path: Path, *args: object, **options: object) -> None:
        make_folder(path, *args, **options)
        if path.name == "group" and len(lost) < 5:
            path.rmdir()
            lost.append(path)

    monkeypatch.setattr(Path, "mkdir", make_and_lose)
    with cache.locked(root / "built" / "group" / "entry"):
        assert (root / "built" / "group" / "entry.lock").is_file()
    assert len(lost) == 5
