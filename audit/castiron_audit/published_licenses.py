"""Makes the tables of licenses that published wheels tell of others' packages: ``npm_licenses`` and ``crate_licenses``.

``python -m castiron_audit.published_licenses WHEEL...``: wheels that bring lists of bundlers (JupyterLab and its
extensions), packages of npm with their manifests (Node.js), or bills of materials of crates (PEP 770; maturin makes
them from the crates' manifests).  A package of which two versions have different licenses gets no row, and no crate
whose license ``known_texts.json.zst`` has, or that is for other systems (``crates.toml``).
"""

from __future__ import annotations

import posixpath
import sys
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_audit import bundles
from castiron_audit.expressions import normalise
from castiron_audit.known_texts import texts_of_crate
from castiron_audit.names import normalised
from castiron_audit.sboms import read_sbom
from castiron_audit.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MADE = "; made by published_licenses.py.\n#\n"
_NPM = f"""\
# Licenses of npm packages that source maps name{_MADE}\
# "normalised name" = [expression, the distribution in whose lists or manifests it was read]

[packages]
"""
_CRATES = f"""\
# Licenses of Rust crates that show in shared objects without a list{_MADE}\
# "name" = [expression, the distribution in whose bill of materials it was read]

[crates]
"""


def main(*wheels: str) -> None:
    """Write the tables of what the wheels name."""
    packages: dict[str, dict[str, str]] = {}
    crates: dict[str, dict[str, str]] = {}
    for wheel in sorted(wheels, key=lambda path: Path(path).name):
        title = " ".join(Path(wheel).name.split("-")[:2])
        with zipfile.ZipFile(wheel) as archive:
            for package in _packages(archive):
                _add(packages, normalised(package.name), package.license, title)
            for name, said in _crates(archive):
                _add(crates, name, said, title)
    _write("npm_licenses", _NPM, packages)
    others = table("crates")["other_systems"]
    left_out = {name for name in crates if name in others["names"] or name.startswith(tuple(others["beginnings"]))}
    wanted = {name: row for name, row in crates.items() if name not in left_out and not texts_of_crate(name).license}
    _write("crate_licenses", _CRATES, wanted)


def _add(found: dict[str, dict[str, str]], name: str, said: str, title: str) -> None:
    expression = normalise(said)
    if expression is not None and not expression.startswith("LicenseRef-"):
        found.setdefault(name, {}).setdefault(expression, title)


def _packages(archive: zipfile.ZipFile) -> Iterator[bundles.Package]:
    for name in archive.namelist():
        if bundles.LIST_NAME.search(posixpath.basename(name)):
            yield from bundles.listed_packages(archive.read(name))
        elif "node_modules/" in name and posixpath.basename(name) == "package.json":
            package = bundles.package_of_json(archive.read(name))
            yield from (() if package is None else (package,))


def _crates(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Yield name and license of crates; a workspace's own are nobody else's."""
    for name in archive.namelist():
        if ".dist-info/sboms/" in name and name.endswith(".json"):
            for item in read_sbom(archive.read(name).decode()).components:
                if item.ecosystem == "cargo" and not item.local:
                    yield item.name, item.license or ""


def _write(name: str, head: str, found: Mapping[str, Mapping[str, str]]) -> None:
    rows = [
        f'"{package}" = ["{expression}", "{title}"]\n'
        for package, said in sorted(found.items())
        if len(said) == 1
        for expression, title in said.items()
    ]
    Path(str(files("castiron_audit.data").joinpath(f"{name}.toml"))).write_text(head + "".join(rows))
    print(f"{name}: {len(rows)} rows, {len(found) - len(rows)} left out", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
