"""Reads the lock files of JavaScript in a source distribution: packages, versions, licenses, and what a bundle needs.

npm's ``package-lock.json`` (versions 1 to 3), ``yarn.lock`` (1 and Berry) and ``pnpm-lock.yaml``.  What is there for
development only - compilers, tests - is no part of a bundle: npm's says so, for the others it is what the dependencies
of the ``package.json`` beside it do not lead to.
"""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING, Any

from castiron_audit.bundles import Package, bundled_packages
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from castiron_audit.sdists.archive import SourceTree

_OF_NPM = frozenset(("package-lock.json", "npm-shrinkwrap.json"))
_LARGEST = 16 << 20
_PATH = re.compile(r"(?:^|/)node_modules/((?:@[\w.~-]+/)?[\w.~-]+)$")
_NAME = r"(?:@[\w.~-]{1,80}/)?[\w.~-]{1,120}"
_SPEC = re.compile(rf"(?P<name>{_NAME})@(?P<range>[^\n]{{1,200}})")
_KEY_OF_PNPM = re.compile(rf"/?(?P<name>{_NAME})[@/](?P<version>\d[\w.+-]*)(?:[_(].*)?")
_VERSION = re.compile(r"\d+\.[\w.+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A package as yarn's and pnpm's lock files have it."""

    name: str
    version: str
    needs: tuple[str, ...]
    dev: bool = False


def needed_packages(tree: SourceTree) -> dict[str, tuple[Package, ...]]:
    """Return the packages that are not only for development, by the lock file that names them; both sorted."""
    found: dict[str, tuple[Package, ...]] = {}
    for path, data in tree.files.items():
        folder, name = posixpath.split(path)
        if len(data) > _LARGEST or "node_modules/" in path:
            continue
        if name in _OF_NPM:
            packages = _of_npm(data)
        elif name in {"yarn.lock", "pnpm-lock.yaml"}:
            manifest = tree.files.get(posixpath.join(folder, "package.json"), b"")
            text = data.decode("utf-8", "replace")
            entries = list(_of_yarn(text) if name == "yarn.lock" else _of_pnpm(text))
            packages = _closure(entries, bundled_packages(manifest))
        else:
            continue
        found[path] = tuple(sorted(set(packages), key=lambda item: (item.name, item.version)))
    return found


def installed_packages(tree: SourceTree) -> dict[str, Package]:
    """Return the packages whose folders lie in the sources (``node_modules/NAME/package.json``), by these folders."""
    from castiron_audit.bundles import package_of_json

    found: dict[str, Package] = {}
    for path, data in tree.files.items():
        folder, name = posixpath.split(path)
        match = _PATH.search(folder) if name == "package.json" else None
        package = package_of_json(data) if match else None
        if package is not None and match is not None and package.name == match[1]:
            found[folder] = package
    return found


def _of_npm(data: bytes) -> Iterator[Package]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(document, dict):
        return
    rows = document.get("packages")
    if isinstance(rows, dict):
        for path, row in rows.items():
            match = _PATH.search(path)
            if match and isinstance(row, dict) and not (row.get("dev") or row.get("devOptional") or row.get("link")):
                yield from _package(row.get("name", match[1]), row)
        return
    yield from _nested(document.get("dependencies"), 0)


def _nested(rows: Any, depth: int) -> Iterator[Package]:
    if not isinstance(rows, dict) or depth > 40:
        return
    for name, row in rows.items():
        if isinstance(row, dict) and not row.get("dev"):
            yield from _package(name, row)
            yield from _nested(row.get("dependencies"), depth + 1)


def _package(name: Any, row: Mapping[str, Any]) -> Iterator[Package]:
    version, said = row.get("version"), row.get("license")
    if isinstance(name, str) and re.fullmatch(_NAME, name) and isinstance(version, str) and _VERSION.fullmatch(version):
        yield Package(name=name, version=version, license=said if isinstance(said, str) else "")


def _blocks(text: str) -> Iterator[tuple[int, str, list[tuple[int, str]]]]:
    """Yield each line that ends with a colon and what is indented below it, of yarn's and pnpm's files."""
    lines = [(len(line) - len(line.lstrip()), line.strip()) for line in text.splitlines() if line.strip()]
    for index, (indent, line) in enumerate(lines):
        if not line.endswith(":") or line.startswith("#"):
            continue
        below: list[tuple[int, str]] = []
        for other in lines[index + 1 : index + 400]:
            if other[0] <= indent:
                break
            below.append(other)
        yield indent, line[:-1].strip("\"'"), below


def _of_yarn(text: str) -> Iterator[_Entry]:
    for indent, key, below in _blocks(text):
        match = _SPEC.match(key.partition(",")[0].strip("\"' ")) if indent == 0 else None
        if match:
            yield _entry(match["name"], "", below)


def _of_pnpm(text: str) -> Iterator[_Entry]:
    for indent, key, below in _blocks(text):
        match = _KEY_OF_PNPM.fullmatch(key) if indent == 2 else None
        if match:
            yield _entry(match["name"], match["version"], below)


def _entry(name: str, version: str, below: Iterable[tuple[int, str]]) -> _Entry:
    needs: list[str] = []
    dev = within = False
    for indent, line in below:
        key, _, value = line.partition(": ") if ": " in line else line.partition(" ")
        key = key.strip("\"'")
        if indent <= 2 or (indent == 4 and line.endswith(":")):
            within = key.rstrip(":") in {"dependencies", "optionalDependencies"}
        elif within and not line.endswith(":"):
            needs.append(key)
        if not within and key == "version":
            version = value.strip("\"' ")
        dev = dev or line == "dev: true"
    return _Entry(name=name, version=version, needs=tuple(needs), dev=dev)


def _closure(entries: list[_Entry], roots: Iterable[str]) -> Iterator[Package]:
    """Yield what the roots lead to; by names alone, as several versions of a package need nearly the same."""
    needs: dict[str, set[str]] = {}
    for entry in entries:
        needs.setdefault(entry.name, set()).update(entry.needs)
    reached: set[str] = set()
    pending = list(roots)
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += needs.get(name, ())
    for entry in entries:
        if entry.name in reached and not entry.dev and _VERSION.fullmatch(entry.version):
            yield Package(name=entry.name, version=entry.version)
