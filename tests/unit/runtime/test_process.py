from __future__ import annotations

import errno
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from castiron_common.errors import HostToolError, OutputError, RuntimePackError
from castiron_runtime.build_environment import clean_environment
from castiron_runtime.process import BuildLog, built, jobs, require_tools
from castiron_runtime.target_files import defaults, load_target

TARGET = load_target(defaults().target)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path / "cache"))


def test_missing_tools_are_named_with_the_command_that_installs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostToolError) as caught:
        require_tools("make", "perl", "sh")
    assert "make and perl and sh" in caught.value.what
    assert "apt-get install dash make perl" in caught.value.hint


def test_tools_that_are_there_are_no_error() -> None:
    require_tools("sh")


@pytest.mark.parametrize("live", [False, True])
def test_output_is_returned_and_logged(tmp_path: Path, live: bool) -> None:
    log = BuildLog("x")
    assert log.run(["sh", "-c", "echo out; echo err >&2"], cwd=tmp_path, env=os.environ, live=live) == "out\nerr\n"
    assert "$ sh -c echo out" in log.path.read_text()
    assert "err\n" in log.path.read_text()


@pytest.mark.parametrize("live", [False, True])
def test_a_failure_shows_the_end_of_the_output_and_names_the_log(tmp_path: Path, live: bool) -> None:
    log = BuildLog("libfoo")
    with pytest.raises(RuntimePackError) as caught:
        log.run(["sh", "-c", "seq 100; echo broken >&2; exit 3"], cwd=tmp_path, env=os.environ, live=live)
    assert "Building libfoo failed: sh ended with status 3" in caught.value.what
    assert caught.value.what.endswith("broken")
    assert "\n1\n" not in caught.value.what
    assert str(log.path) in caught.value.hint


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HostToolError, match="no-such-program"):
        BuildLog("x").run(["no-such-program"], cwd=tmp_path, env=os.environ)


def test_an_interruption_ends_the_whole_process_group(tmp_path: Path) -> None:
    log = BuildLog("x")
    script = "sh -c 'echo $$ > child; sleep 60' & wait"

    def interrupt() -> None:
        while not (tmp_path / "child").is_file() or not (tmp_path / "child").read_text().strip():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        log.run(["sh", "-c", script], cwd=tmp_path, env=os.environ)
    child = int((tmp_path / "child").read_text())
    for _ in range(1500):  # a loaded machine takes its time
        try:
            state = Path(f"/proc/{child}/stat").read_text().split()[2]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.02)
    pytest.fail("a process of the build is still running")


def test_the_callers_flags_do_not_reach_a_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFLAGS", "-march=native")
    monkeypatch.setenv("PYTHONPATH", "/x")
    environment = clean_environment({"CC": "cc"})
    assert environment["CC"] == "cc"
    assert not {"CFLAGS", "PYTHONPATH"} & set(environment)


def test_a_full_disk_names_the_cache(tmp_path: Path) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OutputError, match="no space left on the file system") as caught:
        built(tmp_path / "components" / "x", TARGET, full)
    assert str(tmp_path) in caught.value.what
    assert "CASTIRON_CACHE" in caught.value.hint
    assert {path.name for path in (tmp_path / "components").iterdir()} == {"x.lock", "running"}
    assert not list((tmp_path / "components" / "running").iterdir())


@pytest.mark.parametrize(("system", "machine"), [("Darwin", "arm64"), ("Linux", "aarch64"), ("Windows", "AMD64")])
def test_a_machine_that_cannot_build_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, machine: str
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    with pytest.raises(RuntimePackError, match=f"{system} on {machine}"):
        built(tmp_path / "x", TARGET, lambda _: None)
    with monkeypatch.context() as here:
        here.setattr("platform.system", lambda: "Linux")
        here.setattr("platform.machine", lambda: "x86_64")
        built(tmp_path / "x", TARGET, lambda _: None)
    assert built(tmp_path / "x", TARGET, lambda _: None) == tmp_path / "x", "what is built already serves everywhere"


@pytest.mark.parametrize(("wish", "expected"), [("3", 3), ("0", None), ("many", None), ("", None)])
def test_how_many_jobs(monkeypatch: pytest.MonkeyPatch, wish: str, expected: int | None) -> None:
    monkeypatch.setenv("CASTIRON_JOBS", wish)
    assert jobs() == (expected or len(os.sched_getaffinity(0)))
