"""What of an executable stays in the memory of its process."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.support.linking import Outcome, run, trace_and_link

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration


def test_bytecode_that_was_read_is_not_kept_in_memory(pack: Pack, tmp_path: Path) -> None:
    """What the kernel counts of the executable's read-only pages, before and after 7 MB of bytecode."""
    del pack
    package = tmp_path / "large"
    package.mkdir()
    (package / "__init__.py").touch()
    for number in range(12):
        (package / f"part{number}.py").write_text(f"CONTENT = '{random.Random(number).randbytes(300_000).hex()}'\n")
    (tmp_path / "app.py").write_text(
        "import sys\n"
        "def kilobytes(found=False, total=0):\n"
        "    for line in open('/proc/self/smaps'):\n"
        "        first, second, *rest = line.split()\n"
        "        if '-' in first:\n"
        "            found = second == 'r--p' and rest[-1].endswith('/app')\n"
        "        elif found and first == 'Rss:':\n"
        "            total += int(second)\n"
        "    return total\n"
        "before = kilobytes()\n"
        + "".join(f"import large.part{number}\nassert large.part{number}.CONTENT\n" for number in range(12))
        + "print(before > 100, kilobytes() - before < 4000)\n"
    )
    binary = trace_and_link(["app.py"], cwd=tmp_path, name="app", options=["--no-report"])
    assert run([binary], cwd=tmp_path) == Outcome(status=0, stdout="True True\n", stderr="")
