"""Where a binary runs: with nothing around it, without /proc, unprivileged, read-only; and what it touches."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import needs
from tests.support.linking import Outcome, run, trace_and_link
from tests.support.stub_programs import UTF8, copied_app

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def checks(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trace_and_link(["checks.py"], cwd=copied_app(tmp_path_factory.mktemp("places")), name="checks")


@pytest.fixture(scope="module")
def hello(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hello")
    (folder / "hello.py").write_text("import sys\nprint(sys.argv[1:])\n")
    return trace_and_link(["hello.py"], cwd=folder, name="hello")


@pytest.fixture
def jail(checks: Path, tmp_path: Path) -> Path:
    """A folder that holds the executable and nothing else."""
    folder = tmp_path / "jail"
    (folder / "bin").mkdir(parents=True)
    shutil.copyfile(checks, folder / "bin" / "checks")
    (folder / "bin" / "checks").chmod(0o755)
    return folder


def jailed(jail: Path, *arguments: str, user: str = "0") -> Outcome:
    command = ["chroot", f"--userspec={user}:{user}", jail, *arguments]
    return run([str(part) for part in command], cwd=jail, env=UTF8)


@needs.root
@pytest.mark.parametrize("user", ["0", "12345"])
@pytest.mark.parametrize("name", ["read_data", "listing", "status", "descriptors", "resources", "encodings"])
def test_empty_root(jail: Path, name: str, user: str) -> None:
    """No /proc, no /tmp, no /dev, no library."""
    done = jailed(jail, "/bin/checks", name, user=user)
    assert done.status == 0, done.stderr


@needs.root
def test_executable_without_proc(jail: Path) -> None:
    """sys.executable is absolute however the program was called."""
    assert jailed(jail, "/bin/checks", "read_data").stdout == "/bin/checks\n"
    script = "import os; os.chroot('.'); os.chdir('/bin'); os.execv('./checks', ['checks', 'read_data'])"
    done = subprocess.run(["python3", "-c", script], cwd=jail, env=UTF8, capture_output=True, text=True, check=True)
    assert done.stdout == "/bin/checks\n"


@needs.root
def test_everything_read_only(jail: Path) -> None:
    mount = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec chroot "$1" /bin/checks read_data'
    done = run(["unshare", "--mount", "sh", "-c", mount, "sh", str(jail)], cwd=jail, env=UTF8)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        needs.skip("mount", done.stderr.strip())
    assert (done.status, done.stdout) == (0, "/bin/checks\n"), done.stderr


@needs.strace
@pytest.mark.parametrize("arguments", [[], ["--verbose", "word"], ["-v"]])
def test_touches_nothing(hello: Path, tmp_path: Path, arguments: list[str]) -> None:
    """From its start to its end, a program asks for no file but its own name."""
    log = tmp_path / "log"
    called = hello if "-v" not in arguments else Path("hello")  # in the first case as sys.executable is
    command = ["strace", "-f", "-e", "trace=file", "-o", log, called, *arguments]
    done = run(command, cwd=tmp_path, env={**UTF8, "PATH": f"{hello.parent}:{UTF8['PATH']}"})
    if "ptrace" in done.stderr:
        needs.skip("strace", done.stderr.strip())
    assert done.stdout == f"{arguments}\n"
    calls = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines() if re.match(r"\d+ +\w+\(", line)]
    names = [call.split("(")[0] for call in calls]
    assert names[names.index("readlink") :] == ["readlink"], calls
    assert calls[-1].startswith('readlink("/proc/self/exe"')
