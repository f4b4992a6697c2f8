"""What integration tests share: trace and link as a user would, and the same application under ordinary CPython."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import uv

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = Path(sys.executable).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    argv: tuple[str, ...] = ()
    stdin: str = ""
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    name: str
    requirements: tuple[str, ...]
    entry: tuple[str, ...]
    runs: tuple[Run, ...]
    script: str | None = None
    """The text of the script that ``entry`` names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    status: int
    stdout: str
    stderr: str


def applications() -> list[Application]:
    """Return the applications of ``applications.toml``."""
    table = tomllib.loads((Path(__file__).parent / "applications.toml").read_text())
    return [
        Application(
            name=row["name"],
            requirements=tuple(row["requirements"]),
            entry=tuple(row["entry"]),
            script=row.get("script"),
            runs=tuple(
                Run(argv=tuple(run.get("argv", ())), stdin=run.get("stdin", ""), env=run.get("env", {}))
                for run in row["run"]
            ),
        )
        for row in table["application"]
    ]


def command(name: str, *arguments: str | Path, cwd: Path, env: dict[str, str] | None = None) -> Outcome:
    """Run one of our commands as a user would."""
    return run([COMMANDS / name, *arguments], cwd=cwd, env=env)


def run(
    argv: Sequence[str | Path], *, cwd: Path, stdin: str = "", env: dict[str, str] | None = None, timeout: float = 900
) -> Outcome:
    """Run a program and return what came out of it."""
    done = subprocess.run(
        [str(part) for part in argv],
        cwd=cwd,
        input=stdin,
        env=dict(os.environ) if env is None else env,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Outcome(status=done.returncode, stdout=done.stdout, stderr=done.stderr)


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


def ordinary(application: Application, folder: Path) -> list[str]:
    """Install an application for the host's CPython; return the command that starts it."""
    venv = folder / "venv"
    tool = uv.find_uv_bin()
    subprocess.run([tool, "venv", "--quiet", "--python", sys.executable, str(venv)], check=True)
    install = [tool, "pip", "install", "--quiet", "--python", str(venv / "bin/python"), *application.requirements]
    subprocess.run(install, check=True)
    if application.entry[0] == "-m":
        return [str(venv / "bin/python"), *application.entry]
    if application.script is not None:
        return [str(venv / "bin/python"), application.entry[0]]
    return [str(venv / "bin" / application.entry[0])]
