"""Makes the tables of licenses that published wheels tell of others' packages: ``npm_licenses`` and ``crate_licenses``.

``python -m castiron_audit.published_licenses [--add] ARCHIVE...``: wheels that bring lists of bundlers (JupyterLab and
its extensions), packages of npm with their manifests (Node.js), or bills of materials of crates (PEP 770; maturin makes
them from the crates' manifests), packages of npm (``npm pack NAME``) that bring the lock file of all that they
need (``npm-shrinkwrap.json``, whose rows have licenses since its version 2), and lock files
(``package-lock.json``) that npm makes for what pages are built from, whose rows have the license in each package's
manifest; one of which such a file has versions with different licenses does not count.  With ``--add`` before them,
what the tables have counts, too.  A package of which two versions have different licenses gets no row, and no crate
whose license ``known_texts.json.zst`` has, or that is for other systems (``crates.toml``).  The tables are the same in
whatever order the archives are named.  The wheels of the present tables are those that the rows name.
"""

from __future__ import annotations

import json
import re
import sys
import tarfile
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_audit import bundles
from castiron_audit.expressions import normalise
from castiron_audit.known_texts import texts_of_crate
from castiron_audit.names import normalised
from castiron_audit.sboms import UnreadableSbomError, read_sbom
from castiron_audit.tables import table
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_MADE = "; made by published_licenses.py.\n#\n"
_NPM = f"""\
# Licenses of npm packages that source maps name{_MADE}\
# "normalised name" = [expression, the distribution, or package of npm, in whose lists or manifests it was read]

[packages]
"""
_CRATES = f"""\
# Licenses of Rust crates that show in shared objects without a list{_MADE}\
# "name" = [expression, the distribution in whose bill of materials it was read]

[crates]
"""


_PACKAGE_JSON = re.compile(r"(?:^|/)node_modules/(?:@[^/]+/)?[^/@]+/package\.json$")
"""A package's own manifest: those deeper in its folder are of examples and tests."""


_LOCK_FILES = ("package/npm-shrinkwrap.json",)
_PACKED, _LOCK_FILE = ".tgz", ".json"


def main(*archives: str) -> None:
    """Write the tables of what wheels and packages of npm name; ``--add``: and of what the tables have."""
    add = archives[:1] == ("--add",)
    archives = archives[add:]
    if not archives:
        sys.exit("Name the wheels: without any, the tables would be empty.")
    for name, made in published(archives, add=add).items():
        Path(str(files("castiron_audit.data").joinpath(f"{name}.toml"))).write_text(made.text, encoding="utf-8")
        print(f"{name}: {made.rows} rows, {len(made.left_out)} left out: {', '.join(made.left_out)}", file=sys.stderr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of licenses."""

    text: str
    """In TOML."""
    rows: int
    left_out: tuple[str, ...]
    """Names whose versions have different licenses, sorted."""


def published(archives: Sequence[str | Path], *, add: bool = False) -> dict[str, Table]:
    """Return the tables of what the archives name, by their names; ``add``: and of what the present tables have.

    Raises:
        OSError: An archive cannot be read.
        zipfile.BadZipFile, tarfile.TarError: A file is neither a wheel nor a package of npm.
    """
    packages = _present("npm_licenses", "packages") if add else {}
    crates = _present("crate_licenses", "crates") if add else {}
    for wheel in sorted(map(Path, archives), key=lambda path: (path.name, path)):
        if wheel.name.endswith(_PACKED):
            title, listed = _locked(wheel)
            for package in listed:
                _add(packages, normalised(package.name), package.license, title)
            continue
        if wheel.name.endswith(_LOCK_FILE):
            for package in _settled(bundles.locked_packages(wheel.read_bytes())):
                _add(packages, normalised(package.name), package.license, f"{package.name} {package.version} (npm)")
            continue
        title = " ".join(wheel.name.split("-")[:2])
        with zipfile.ZipFile(wheel) as archive:
            for package in _packages(archive):
                _add(packages, normalised(package.name), package.license, title)
            for name, said in _crates(archive, wheel.name):
                _add(crates, name, said, title)
    build_only, others = table("crates")["build_only"], table("crates")["other_systems"]
    beginnings = (*build_only["beginnings"], *others["beginnings"])
    left_out = {name for name in crates if name in others["names"] or name.startswith(beginnings)}
    wanted = {name: row for name, row in crates.items() if name not in left_out and not texts_of_crate(name).license}
    return {"npm_licenses": _table(_NPM, packages), "crate_licenses": _table(_CRATES, wanted)}


def _present(name: str, key: str) -> dict[str, dict[str, str]]:
    return {package: {expression: title} for package, (expression, title) in table(name)[key].items()}


def _locked(archive: Path) -> tuple[str, tuple[bundles.Package, ...]]:
    """Return name and version of a package of npm, and the packages in its lock file."""
    with tarfile.open(archive) as tar:
        members = {member.name: member for member in tar if member.isfile()}
        read = {
            name: file.read()
            for name in ("package/package.json", *_LOCK_FILES)
            if name in members and (file := tar.extractfile(members[name])) is not None
        }
    own = bundles.package_of_json(read.get("package/package.json", b""))
    title = f"{own.name} {own.version} (npm)" if own is not None else f"{archive.name} (npm)"
    return title, tuple(item for name in _LOCK_FILES for item in bundles.locked_packages(read.get(name, b"")))


def _settled(packages: Sequence[bundles.Package]) -> Iterator[bundles.Package]:
    """Yield the packages of a lock file of which no two versions have different licenses."""
    said: dict[str, set[str]] = {}
    for package in packages:
        said.setdefault(package.name, set()).add(package.license)
    yield from (package for package in packages if len(said[package.name]) == 1)


def _add(found: dict[str, dict[str, str]], name: str, said: str, title: str) -> None:
    expression = normalise(said)
    if expression is not None and not expression.startswith("LicenseRef-"):
        found.setdefault(name, {}).setdefault(expression, title)


def _packages(archive: zipfile.ZipFile) -> Iterator[bundles.Package]:
    for name in archive.namelist():
        if bundles.LIST_NAME.search(name.rpartition("/")[2]):
            yield from bundles.listed_packages(archive.read(name))
        elif _PACKAGE_JSON.search(name):
            package = bundles.package_of_json(archive.read(name))
            yield from (() if package is None else (package,))


def _crates(archive: zipfile.ZipFile, wheel: str) -> Iterator[tuple[str, str]]:
    """Yield name and license of crates; a workspace's own are nobody else's."""
    for name in archive.namelist():
        if ".dist-info/sboms/" in name and name.endswith(".json"):
            try:
                components = read_sbom(archive.read(name).decode()).components
            except (UnreadableSbomError, UnicodeDecodeError) as error:
                print(f"{wheel}: {name} is left out: {error}", file=sys.stderr)
                continue
            for item in components:
                if item.ecosystem == "cargo" and not item.local:
                    yield item.name, item.license or ""


def _table(head: str, found: Mapping[str, Mapping[str, str]]) -> Table:
    rows = [
        f"{_quoted(name)} = [{_quoted(expression)}, {_quoted(title)}]\n"
        for name, said in sorted(found.items())
        if len(said) == 1
        for expression, title in said.items()
    ]
    left_out = tuple(sorted(name for name, said in found.items() if len(said) > 1))
    return Table(text=head + "".join(rows), rows=len(rows), left_out=left_out)


def _quoted(text: str) -> str:
    """Return a basic string of TOML."""
    return json.dumps(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
