"""Makes ``known_texts.json.zst``: license texts and copyright lines of crates and libraries that wheels do not bring.

``python -m castiron_audit.data.make_known_texts VENDOR CRATES LIBRARIES NAMES LICENSES``

VENDOR: the folder ``vendor`` of Rust's own sources (Debian's source package rustc): crates with their license files.
CRATES: Debian's packages ``librust-NAME-dev``, unpacked into one folder: crates' archives, and their copyright files.
LIBRARIES: ``*.debian.tar.xz`` of Debian's source packages of libraries, or its packages (``*.deb``; these need
``dpkg``), whose copyright file quotes the projects' license texts and names the holders of the copyright.
NAMES: a file with lines "library package".  LICENSES: a JSON object, crate to the expression of its manifest.

``python -m castiron_audit.data.make_known_texts --add CRATES [LIBRARIES NAMES]`` keeps what the file has, and adds what
it lacks.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import zstandard

_FILE = re.compile(r"^(?:un)?licen[sc]e|^copying|^copyright|^notice", re.IGNORECASE)
_COPYRIGHT = re.compile(r"(?:\./)?(?:debian|usr/share/doc/[^/]+)/copyright")
_LARGEST = 400_000
_FOUND = Path(__file__).with_name("known_texts.json.zst")
_PACKAGING = re.compile(r"^Files:\s*debian/\*.*?(?=^Files:|^License:\s*\S+\s*\n(?= )|\Z)", re.MULTILINE | re.DOTALL)


_Rows = dict[str, dict[str, dict[str, Any]]]


def main(vendor: Path, crates: Path, libraries: Path, names: Path, licenses: Path) -> None:
    """Write the file beside this module."""
    texts: dict[str, int] = {}
    rows: _Rows = {"crates": {}, "libraries": {}}
    for name, expression in sorted(json.loads(licenses.read_text()).items()):
        rows["crates"][name] = {"license": expression, "texts": []}
    _add_crates(rows, texts, [*vendor.iterdir(), *_registry(crates)], crates)
    _add_libraries(rows, texts, libraries, names)
    _write(rows, texts)


def add(crates: Path, libraries: Path | None = None, names: Path | None = None) -> None:
    """Write the file anew, with what it lacks."""
    document = json.loads(zstandard.ZstdDecompressor().decompress(_FOUND.read_bytes()))
    texts = {text: index for index, text in enumerate(document["texts"])}
    rows: _Rows = {kind: document[kind] for kind in ("crates", "libraries")}
    _add_crates(rows, texts, _registry(crates), crates)
    if libraries is not None and names is not None:
        _add_libraries(rows, texts, libraries, names)
    _write(rows, texts)


def _registry(crates: Path) -> list[Path]:
    return list((crates / "usr/share/cargo/registry").iterdir())


def _add_crates(rows: _Rows, texts: dict[str, int], folders: list[Path], crates: Path) -> None:
    for folder in sorted(path for path in folders if path.is_dir()):
        name, version = _name_and_version(folder)
        row = rows["crates"].setdefault(name, {"license": "", "texts": []})
        row["license"] = row["license"] or _manifest_license(folder)
        if row["texts"]:
            continue
        files = sorted(path for path in folder.iterdir() if path.is_file() and _FILE.search(path.name))
        found = [_row(texts, f"{name} {version}, {path.name}", _read(path)) for path in files]
        if not any(found):
            quoted = _copyright_beside(crates, name)
            found = [_row(texts, f"{name} {version}, Debian's copyright file", quoted)]
        row["texts"] = [item for item in found if item]


def _add_libraries(rows: _Rows, texts: dict[str, int], libraries: Path, names: Path) -> None:
    packages = {}
    for archive in sorted(libraries.glob("*.debian.tar.xz")):
        package, _, version = archive.name.removesuffix(".debian.tar.xz").partition("_")
        packages[package] = (version, archive)
    for archive in sorted(libraries.glob("*.deb")):
        package, version, _ = archive.name.split("_")
        packages[package] = (version.replace("%3a", ":"), archive)
    for line in names.read_text().splitlines():
        library, package = line.split()
        if library not in rows["libraries"] and package in packages and (text := _copyright(packages[package][1])):
            where = "Debian's copyright file" if packages[package][1].suffix == ".deb" else "debian/copyright"
            said = _row(texts, f"{package} {packages[package][0]}, {where}", text)
            rows["libraries"][library] = {"texts": [said]}


def _write(rows: _Rows, texts: dict[str, int]) -> None:
    kept = {"crates": {name: row for name, row in rows["crates"].items() if row["texts"] or row["license"]}}
    document = {**kept, "libraries": rows["libraries"], "texts": list(texts)}
    packed = json.dumps(document, sort_keys=True, ensure_ascii=False).encode()
    _FOUND.write_bytes(zstandard.ZstdCompressor(level=19).compress(packed))


def without_packaging(text: str) -> str:
    """Return a copyright file of Debian without its own packaging, each holder on a line that says "Copyright:"."""
    lines, in_field = [], False
    for line in _PACKAGING.sub("", text).splitlines():
        if line.startswith("Copyright:"):
            in_field = True
            lines += [line] if line.removeprefix("Copyright:").strip() else []
        elif in_field and line.startswith(" ") and line.strip(" ."):
            lines.append(f"Copyright: {line.strip()}")
        else:
            in_field = False
            lines.append(line)
    return "\n".join(lines)


def _row(texts: dict[str, int], where: str, text: str) -> list[object] | None:
    """Return [where, index of the text], None for an empty text."""
    text = "\n".join(line.rstrip() for line in text.strip("\n").splitlines()) + "\n"
    if not text.strip():
        return None
    return [where, texts.setdefault(text, len(texts))]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size < _LARGEST else ""


def _manifest_license(folder: Path) -> str:
    manifest = folder / "Cargo.toml"
    found = re.search(r'^license = "([^"]+)"', manifest.read_text(), re.MULTILINE) if manifest.is_file() else None
    return found[1] if found else ""


def _copyright(archive: Path) -> str:
    packed: io.BytesIO | None = None
    if archive.suffix == ".deb":
        command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
        packed = io.BytesIO(subprocess.run(command, check=True, capture_output=True).stdout)
    with tarfile.open(None if packed else archive, fileobj=packed) as tar:
        for member in tar:
            if _COPYRIGHT.fullmatch(member.name) and member.isfile() and member.size < _LARGEST:
                file = tar.extractfile(member)
                text = file.read().decode("utf-8", "replace") if file else ""
                return without_packaging(text)
    return ""


def _name_and_version(folder: Path) -> tuple[str, str]:
    """Return those of a crate's folder, which may be named after the crate alone."""
    manifest = folder / "Cargo.toml"
    text = manifest.read_text(encoding="utf-8", errors="replace") if manifest.is_file() else ""
    name = re.search(r'^name = "([^"]+)"', text, re.MULTILINE)
    version = re.search(r'^version = "([^"]+)"', text, re.MULTILINE)
    return name[1] if name else folder.name, version[1] if version else ""


def _copyright_beside(crates: Path, name: str) -> str:
    """Return Debian's copyright file of a crate, empty if there is none."""
    title = re.escape(name.lower().replace("_", "-"))
    package = re.compile(rf"librust-{title}(?:-\d[\d.]*)?(?:\+[\w+-]+)?-dev")
    for folder in sorted((crates / "usr/share/doc").iterdir()):
        if package.fullmatch(folder.name) and (folder / "copyright").is_file():
            return without_packaging(_read(folder / "copyright"))
    return ""


if __name__ == "__main__":
    if sys.argv[1] == "--add":
        add(*map(Path, sys.argv[2:]))
    else:
        main(*map(Path, sys.argv[1:]))
