"""Bad input to ``link``: one message that says what to do, a documented exit code, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgpack
import pytest

from castiron_common.cache import cache_root
from castiron_manifest.codec import encode
from castiron_manifest.model import Module, ModuleKind, Origin
from tests.support import needs
from tests.support.linking import Outcome, command, own_cache, run
from tests.unit.link.making import manifest

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration


@pytest.fixture
def good(pack: Pack, tmp_path: Path) -> Path:
    file = tmp_path / "app.manifest"
    file.write_bytes(encode(manifest({"app.py": b"print(1)"}, pack=f"cpython-{pack.python_version}")))
    return file


def link(folder: Path, *arguments: str | Path) -> Outcome:
    before = snapshot(folder)
    done = command("link", *arguments, cwd=folder)
    assert "Traceback" not in done.stderr
    if done.status:
        assert snapshot(folder) == before, "a failed link leaves nothing behind"
    return done


def snapshot(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_missing_manifest(tmp_path: Path) -> None:
    done = link(tmp_path, "no.manifest", "-o", "app")
    assert (done.status, "There is no file no.manifest." in done.stderr) == (3, True)


def test_a_folder_as_manifest(tmp_path: Path) -> None:
    done = link(tmp_path, ".", "-o", "app")
    assert (done.status, "is a folder" in done.stderr) == (3, True)


def test_empty_manifest(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    done = link(tmp_path, "empty", "-o", "app")
    assert (done.status, "empty is empty" in done.stderr) == (4, True)


def test_truncated_manifest(good: Path, tmp_path: Path) -> None:
    good.write_bytes(good.read_bytes()[:-10])
    done = link(tmp_path, good, "-o", "app")
    assert (done.status, "cut short" in done.stderr) == (4, True)


def test_wrong_format(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("print('not a manifest')")
    done = link(tmp_path, "x.py", "-o", "app")
    assert (done.status, "is not a Castiron manifest" in done.stderr) == (4, True)


def test_newer_major_version(good: Path, tmp_path: Path) -> None:
    envelope = msgpack.unpackb(good.read_bytes())
    envelope["version"][0] += 1
    good.write_bytes(msgpack.packb(envelope))
    done = link(tmp_path, good, "-o", "app")
    assert (done.status, "version 2" in done.stderr) == (4, True)


def test_missing_output_folder(good: Path, tmp_path: Path) -> None:
    done = link(tmp_path, good, "-o", "no/app")
    assert (done.status, "the folder does not exist" in done.stderr) == (11, True)


def test_output_is_a_folder(good: Path, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    done = link(tmp_path, good, "-o", "app")
    assert (done.status, "it is a folder" in done.stderr) == (11, True)


def test_output_on_a_full_device(good: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", small], capture_output=True, check=False
    )
    if mounted.returncode:
        needs.skip("mount")
    try:
        done = link(tmp_path, good, "-o", "small/app")
    finally:
        subprocess.run(["umount", small], check=True)
    assert (done.status, "no space left on the file system small" in done.stderr) == (11, True)


def test_read_only_output_folder(good: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", small], capture_output=True, check=False)
    if mounted.returncode:
        needs.skip("mount")
    try:
        done = link(tmp_path, good, "-o", "small/app")
    finally:
        subprocess.run(["umount", small], check=True)
    assert (done.status, "the file system is read-only" in done.stderr) == (11, True)


def test_another_runtime_pack(tmp_path: Path, pack: Pack) -> None:
    del pack
    file = tmp_path / "app.manifest"
    file.write_bytes(encode(manifest({"app.py": b""}, pack="cpython-3.13.99")))
    done = link(tmp_path, file, "-o", "app")
    assert (done.status, "was made for cpython-3.13.99" in done.stderr) == (8, True)


def test_unknown_python(tmp_path: Path, pack: Pack) -> None:
    made = manifest({"app.py": b""}, pack=f"cpython-{pack.python_version}")
    file = tmp_path / "app.manifest"
    file.write_bytes(encode(replace(made, target=replace(made.target, python="3.99"))))
    done = link(tmp_path, file, "-o", "app")
    assert (done.status, "3.99" in done.stderr) == (8, True)


def test_a_module_that_the_pack_lacks(tmp_path: Path, pack: Pack) -> None:
    gone = Module(name="asynchat", kind=ModuleKind.SOURCE, origin=Origin.STDLIB, path="asynchat.py")
    made = manifest({"app.py": b"import asynchat"}, modules=(gone,), pack=f"cpython-{pack.python_version}")
    (tmp_path / "app.manifest").write_bytes(encode(made))
    done = link(tmp_path, "app.manifest", "-o", "app")
    assert (done.status, "module asynchat" in done.stderr) == (13, True)


def test_an_extension_that_the_pack_lacks(tmp_path: Path, pack: Pack) -> None:
    gone = Module(name="_gdbm", kind=ModuleKind.BUILTIN, origin=Origin.STDLIB)
    made = manifest({"app.py": b"import _gdbm"}, modules=(gone,), pack=f"cpython-{pack.python_version}")
    (tmp_path / "app.manifest").write_bytes(encode(made))
    done = link(tmp_path, "app.manifest", "-o", "app")
    assert (done.status, "no _gdbm" in done.stderr) == (13, True)


@pytest.mark.parametrize(
    "options", [("--optimize", "3"), ("--sources", "some"), ("--no-such-option",)], ids=lambda options: options[0]
)
def test_wrong_options(good: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    assert link(tmp_path, good, "-o", "app", *options).status == 2


def test_interrupted(good: Path, tmp_path: Path) -> None:
    cache = own_cache(tmp_path.with_name(f"{tmp_path.name}-cache"), "components", "link", "sources")
    working = cache_root(cache) / "running"
    before = snapshot(tmp_path)
    for delay in (0.0, 0.1, 0.3, 0.6):
        # On a busy machine the one before had no time to tidy up; the next run does that.
        earlier = set(working.glob("link-*"))
        process = subprocess.Popen(
            [Path(sys.executable).with_name("link"), good, "-o", "app"],
            cwd=tmp_path,
            env={**os.environ, **cache},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        while process.poll() is None and set(working.glob("link-*")) <= earlier:
            time.sleep(0.01)
        time.sleep(delay)
        with suppress(ProcessLookupError):  # it has ended already
            os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=120)
        left = snapshot(tmp_path)
        if left != before:
            # The signal came when all was done: then everything is there.
            assert left == sorted([*before, "app", "app.licenses.txt"]), said
            assert run([tmp_path / "app"], cwd=tmp_path).stdout == "1\n"
            (tmp_path / "app").unlink()
            (tmp_path / "app.licenses.txt").unlink()
        else:
            assert process.returncode in {130, -signal.SIGINT}, said
            assert "Traceback" not in said


def test_a_cache_that_cannot_be_written(good: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the cache folder should be")
    done = command(
        "link", good, "-o", "app", cwd=tmp_path, env={**os.environ, "CASTIRON_CACHE": str(tmp_path / "cache")}
    )
    assert done.status == 11
    assert "CASTIRON_CACHE" in done.stderr
