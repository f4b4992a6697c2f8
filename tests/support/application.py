"""The applications of ``tests/integration/applications/``: what a folder says, and what must be the same in the binary.

A folder is an application: ``requirements.in`` (what its user asks for) and ``requirements.txt`` (all versions, made by
``applications/lock.sh``), ``app.toml``, and where there is need ``app/`` (its own sources; only ``trace`` and the
reference see them) and ``work/`` (files that are there when it runs).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parents[1] / "integration" / "applications"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a server is asked."""

    path: str
    body: str | None = None
    """Posted as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run.  ``{work}`` in arguments, environment and requests is the folder it runs in, ``{port}`` a free port."""

    argv: tuple[str, ...] = ()
    stdin: str = ""
    env: tuple[tuple[str, str], ...] = ()
    keep: bool = False
    """Goes on in the folder of the run before."""
    status: int = 0
    """What both must exit with."""
    shows: tuple[str, ...] = ()
    """Patterns that the reference's output must have, so that two failures are not taken for two successes."""
    stderr: bool = True
    """Standard error must be equal, too; else only the presence of a traceback."""
    made: tuple[str, ...] = ()
    """Globs of files that must be there after the run, with equal contents."""
    without_order: bool = False
    """The order of the lines is free."""
    asks: tuple[Request, ...] = ()
    """The program is a server: it is asked this, and then ended with SIGTERM; its answers are compared."""
    dialogue: tuple[tuple[str, str], ...] = ()
    """The program runs on a terminal: patterns to wait for, and what is typed then; the screens are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    name: str
    what: str
    """For the table in ``docs/compatibility-results.md``."""
    entry: tuple[str, ...]
    """As ``trace`` takes it: a command, ``-m`` and a module, or a script in ``app/``."""
    runs: tuple[Run, ...]
    options: tuple[str, ...] = ()
    """Of ``trace``."""
    link_options: tuple[str, ...] = ()
    reference: Literal["target", "host"] = "target"
    """Which CPython to compare with: the pack's own interpreter, or the host's, of another version and libc."""
    programs: tuple[str, ...] = ()
    """Programs of the machine that it may find in PATH; nothing else is there."""
    env: tuple[tuple[str, str], ...] = ()
    normalise: tuple[tuple[str, str], ...] = ()
    """Patterns and replacements for what differs from run to run."""
    unlicensed: tuple[str, ...] = ()
    """Distributions whose license is not told by anything they bring: the report says so."""

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def lock(self) -> Path:
        return self.folder / "requirements.txt"

    @property
    def script(self) -> bool:
        return self.entry[0] != "-m" and (self.folder / "app" / self.entry[0]).is_file()


def applications() -> list[Application]:
    """Return the applications, sorted by name."""
    return [load(path.parent) for path in sorted(FOLDER.glob("*/app.toml"))]


def load(folder: Path) -> Application:
    """Read one folder; `TypeError` for a key that does not exist, `re.error` for a bad pattern."""
    table = tomllib.loads((folder / "app.toml").read_text())
    runs = runs_of(table.pop("run"))
    application = Application(name=folder.name, runs=runs, **_values(table))
    for pattern, _ in application.normalise:
        re.compile(pattern)
    return application


def runs_of(rows: list[dict[str, Any]]) -> tuple[Run, ...]:
    """Return the runs that an array of tables describes; `TypeError` for a key that does not exist."""
    return tuple(_run(row) for row in rows)


def _run(row: dict[str, Any]) -> Run:
    asks = tuple(Request(**ask) for ask in row.pop("asks", ()))
    return Run(asks=asks, **_values(row))


def _values(table: dict[str, Any]) -> dict[str, Any]:
    """Return the table with tuples in the place of arrays and of tables."""

    def value(item: Any) -> Any:
        if isinstance(item, dict):
            return tuple((key, value(inner)) for key, inner in item.items())
        return tuple(value(inner) for inner in item) if isinstance(item, list) else item

    return {key: value(item) for key, item in table.items()}


def locked(application: Application) -> dict[str, str]:
    """Return the pinned version of every distribution by its name."""
    lines = application.lock.read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith(("#", "./"))]
    return dict(line.partition(" ;")[0].strip().split("==") for line in pins)


def asked_for(application: Application) -> list[str]:
    """Return the names in ``requirements.in``."""
    lines = (application.folder / "requirements.in").read_text().splitlines()
    return [re.split(r"[\[=]", line)[0] for line in lines if line and not line.startswith(("#", "./"))]


def table() -> str:
    """Return the table of ``docs/compatibility-results.md``."""
    rows = ["| application | what it does there | compared with |", "| --- | --- | --- |"]
    for application in applications():
        versions = locked(application)
        names = asked_for(application)
        pins = ", ".join(f"{name} {versions[re.sub(r'[-_.]+', '-', name).lower()]}" for name in names)
        python = "the host's CPython" if application.reference == "host" else "the target's"
        rows.append(f"| {pins or 'the standard library'} | {application.what} | {python} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
