"""The audit of whole wheels against what a person found in them, as a table.

``python -m tests.long.parts_table FOLDER [TABLE]``: FOLDER receives the wheels, which pip fetches; they are as large as
1 GB.  The tables are ``truth``, ``strangers``, ``newcomers`` and ``latecomers`` in ``tests/unit/audit/parts``; without
one all are compared.  Exit code 1 if precision or recall is below its goal.
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
ANY = "LicenseRef-any"


def main(folder: Path, *names: str) -> int:
    status = 0
    for name in names or ("truth", "strangers", "newcomers", "latecomers"):
        print(f"== {name}")
        status |= compare(tomllib.loads((TABLES / f"{name}.toml").read_text()), folder)
    return status


def compare(truth: Mapping[str, Any], folder: Path) -> int:
    reports = {name: report(site(row, folder)) for name, row in sorted(truth["wheel"].items())}
    status = 0
    for what, (right, answers, asked) in {
        "parts": parts(truth["part"], reports),
        "distributions": distributions(truth["distribution"], reports),
    }.items():
        if not asked:
            continue
        precision, recall = right / answers, right / asked
        print(
            f"{what}: {asked} asked, {answers} answers, {right} right, precision {precision:.3f}, recall {recall:.3f}"
        )
        status |= precision < GOALS[what][0] or recall < GOALS[what][1]
    return status


def site(row: Mapping[str, str], folder: Path) -> Path:
    """Return an unpacked wheel, which is fetched if it is not there."""
    wheel = folder / row["file"]
    if not wheel.exists():
        name, version, *_, platform = row["file"].removesuffix(".whl").split("-")
        tags = ["--platform", platform.rpartition(".")[2], "--python-version", "3.13", "--implementation", "cp"]
        tags += ["--abi", "cp313", "--abi", "abi3", "--abi", "none"]
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", *tags]
        subprocess.run([*command, "-d", str(folder), f"{name}=={version}"], check=True)
    if sha256_bytes(wheel.read_bytes()) != row["sha256"]:
        sys.exit(f"{wheel.name} is not the wheel that was read")
    unpacked = folder / "unpacked" / wheel.name
    if not unpacked.exists():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unpacked)
    return unpacked


def report(unpacked: Path) -> Report:
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
        elif re.search(r"\.so(\.|$)", file.name) and file.read_bytes()[:4] == b"\x7fELF":
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
    return build_report(manifest, site=unpacked)


def parts(rows: Mapping[str, Mapping[str, str]], reports: Mapping[str, Report]) -> tuple[int, int, int]:
    """Return how many parts are right, how many have an answer, and how many there are."""
    right = answers = 0
    for key, row in rows.items():
        owner, _, name = key.partition("/")
        found = [
            item
            for item in reports[owner].components
            if item.kind is not Kind.DISTRIBUTION and canonical(item.name) == canonical(name)
        ]
        expressions = [item.verdict.expression for item in found if item.verdict.expression is not None]
        answers += bool(expressions)
        if any(row["license"] == ANY or same(item, row["license"]) for item in expressions) and has_version(found, row):
            right += 1
        else:
            print(f"  {key}: {row['license']} {row.get('version', '')}, not {expressions or 'in the report'}")
    return right, answers, len(rows)


def has_version(found: list[Component], row: Mapping[str, str]) -> bool:
    return any(item.version.startswith(row.get("version", "")) for item in found)


def distributions(rows: Mapping[str, Mapping[str, str]], reports: Mapping[str, Report]) -> tuple[int, int, int]:
    """Return how many licenses are right, how many have an answer, and how many there are."""
    right = answers = 0
    for name, row in rows.items():
        expression = reports[name].component(f"distribution/{name}").verdict.expression
        answers += expression is not None
        if expression is not None and same(expression, row["license"]):
            right += 1
        else:
            print(f"  {name}: {row['license']}, not {expression}")
    return right, answers, len(rows)


def canonical(name: str) -> str:
    entry = library_of_name(name)
    return normalised(entry.name if entry else name)


def same(left: str, right: str) -> bool:
    wanted = normalise(right) or right
    return left == wanted or (
        sorted(licenses_in(left)) == sorted(licenses_in(wanted)) and (" OR " in left) == (" OR " in wanted)
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
