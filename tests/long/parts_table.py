"""The audit of whole wheels against what a person found in them, as a table.

``python -m tests.long.parts_table [--sdists] FOLDER [TABLE]``: FOLDER receives the wheels, which pip fetches; they
are as large as 1.5 GB.  Distributions that have no wheel are built from their source archives.  The tables are those
of ``NAMES`` in ``tests/unit/audit/parts``; without one all are compared.  With ``--sdists`` the source distributions
of the same versions are read as well.
Exit code 1 if precision or recall is below its goal, or if a wheel cannot be had; the rest of its table is compared
nevertheless.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castiron_audit.catalogue import library_of_name
from castiron_audit.collect import build_report
from castiron_audit.expressions import licenses_in, normalise
from castiron_audit.model import Component, Kind, Report
from castiron_audit.names import normalised
from castiron_audit.wanted_sdists import wanted_sdists
from castiron_common.command_line import Loudness, reporter_of
from castiron_common.files import sha256_bytes
from castiron_manifest.model import (
    Distribution,
    Entry,
    EntryKind,
    Manifest,
    Module,
    ModuleKind,
    Native,
    Origin,
    Resource,
    Target,
    Wheel,
)
from castiron_trace.licenses import evidence, read_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLES = Path(__file__).parents[1] / "unit" / "audit" / "parts"
GOALS = {"parts": (0.95, 0.80), "distributions": (0.97, 0.95)}
"""Precision and recall."""
NAMES = (
    "truth",
    "strangers",
    "newcomers",
    "latecomers",
    "visitors",
    "travellers",
    "passersby",
    "wanderers",
    "callers",
    "guests",
    "neighbours",
    "lodgers",
    "arrivals",
    "boarders",
    "tenants",
    "settlers",
    "villagers",
    "passengers",
)
ANY = "LicenseRef-any"


def main(*arguments: str) -> int:
    sdists = "--sdists" in arguments
    folder, *names = (item for item in arguments if item != "--sdists")
    status = 0
    for name in names or NAMES:
        print(f"== {name}")
        status |= compare(tomllib.loads((TABLES / f"{name}.toml").read_text()), Path(folder), sdists=sdists)
    return status


def compare(truth: Mapping[str, Any], folder: Path, *, sdists: bool = False) -> int:
    reports: dict[str, Report] = {}
    for name, row in sorted(truth["wheel"].items()):
        try:
            reports[name] = report(site(row, folder), sdists=sdists)
        except LackingWheelError as error:
            print(f"  {name}: {error}")
    return told(truth, reports)


def told(truth: Mapping[str, Any], reports: Mapping[str, Report]) -> int:
    """Print how a table and the reports on its wheels compare; return 1 if a goal is missed or a report is lacking."""
    lacking = len(truth["wheel"].keys() - reports.keys())
    status = int(lacking > 0)
    for what, compared in {"parts": parts, "distributions": distributions}.items():
        rows = {key: row for key, row in truth[what[:-1]].items() if key.partition("/")[0] in reports}
        out = len(truth[what[:-1]]) - len(rows)
        if rows:
            right, answers = compared(rows, reports)
            precision, recall = right / answers if answers else 0.0, right / len(rows)
            print(f"{what}: {len(rows)} asked, {answers} answers, {right} right", end="")
            print(f", precision {precision:.3f}, recall {recall:.3f}")
            if what == "parts":
                named = sum(bool(named_so(key, reports)) for key in rows)
                print(f"parts that the report names, with a license or without: {named}, {named / len(rows):.3f}")
            status |= precision < GOALS[what][0] or recall < GOALS[what][1]
        if out:
            print(f"{what}: {out} NOT COMPARED, as their wheels could not be had")
    print(f"{len(reports)} wheels compared, {lacking} could not be had")
    return status


class LackingWheelError(Exception):
    """A wheel of a table cannot be had, or is another one than the person read."""


def site(row: Mapping[str, str], folder: Path) -> Path:
    """Return an unpacked wheel, which is fetched, or built from its source archive, if it is not there.

    Raises:
        LackingWheelError: The index does not have it, or has other bytes under that name.
    """
    file = folder / row["file"]
    source = file.name.endswith(".tar.gz")
    if not file.exists():
        if source:
            name, _, version = file.name.removesuffix(".tar.gz").rpartition("-")
            kind = ["--no-binary", ":all:"]
        else:
            name, version, *_, platform = file.name.removesuffix(".whl").split("-")
            kind = ["--only-binary", ":all:", "--platform", platform.rpartition(".")[2], "--python-version", "3.13"]
            kind += ["--implementation", "cp", "--abi", "cp313", "--abi", "abi3", "--abi", "none"]
        pip("download", *kind, "-d", folder, f"{name}=={version}")
    if not file.exists():
        raise LackingWheelError(f"the index has another file for this version than {file.name}")
    if sha256_bytes(file.read_bytes()) != row["sha256"]:
        raise LackingWheelError(f"{file.name} is not the file that was read")
    unpacked = folder / "unpacked" / file.name
    if not unpacked.exists():
        if source:
            pip("wheel", "-w", folder / "built" / file.name, file)
            (file,) = (folder / "built" / file.name).iterdir()
        with zipfile.ZipFile(file) as archive:
            archive.extractall(unpacked)
    return unpacked


def pip(command: str, *arguments: str | Path) -> None:
    """Run pip without dependencies.

    Raises:
        LackingWheelError: It failed; with the last line that it said.
    """
    line = [sys.executable, "-m", "pip", command, "-q", "--no-deps", *map(str, arguments)]
    done = subprocess.run(line, check=False, text=True, stderr=subprocess.PIPE)
    if done.returncode:
        raise LackingWheelError(next(reversed(done.stderr.splitlines()), f"pip: exit code {done.returncode}"))


def report(unpacked: Path, *, sdists: bool = False) -> Report:
    """Return the report on a wheel of which everything goes in."""
    info = next(unpacked.glob("*.dist-info"))
    files = sorted(path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file())
    metadata = read_metadata(info)
    texts: dict[str, str] = {}
    name = re.sub(r"[-_.]+", "-", metadata["Name"]).lower()
    owner: dict[str, Any] = {"origin": Origin.DISTRIBUTION, "distribution": name}
    modules, resources, natives = [], [], []
    for path in files:
        file = unpacked / path
        if path.startswith(f"{info.name}/"):
            continue
        module = path.split(".")[0].replace("/", ".")
        if path.endswith(".py"):
            modules.append(Module(name=module, kind=ModuleKind.SOURCE, path=path, **owner))
        elif re.search(r"\.so(\.(?!debug)|$)", file.name) and file.read_bytes()[:4] == b"\x7fELF":
            data = file.read_bytes()
            extension = module if b"PyInit_" in data and ".libs/" not in path else None
            modules.append(Module(name=module, kind=ModuleKind.EXTENSION, path=path, **owner))
            natives.append(
                Native(
                    path=path,
                    distribution=name,
                    soname=None,
                    sha256=sha256_bytes(data),
                    size=len(data),
                    module=extension,
                )
            )
        else:
            resources.append(Resource(path=path, size=file.stat().st_size, **owner))
    manifest = Manifest(
        generator="castiron",
        pack="cpython-3.13.15",
        target=Target(platform="x86_64-linux-musl", python="3.13"),
        entry=Entry(kind=EntryKind.SCRIPT, module="__main__", path="app.py", name="app"),
        distributions=(
            Distribution(
                name=name,
                version=metadata["Version"],
                wheel=Wheel(filename=unpacked.name, sha256="0" * 64, size=1),
                purl=f"pkg:pypi/{name}@{metadata['Version']}",
                license=evidence(unpacked, info.name, files, texts),
                direct=True,
            ),
        ),
        modules=tuple(sorted(modules, key=lambda item: (item.name, item.path or ""))),
        resources=tuple(resources),
        natives=tuple(natives),
        texts=tuple(sorted(texts.items())),
    )
    return build_report(
        manifest, site=unpacked, sdists=wanted_sdists(manifest, reporter_of(Loudness.QUIET)) if sdists else ()
    )


def parts(rows: Mapping[str, Mapping[str, str]], reports: Mapping[str, Report]) -> tuple[int, int]:
    """Return how many parts are right, and how many have an answer."""
    right = answers = 0
    for key, row in rows.items():
        found = named_so(key, reports)
        expressions = [item.verdict.expression for item in found if item.verdict.expression is not None]
        answers += bool(expressions)
        if any(row["license"] == ANY or same(item, row["license"]) for item in expressions) and has_version(found, row):
            right += 1
        else:
            lacking = "known" if found else "in the report"
            print(f"  {key}: {row['license']} {row.get('version', '')}, not {expressions or lacking}")
    return right, answers


def named_so(key: str, reports: Mapping[str, Report]) -> list[Component]:
    """Return the components of the name in a row's key, ``owner/name``."""
    owner, _, name = key.partition("/")
    return [
        item
        for item in reports[owner].components
        if item.kind is not Kind.DISTRIBUTION and canonical(item.name) == canonical(name)
    ]


def has_version(found: list[Component], row: Mapping[str, str]) -> bool:
    return any(item.version.startswith(row.get("version", "")) for item in found)


def distributions(rows: Mapping[str, Mapping[str, str]], reports: Mapping[str, Report]) -> tuple[int, int]:
    """Return how many licenses are right, and how many have an answer."""
    right = answers = 0
    for name, row in rows.items():
        expression = reports[name].component(f"distribution/{name}").verdict.expression
        answers += expression is not None
        if expression is not None and same(expression, row["license"]):
            right += 1
        else:
            print(f"  {name}: {row['license']}, not {expression}")
    return right, answers


def canonical(name: str) -> str:
    entry = library_of_name(name)
    return normalised(entry.name if entry else name)


def same(left: str, right: str) -> bool:
    wanted = normalise(right) or right
    return left == wanted or (
        sorted(licenses_in(left)) == sorted(licenses_in(wanted)) and (" OR " in left) == (" OR " in wanted)
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
