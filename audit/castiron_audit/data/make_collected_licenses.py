"""Makes ``collected_licenses.json.zst``: licenses of packages of several ecosystems, as GNU Guix states them.

``python -m castiron_audit.data.make_collected_licenses FOLDER VERSION``

FOLDER: the modules ``gnu/packages`` of GNU Guix (in Debian's package ``guix``); VERSION: that of Guix.  Each of its
packages names the license of the sources that it is built from; only that is taken, not the definitions.  A package
with several licenses gets no row, as the list does not say whether they are a choice; nor does one whose license has no
identifier.  Kinds: modules of Go by import path, packages of Haskell by their name on Hackage, libraries of C and C++
(what another package needs, built by Make, CMake or Meson), families of fonts.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import zstandard

from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOUND = Path(__file__).with_name("collected_licenses.json.zst")
_TOKEN = re.compile(
    r"""\s+|;[^\n]*|\#\|[\s\S]*?\|\#|(?P<string>"(?:[^"\\]|\\[\s\S])*")|(?P<open>\#?[(\[])|(?P<close>[)\]])"""
    r"""|[#]?['`,]@?|\#[~$+]@?|(?P<atom>[^\s()\[\]";'`,]+)""",
)
_LICENSES = {
    "agpl3": "AGPL-3.0-only",
    "agpl3+": "AGPL-3.0-or-later",
    "artistic2.0": "Artistic-2.0",
    "asl2.0": "Apache-2.0",
    "boost1.0": "BSL-1.0",
    "bsd-0": "0BSD",
    "bsd-2": "BSD-2-Clause",
    "bsd-3": "BSD-3-Clause",
    "bsd-4": "BSD-4-Clause",
    "cc0": "CC0-1.0",
    "cc-by3.0": "CC-BY-3.0",
    "cc-by4.0": "CC-BY-4.0",
    "cc-by-sa3.0": "CC-BY-SA-3.0",
    "cc-by-sa4.0": "CC-BY-SA-4.0",
    "cddl1.0": "CDDL-1.0",
    "cecill-b": "CECILL-B",
    "cecill-c": "CECILL-C",
    "epl1.0": "EPL-1.0",
    "epl2.0": "EPL-2.0",
    "expat": "MIT",
    "expat-0": "MIT-0",
    "gpl2": "GPL-2.0-only",
    "gpl2+": "GPL-2.0-or-later",
    "gpl3": "GPL-3.0-only",
    "gpl3+": "GPL-3.0-or-later",
    "isc": "ISC",
    "lgpl2.0": "LGPL-2.0-only",
    "lgpl2.0+": "LGPL-2.0-or-later",
    "lgpl2.1": "LGPL-2.1-only",
    "lgpl2.1+": "LGPL-2.1-or-later",
    "lgpl3": "LGPL-3.0-only",
    "lgpl3+": "LGPL-3.0-or-later",
    "mpl1.1": "MPL-1.1",
    "mpl2.0": "MPL-2.0",
    "ncsa": "NCSA",
    "psfl": "PSF-2.0",
    "silofl1.1": "OFL-1.1",
    "unlicense": "Unlicense",
    "wtfpl2": "WTFPL",
    "zlib": "Zlib",
}
"""Names of licenses in ``(guix licenses)``; ``x11`` is left out, as it stands for texts that SPDX distinguishes."""
_BUILDS = frozenset({"cmake", "copy", "gnu", "meson", "qt", "scons", "waf"})
_NEEDS = ("inputs", "native-inputs", "propagated-inputs")
_OTHER_LANGUAGES = re.compile(
    r"(?:cl|ecl|sbcl|emacs|ghc|go|guile|java|julia|lua\d?|node|ocaml\d?|perl|python\d?|r|ruby|rust|texlive|font|vim|xf86)-"
)
_LIBRARY = re.compile(r"[a-z][a-z0-9_+-]{2,40}")
_NO_FONT_WORDS = frozenset({"fonts", "ttf", "otf", "google", "adobe"})


class Text(str):
    """A string, which a symbol is not."""

    __slots__ = ()


Form = list["Form | str"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What is wanted of one package."""

    name: str
    file: str
    build: str
    license: str
    import_path: str
    upstream: str
    needs: frozenset[str]


def main(folder: Path, version: str) -> None:
    """Write the file beside this module."""
    packages = [item for path in sorted(folder.glob("*.scm")) for item in packages_of(path.read_text(), path.name)]
    needed = {name for package in packages for name in package.needs}
    kinds: dict[str, dict[str, set[tuple[str, str]]]] = {"fonts": {}, "go": {}, "haskell": {}, "libraries": {}}
    for package in packages:
        kind, name = _kind(package, needed)
        if kind:
            kinds[kind].setdefault(name, set()).add((package.license, package.file))
    document = {
        "source": f"GNU Guix {version}",
        **{
            kind: {
                name: [license_, min(file for _, file in found)]
                for name, found in sorted(rows.items())
                if len(said := {license_ for license_, _ in found}) == 1 and (license_ := said.pop())
            }
            for kind, rows in kinds.items()
        },
    }
    packed = zstandard.ZstdCompressor(level=19).compress(json.dumps(document, separators=(",", ":")).encode())
    _FOUND.write_bytes(packed)
    print({kind: len(rows) for kind, rows in document.items()}, len(packed), file=sys.stderr)


def _kind(package: Package, needed: set[str]) -> tuple[str, str]:
    """Return the kind of a package and its name there; two empty strings if it is of no wanted kind."""
    if package.import_path:
        return "go", package.import_path
    if package.name.startswith("ghc-") or package.build == "haskell":
        return "haskell", package.upstream or package.name.removeprefix("ghc-")
    if package.name.startswith("font-"):
        words = [word for word in package.name.split("-")[1:] if word not in _NO_FONT_WORDS]
        return "fonts", "-".join(words)
    is_library = package.build in _BUILDS and package.name in needed and _LIBRARY.fullmatch(package.name)
    return ("libraries", package.name) if is_library and not _OTHER_LANGUAGES.match(package.name) else ("", "")


def packages_of(source: str, file: str) -> Iterator[Package]:
    """Yield the packages that a module of Guix defines; those that inherit all that is wanted are left out."""
    for form in _read(source):
        for package in _inside(form, "package"):
            fields = {field[0]: field for field in package if isinstance(field, list) and field and field[0] != ""}
            fields = {str(key): value for key, value in fields.items() if isinstance(key, str)}
            name = _text(fields.get("name", []))
            if name:
                yield Package(
                    name=name,
                    file=file,
                    build=_word(fields.get("build-system", [])).removesuffix("-build-system"),
                    license=_license(fields.get("license", [])),
                    import_path=_keyword(fields.get("arguments", []), "#:import-path"),
                    upstream=_property(fields.get("properties", []), "upstream-name"),
                    needs=frozenset(word for need in _NEEDS for word in _words(fields.get(need, [])[1:])),
                )


def _read(source: str) -> Form:
    """Return the forms of a file in Scheme; quotes are left out."""
    forms: Form = []
    around: list[Form] = []
    current = forms
    place = 0
    while place < len(source):
        match = _TOKEN.match(source, place)
        if match is None:
            place += 1
            continue
        place = match.end()
        if match["open"]:
            inner: Form = []
            current.append(inner)
            around.append(current)
            current = inner
        elif match["close"]:
            current = around.pop() if around else forms
        elif match["string"]:
            current.append(Text(match["string"][1:-1]))
        elif match["atom"]:
            current.append(match["atom"])
    return forms


def _inside(form: Form | str, head: str) -> Iterator[Form]:
    if isinstance(form, list):
        if form and form[0] == head:
            yield form
        else:
            for item in form:
                yield from _inside(item, head)


def _text(field: Form) -> str:
    return str(field[1]) if len(field) == 2 and isinstance(field[1], Text) else ""


def _word(field: Form) -> str:
    return field[1] if len(field) == 2 and isinstance(field[1], str) and not isinstance(field[1], Text) else ""


def _words(form: Form | str) -> Iterator[str]:
    if isinstance(form, list):
        for item in form:
            yield from _words(item)
    else:
        yield str(form)


def _license(field: Form) -> str:
    return _LICENSES.get(_word(field).rpartition(":")[2], "")


def _keyword(form: Form | str, key: str) -> str:
    """Return the text behind a keyword anywhere in a form."""
    if isinstance(form, list):
        for index, item in enumerate(form):
            if item == key and index + 1 < len(form) and isinstance(form[index + 1], Text):
                return str(form[index + 1])
            if found := _keyword(item, key):
                return found
    return ""


def _property(form: Form | str, key: str) -> str:
    """Return the text of a pair ``(key . "text")`` anywhere in a form."""
    if isinstance(form, list):
        if len(form) == 3 and form[0] == key and isinstance(form[2], Text):
            return str(form[2])
        for item in form:
            if found := _property(item, key):
                return found
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
