"""Binary wheels in static binaries do what they do under ordinary CPython, function by function.

Each script of ``natives/`` is linked and run, and run under the pack's dynamic interpreter on the same wheels.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uv
from elftools.elf.elffile import ELFFile

from castiron_common.cache import cache_root, folder_entry
from castiron_common.files import sha256_bytes
from castiron_common.progress import SilentReporter
from tests.support.linking import run, trace_and_link
from tests.support.targets import TARGET

if TYPE_CHECKING:
    from castiron_runtime.model import Pack
    from tests.support.linking import Outcome

pytestmark = [pytest.mark.integration, pytest.mark.network]

SCRIPTS = sorted((Path(__file__).parent / "natives").glob("*.py"))
MAX_PROGRAM_HEADERS = 16

WATCH = """

with open("/proc/self/maps") as maps:
    print("writable and executable:", sum("wx" in line.split()[1] for line in maps))
"""
"""Added to each script: what is mapped when it has done everything."""

WRITES_CODE = {"foreign_functions": 1}
"""Pages that libraries map so themselves: cffi does for its callbacks, under any interpreter."""


def requirements(script: Path) -> list[str]:
    line = re.search(r"^# dependencies = \[(.*)\]$", script.read_text(), re.MULTILINE)
    assert line is not None
    return re.findall(r'"([^"]+)"', line[1])


def reference(script: Path, work: Path, environment: dict[str, str], pack: Pack) -> Outcome:
    """Run a script under the dynamic interpreter on the same wheels.

    uv installs them, and the cache keeps them with the bytecode of what the script imports, which takes as long to
    compile as a link: the script runs once more when they are installed.
    """
    from castiron_runtime.packs import interpreter

    command = [interpreter(pack, full=True, reporter=SilentReporter()), script]
    pip = [uv.find_uv_bin(), "pip"]
    choice = ["--python-platform", "x86_64-unknown-linux-musl", "--python-version", pack.feature]
    choice += ["--quiet", "--only-binary", ":all:"]
    wanted = "\n".join(requirements(script))
    compiled = [*pip, "compile", *choice, "--no-header", "--no-annotate", "-"]
    pins = subprocess.run(compiled, input=wanted, check=True, capture_output=True, text=True).stdout.split()

    def install(folder: Path) -> None:
        subprocess.run([*pip, "install", *choice, "--no-deps", "--target", str(folder), *pins], check=True)
        run(command, cwd=work, env=environment | {"PYTHONPATH": str(folder)}, timeout=300)

    made_of = sha256_bytes("\0".join([*choice, *pins, pack.id, script.read_text()]).encode())
    site = folder_entry(cache_root() / "tests" / f"site-{made_of[:32]}", install)
    # What is sealed must not grow.
    own = {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    return run(command, cwd=work, env=environment | own, timeout=300)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_wheels_do_the_same(script: Path, tmp_path: Path, plain_environment: dict[str, str], pack: Pack) -> None:
    work = tmp_path / "work"
    work.mkdir()
    environment = plain_environment | {"HOME": str(work), "COLUMNS": "80"}
    watched = tmp_path / script.name
    watched.write_text(script.read_text() + WATCH)
    binary = trace_and_link(["--wheels", TARGET.libc.name, script.name], cwd=tmp_path, name=script.stem)
    actual = run([binary], cwd=work, env=environment, timeout=300)
    expected = reference(watched, work, environment, pack)
    assert expected.status == 0, expected.stderr
    assert (actual.status, actual.stdout) == (0, expected.stdout), actual.stderr
    assert actual.stdout.endswith(f"writable and executable: {WRITES_CODE.get(script.stem, 0)}\n")
    with binary.open("rb") as file:
        elf = ELFFile(file)
        kinds = [segment["p_type"] for segment in elf.iter_segments()]
    assert len(kinds) <= MAX_PROGRAM_HEADERS
    assert "PT_INTERP" not in kinds
    assert "PT_DYNAMIC" not in kinds
