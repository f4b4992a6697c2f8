"""What integration tests share: trace and link as a user would."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = Path(sys.executable).parent
_GRACE = 30.0
"""Seconds for a command that is told to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    status: int
    stdout: str
    stderr: str


def command(name: str, *arguments: str | Path, cwd: Path, env: dict[str, str] | None = None) -> Outcome:
    """Run one of our commands as a user would."""
    return run([COMMANDS / name, *arguments], cwd=cwd, env=env)


def run(
    argv: Sequence[str | Path], *, cwd: Path, stdin: str = "", env: dict[str, str] | None = None, timeout: float = 900
) -> Outcome:
    """Run a program and return what came out of it; `subprocess.TimeoutExpired` if it takes longer than ``timeout``."""
    given = [str(part) for part in argv]
    process = subprocess.Popen(
        given,
        cwd=cwd,
        env=dict(os.environ) if env is None else env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        stdout, stderr = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        process.terminate()  # not killed: our commands end the processes that they have started
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_GRACE)
        process.kill()
        raise
    return Outcome(status=process.returncode, stdout=stdout, stderr=stderr)


def own_cache(folder: Path, *parts: str) -> dict[str, str]:
    """Return the variable that names an empty cache in ``folder`` but for these parts of the user's, as links.

    For tests that look into the cache, in which other tests are at work, too.
    """
    given = {"CASTIRON_CACHE": str(folder)}
    own = cache_root(given)
    own.mkdir(parents=True)
    for part in parts:
        (own / part).symlink_to(cache_root() / part)
    return given


def trace_and_link(
    entry: Sequence[str], *, cwd: Path, name: str, requirements: Sequence[str] = (), options: Sequence[str] = ()
) -> Path:
    """Trace and link in ``cwd``; return the binary."""
    wanted: list[str] = []
    if requirements:
        (cwd / "requirements.in").write_text("".join(f"{line}\n" for line in requirements))
        wanted = ["-r", "requirements.in"]
    manifest = f"{name}.manifest"
    traced = command("trace", *wanted, "-o", manifest, *entry, cwd=cwd)
    assert traced.status == 0, traced.stderr
    linked = command("link", manifest, "-o", name, *options, cwd=cwd)
    assert linked.status == 0, linked.stderr
    return cwd / name
