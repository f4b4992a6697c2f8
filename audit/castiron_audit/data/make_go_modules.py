"""Makes ``go_modules.json.zst``: licenses and copyright lines of Go modules, of which a Go binary names only versions.

``python -m castiron_audit.data.make_go_modules [--add] PACKAGES``

PACKAGES: a folder with Debian's packages ``golang-NAME-dev`` (as ``apt-get download`` leaves them): those whose
``Go-Import-Path`` (in Debian's lists of source packages) is that of a module, or of one around it, in a Go binary of a
wheel.  Each has the sources of modules below ``usr/share/gocode/src``, and a copyright file (Debian's machine-readable
format 1.0) that quotes the modules' license texts.  Older versions may lie beside newer ones: what is only in them was
moved to another path.  A module whose path ends in a major version is kept by that path and by the project's.
With ``--add`` what the file has is kept, and what it lacks is added.  Needs ``dpkg``.
"""

from __future__ import annotations

import io
import json
import posixpath
import re
import subprocess
import sys
import tarfile
from functools import cmp_to_key
from pathlib import Path

import zstandard

from castiron_audit.data.make_known_texts import without_packaging

_FOUND = Path(__file__).with_name("go_modules.json.zst")
_SOURCES = "usr/share/gocode/src/"
_NAMES = {
    "expat": "MIT",
    "mit": "MIT",
    "mit-expat": "MIT",
    "apache-2.0": "Apache-2.0",
    "apache-2.0 and go": "Apache-2.0 AND BSD-3-Clause",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-3-clause~google": "BSD-3-Clause",
    "bsd-3-clause or bsd-3-clause": "BSD-3-Clause",
    "cc0-1.0": "CC0-1.0",
    "isc": "ISC",
    "mpl-2": "MPL-2.0",
    "mpl-2.0": "MPL-2.0",
}
"""Debian's short names of licenses, and SPDX's."""
_MODULE = re.compile(r"^module\s+\"?([^\s\"]+)", re.MULTILINE)
_SOURCE = re.compile(r"(?!debian/)(?!.*(?:test|example|vendor|third_party))[\w./*-]+\.go")
"""A source that is compiled when the module is used."""
_MAJOR = re.compile(r"/v\d+$")


def main(folder: Path, *, add: bool = False) -> None:
    """Write the file beside this module; ``add``: with what it has."""
    present = json.loads(zstandard.ZstdDecompressor().decompress(_FOUND.read_bytes())) if add else {}
    texts: dict[str, int] = {text: index for index, text in enumerate(present.get("texts", ()))}
    modules: dict[str, dict[str, object]] = present.get("modules", {})
    for package in sorted(folder.glob("golang-*_*.deb"), key=cmp_to_key(_in_order)):
        name, version = _name_and_version(package)
        paths, manifests, copyright_file = _read(package)
        expression = _license(copyright_file)
        if expression is None:
            print(f"{name}: no license that this command knows", file=sys.stderr)
            continue
        text = "\n".join(line.rstrip() for line in without_packaging(copyright_file).strip("\n").splitlines()) + "\n"
        row = {
            "license": expression,
            "where": f"{name} {version}, Debian's copyright file",
            "text": texts.setdefault(text, len(texts)),
        }
        declared = {*_declared(manifests), *_folder(paths)}
        for module in sorted(declared | {_MAJOR.sub("", item) for item in declared}):
            inner = {path.removeprefix(f"{module}/") for path in paths if path.startswith(f"{module}/")}
            folders = sorted({path.partition("/")[0] for path in inner if "/" in path})
            modules.setdefault(module, row | {"folders": folders})
    packed = json.dumps({"modules": modules, "texts": list(texts)}, sort_keys=True, ensure_ascii=False).encode()
    _FOUND.write_bytes(zstandard.ZstdCompressor(level=19).compress(packed))


def _name_and_version(package: Path) -> tuple[str, str]:
    name, version = package.name.removesuffix(".deb").split("_")[:2]
    return name, version.replace("%3a", ":")


def _in_order(left: Path, right: Path) -> int:
    """Compare packages: by name, the newest version of each first."""
    (name, version), (other, another) = _name_and_version(left), _name_and_version(right)
    if name != other:
        return -1 if name < other else 1
    newer = subprocess.run(["dpkg", "--compare-versions", version, "gt", another], check=False)
    return -1 if newer.returncode == 0 else 1


def _read(package: Path) -> tuple[list[str], list[str], str]:
    """Return the paths of Go's sources, the texts of ``go.mod`` files, and the copyright file."""
    content = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], check=True, capture_output=True).stdout
    paths, manifests, copyright_file = [], [], ""
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        for member in tar:
            path = member.name.removeprefix("./")
            file = tar.extractfile(member) if member.isfile() else None
            if path.startswith(_SOURCES) and path.endswith(".go"):
                paths.append(path.removeprefix(_SOURCES))
            if file is not None and path.startswith(_SOURCES) and posixpath.basename(path) == "go.mod":
                if "/testdata/" not in path:
                    manifests.append(file.read().decode())
            elif file is not None and path.startswith("usr/share/doc/") and path.endswith("/copyright"):
                copyright_file = file.read().decode("utf-8", "replace")
    return paths, manifests, copyright_file


def _declared(manifests: list[str]) -> list[str]:
    """Return the paths of modules that ``go.mod`` files declare and that others can require."""
    found = (match[1] for text in manifests if (match := _MODULE.search(text)))
    return [path for path in found if "." in path.partition("/")[0]]


def _folder(paths: list[str]) -> list[str]:
    """Return the folder that all sources of a package lie in, which is the module's path; nothing if it is too short.

    Modules at github.com are repositories; all of their sources may lie in one folder of them.
    """
    common = posixpath.commonpath([posixpath.dirname(path) for path in paths]) if paths else ""
    parts = common.split("/")
    if parts[0] == "github.com":
        return ["/".join(parts[:3])] if len(parts) >= 3 else []
    return [common] if len(parts) >= 2 else []


def _license(copyright_file: str) -> str | None:
    """Return the license of all files, or of all of Go, as SPDX names it; None if this command does not know it.

    Those of single sources of Go count together with it.
    """
    of_all: str | None = None
    of_some: list[str] = []
    for paragraph in re.split(r"\n\s*\n", copyright_file):
        patterns = re.search(r"^Files:((?:.*\n[ \t])*.*)$", paragraph, re.MULTILINE)
        match = re.search(r"^License:[ \t]*(\S.*)$", paragraph, re.MULTILINE)
        if patterns is None or match is None:
            continue
        files, expression = patterns[1].split(), _NAMES.get(match[1].strip().lower())
        if {"*", "*.go"} & set(files):
            of_all = expression
        elif expression is not None and any(_SOURCE.fullmatch(file) for file in files):
            of_some.append(expression)
    sides = [] if of_all is None else [*of_all.split(" AND "), *of_some]
    return " AND ".join(dict.fromkeys(sides)) or None


if __name__ == "__main__":
    main(Path(sys.argv[-1]), add="--add" in sys.argv[1:-1])
