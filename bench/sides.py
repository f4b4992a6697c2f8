"""What benches compare: ordinary Pythons, and binaries that Castirons make."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

COMMANDS = Path(sys.executable).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """An ordinary Python, or the commands of a Castiron."""

    name: str
    python: str = ""
    commands: Path = COMMANDS


class FailedError(Exception):
    """A command failed; says which, and the end of what it said."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the sides."""
    parser.add_argument("--python", action="append", default=[], metavar="NAME=FILE", help="the first is compared with")
    parser.add_argument("--castiron", action="append", default=[], metavar="NAME=FOLDER", help="default: this one")
    parser.add_argument("--link", action="append", default=[], metavar="OPTION", help="for link, such as --link=--pie")


def sides_of(given: argparse.Namespace, parser: argparse.ArgumentParser) -> list[Side]:
    """Return the Pythons, then the Castirons; ends the program if there is no Python to compare with."""
    pythons = [Side(name=name, python=shutil.which(file) or file) for name, file in map(_halves, given.python)]
    if not pythons:
        parser.error("--python is missing: the ordinary Python to compare with")
    others = [Side(name=name, commands=Path(at).resolve()) for name, at in map(_halves, given.castiron)]
    return pythons + (others or [Side(name="castiron")])


def _halves(given: str) -> tuple[str, str]:
    """Return NAME and the rest of ``NAME=REST``; without a name, the rest is the name, too."""
    name, _, rest = given.partition("=")
    return name, rest or name


def linked(
    side: Side, folder: Path, script: str, *, trace: Sequence[str] = (), link: Sequence[str] = (), again: bool = False
) -> Path:
    """Trace and link a script of a folder by a side's commands, unless that was done before; return the binary."""
    binary, manifest = folder / f"app-{side.name}", f"app-{side.name}.manifest"
    if again or not binary.is_file():
        run([str(side.commands / "trace"), *trace, script, "-o", manifest], folder)
        run([str(side.commands / "link"), manifest, "-o", binary.name, "--no-report", *link], folder)
    return binary


def run(command: Sequence[str], folder: Path) -> None:
    """Run a command; raises FailedError, with the end of what it said, if that fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise FailedError(f"{' '.join(command)}: exit status {done.returncode}: {(done.stderr or done.stdout)[-1500:]}")
