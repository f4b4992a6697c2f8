"""Makes ``go_modules.json.zst``: licenses and copyright lines of Go modules, of which a Go binary names only versions.

``python -m castiron_audit.data.make_go_modules PACKAGES``

PACKAGES: a folder with Debian's packages ``golang-NAME-dev`` (as ``apt-get download`` leaves them).  Each has the
sources of modules below ``usr/share/gocode/src``, and a copyright file (Debian's machine-readable format 1.0) that
quotes the modules' license texts.  Needs ``dpkg-deb``.
"""

from __future__ import annotations

import io
import json
import posixpath
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import zstandard

from castiron_audit.data.make_known_texts import without_packaging

_SOURCES = "usr/share/gocode/src/"
_NAMES = {
    "expat": "MIT",
    "mit": "MIT",
    "apache-2.0": "Apache-2.0",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-3-clause~google": "BSD-3-Clause",
    "bsd-3-clause or bsd-3-clause": "BSD-3-Clause",
    "isc": "ISC",
    "mpl-2": "MPL-2.0",
    "mpl-2.0": "MPL-2.0",
}
"""Debian's short names of licenses, and SPDX's."""
_MODULE = re.compile(r"^module\s+\"?([^\s\"]+)", re.MULTILINE)
_MAJOR = re.compile(r"/v\d+$")


def main(folder: Path) -> None:
    """Write the file beside this module."""
    texts: dict[str, int] = {}
    modules: dict[str, dict[str, object]] = {}
    for package in sorted(folder.glob("golang-*_*.deb")):
        name, version = package.name.removesuffix(".deb").split("_")[:2]
        paths, manifests, copyright_file = _read(package)
        expression = _license(copyright_file)
        if expression is None:
            print(f"{name}: no license that this command knows", file=sys.stderr)
            continue
        text = "\n".join(line.rstrip() for line in without_packaging(copyright_file).strip("\n").splitlines()) + "\n"
        row = {
            "license": expression,
            "where": f"{name} {version.replace('%3a', ':')}, Debian's copyright file",
            "text": texts.setdefault(text, len(texts)),
        }
        for module in sorted({_MAJOR.sub("", item) for item in (*_declared(manifests), *_folder(paths))}):
            inner = {path.removeprefix(f"{module}/") for path in paths if path.startswith(f"{module}/")}
            folders = sorted({path.partition("/")[0] for path in inner if "/" in path})
            modules.setdefault(module, row | {"folders": folders})
    packed = json.dumps({"modules": modules, "texts": list(texts)}, sort_keys=True, ensure_ascii=False).encode()
    Path(__file__).with_name("go_modules.json.zst").write_bytes(zstandard.ZstdCompressor(level=19).compress(packed))


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
    """Return the license of the paragraph ``Files: *`` as SPDX names it, None if this command does not know it."""
    for paragraph in re.split(r"\n\s*\n", copyright_file):
        if re.search(r"^Files:\s*\*\s*$", paragraph, re.MULTILINE):
            match = re.search(r"^License:[ \t]*(\S.*)$", paragraph, re.MULTILINE)
            return _NAMES.get(match[1].strip().lower()) if match else None
    return None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
