"""Ten real binaries: whatever their bytes and symbols prove to be in them is in their reports.

``python -m tests.long.proven_binaries FOLDER [APPLICATION ...]``: traces and links the applications of
``proven_binaries.toml`` in FOLDER, or takes the binaries that are there, and looks in each, and in the symbols that
``link --symbols`` writes, for the libraries of ``tests/unit/audit/parts/evidence.toml``.  Counts the crates that have
license texts of their own, too.  Exit code 1 if a report lacks a library, or if too many crates lack a text.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

from tests.support.linking import command
from tests.support.proven_parts import crates_in, missing, names_in, proven

APPLICATIONS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())

GOAL = 0.95
"""Share of the crates with texts of their own."""


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.long.proven_binaries")
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", metavar="APPLICATION", nargs="*")
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(APPLICATIONS)):
        parser.error(f"there is no application {unknown[0]}")
    print("application\tMB\tcomponents\tcrates\twith texts\tproven\tnot in the report", flush=True)
    lacking = crates = with_texts = 0
    for name in given.names or APPLICATIONS:
        folder = given.folder.absolute() / name
        if not (folder / "app").exists():
            build(folder, **APPLICATIONS[name])
        data = (folder / "app").read_bytes() + (folder / "app.debug").read_bytes()
        shown = command("castiron", "audit", "app", "--format", "json", cwd=folder)
        names = names_in(shown.stdout)
        lacks = missing(data, names)
        lacking += len(lacks)
        listed, texts = crates_in(shown.stdout)
        crates += listed
        with_texts += texts
        told = "; ".join(f"{library} ({proof!r})" for library, proof in lacks.items()) or "-"
        size = (folder / "app").stat().st_size / 1e6
        print(f"{name}\t{size:.0f}\t{len(names)}\t{listed}\t{texts}\t{len(proven(data))}\t{told}", flush=True)
    print(f"{len(given.names or APPLICATIONS)} binaries, {lacking} libraries not in the reports")
    print(f"{with_texts} of {crates} crates with license texts of their own")
    return int(lacking > 0 or with_texts < GOAL * crates)


def build(folder: Path, *, requirements: list[str], code: str) -> None:
    """Trace and link an application; files are not compressed, so that their bytes can be looked through."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in requirements))
    (folder / "app.py").write_text(f"{code}\n")
    for name, *arguments in (
        ("trace", "-r", "requirements.txt", "-o", "app.manifest", "-q", "app.py"),
        ("link", "app.manifest", "-o", "app", "-q", "--compress", "none", "--symbols", "app.debug"),
    ):
        done = command(name, *arguments, cwd=folder)
        if done.status:
            sys.exit(f"{folder.name}: {name}: {done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
