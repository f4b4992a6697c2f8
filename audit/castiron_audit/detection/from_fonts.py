"""Detects fonts by their name tables, the license files beside them, and the rules of style sheets that name them."""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from castiron_audit import fonts
from castiron_audit.catalogue import font_of_family
from castiron_audit.collected_licenses import license_of_font
from castiron_audit.font_faces import font_faces
from castiron_audit.license_files import LICENSE_FILE_NAME
from castiron_audit.model import Evidence, Form, Kind, Severity, Source
from castiron_audit.names import in_order, normalised
from castiron_audit.tables import table
from castiron_audit.text_evidence import text_evidence

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from castiron_audit.detection.collector import Collector, DetectedComponent
    from castiron_audit.fonts import Font

_LICENSE_OF_FONT = re.compile(rf"{LICENSE_FILE_NAME.pattern}|(?:^|[-_.])OFL(?:[-_.]|$)", re.IGNORECASE)
"""``OFL-Alef.txt``"""
_MEMBER = re.compile(r"\s+(?:Sans|Serif|Mono|Display|Math|General|Size\w+|NonUnicode).*$|(?<=[A-Za-z])_[A-Z]\w*$")
"""What tells the members of a superfamily apart: ``DejaVu Sans Mono`` is DejaVu, ``MathJax_Main`` is MathJax."""
_WEIGHT = re.compile(
    r"(?:[\s_-]+(?:Thin|Hairline|(?:Extra|Ultra)?[ -]?Light|Book|Regular|Medium|(?:Semi|Demi|Extra|Ultra)?[ -]?Bold"
    r"|Black|Heavy|Italic|Oblique)(?:Italic)?)+$",
    re.IGNORECASE,
)
_SCRAMBLED = re.compile(r"[A-Z][a-z]{19,}")
"""What some services for fonts in pages put in place of the family's name."""
_HASH = re.compile(r"-(?=[\w-]*[\d_])[\w-]{8}$")
"""What Vite adds to names of files: ``FiraMono-Bold-C6PDArdf``."""
_AXES = re.compile(r"[-_](?:VariableFont_[a-z,]+|\[[a-z,]+\])$", re.IGNORECASE)
"""What files of variable fonts are called after: ``Lora-VariableFont_wght``."""
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SHEETS = (".css", ".js", ".mjs")
"""Files that may have rules of style sheets."""


def detect_from_fonts(collector: Collector) -> None:
    """Add the fonts that go in, one component a family; those that a license list names are its component's."""
    nameless: list[str] = []
    beside = _LicenseFiles(collector.contents.site)
    called = _add_faces(collector)
    for path in in_order(collector.contents.paths):
        if not path.lower().endswith(fonts.SUFFIXES):
            continue
        data = collector.contents.read(path)
        font = fonts.read_font(data) if data is not None else None
        if font is not None and not font.family and not _is_known(_family_of(font, path)):
            font = replace(font, family=called.get(posixpath.basename(path), ""))
        is_nameless = font is not None and not font.family and not _is_known(_family_of(font, path))
        if is_nameless and not beside.named(_file_title(path), path):
            nameless.append(path)
            continue
        if data is not None and font is not None and not _is_listed(collector, path):
            component = add_font(collector, path, font)
            if collector.contents.site is not None:
                _add_license_files(component, beside.named(component.name, path), collector.contents.site)

    if nameless:
        collector.add_finding(
            "unnamed-fonts",
            Severity.WARNING,
            f"{len(nameless)} fonts do not tell their name and license (WOFF 2 is not read), "
            f"and their files are not named after a known one: {nameless[0]} and others.",
        )


def _add_faces(collector: Collector) -> dict[str, str]:
    """Add the fonts that are in style sheets; return the families that these give to files, by the files' names.

    Only families that are known count: a page may call a font as it likes.
    """
    called: dict[str, set[str]] = {}
    for path in in_order(collector.contents.paths):
        if not path.endswith(_SHEETS):
            continue
        for face in font_faces(collector.contents.read(path) or b""):
            if face.file and _is_known(face.family):
                called.setdefault(posixpath.basename(face.file), set()).add(face.family)
            elif face.data and (font := fonts.read_font(face.data)) is not None:
                named = font if font.family else replace(font, family=face.family)
                if font.family or _is_known(face.family):
                    add_font(collector, path, named, within=True)
    return {name: families.pop() for name, families in called.items() if len(families) == 1}


def _is_known(family: str) -> bool:
    return font_of_family(family) is not None or license_of_font(family_title(family)) is not None


def _file_title(path: str) -> str:
    """Return the name of a font's file without its suffix and a hash: ``KaTeX_Main-Regular``, ``fa-solid-900``."""
    title = re.sub(r"\.(?:[\w-]{8,20}\.)?\w+$", "", posixpath.basename(path))
    return _HASH.sub("", title)


def _is_listed(collector: Collector, path: str) -> bool:
    return any(
        fnmatch.fnmatch(path, pattern)
        for component in collector.components.values()
        for pattern in component.file_patterns
    )


def add_font(collector: Collector, path: str, font: Font, *, within: bool = False) -> DetectedComponent:
    """Add a font; ``within``: it lies in the data of a shared object or program, and is no file of its own."""
    family = _family_of(font, path)
    entry = None if font.license else font_of_family(family)
    title = family_title(family)
    # A row's name stands for several families; where it only writes the same in another way, the font's own is better.
    is_named = entry is not None and _letters(entry.name) != _letters(title)
    # A file's name has no spaces: "ChakraPetch-Regular.woff2".
    is_file_name = entry is not None and " " not in title
    component = collector.component(
        Kind.DATA, entry.name if entry is not None and (is_named or is_file_name) else title
    )
    if entry is not None:
        component.add_catalogue_entry(entry)
    component.forms.add(Form.DATA)
    if not within:
        component.paths.add(path)
    component.version = component.version or font.version
    for text in (font.license, font.copyright):
        for item in text_evidence(path, text) if text else ():
            if item.expression not in {known.expression for known in component.evidence}:
                component.evidence.append(item)
    name_table = f"{path}, name table" + (f" of {font.family}" if within else "")
    if "OFL" in font.license or "scripts.sil.org/OFL" in font.license_url:
        component.evidence.append(
            Evidence(source=Source.SBOM, where=name_table, says="SIL Open Font License", expression="OFL-1.1")
        )
    if not any(item.expression for item in component.evidence):
        row = font_of_family(family)
        known = row.evidence() if row is not None else license_of_font(family) or license_of_font(title)
        component.evidence += [] if known is None else [known]
    if font.copyright:
        component.texts.setdefault(name_table, f"{font.copyright}\n\n{font.license}\n".strip() + "\n")
    return component


def _family_of(font: Font, path: str) -> str:
    """Return the family that a font names; that of its file's name if it names none, or letters that are no name."""
    family = font.family.split(",")[0]
    if family and not _SCRAMBLED.fullmatch(family):
        return family
    title = _file_title(path)
    words = _WORDS.sub(" ", _WEIGHT.sub("", _AXES.sub("", title)))
    return words if family or not font_of_family(title) else title


def family_title(family: str) -> str:
    """Return what the fonts of a family have in common: its name without weights, that of a superfamily alone."""
    superfamilies = table("fonts")["superfamilies"]
    if family.split(" ", maxsplit=1)[0].split("_", maxsplit=1)[0] in superfamilies:
        return _MEMBER.sub("", family)
    return _WEIGHT.sub("", family)


def _add_license_files(component: DetectedComponent, paths: Iterable[str], site: Path) -> None:
    """Add the license files in the folder of a font that have its name: ``LICENSE_DEJAVU``."""
    for where in paths:
        if where not in component.texts:
            text = (site / where).read_text(encoding="utf-8", errors="replace")
            component.texts[where] = text
            component.evidence += text_evidence(where, text)


class _LicenseFiles:
    """The license files in folders of fonts; each folder, which hundreds of fonts may be in, is looked through once."""

    def __init__(self, site: Path | None) -> None:
        self._site = site
        self._names: dict[str, tuple[str, ...]] = {}

    def named(self, name: str, path: str) -> list[str]:
        """Return the license files in the folder of a font that have its name, relative to site-packages."""
        key = _letters(name)[:5]
        folder = posixpath.dirname(path)
        return [posixpath.join(folder, item) for item in self._in(folder) if key in _letters(item)] if key else []

    def _in(self, folder: str) -> tuple[str, ...]:
        if self._site is None:
            return ()
        if folder not in self._names:
            found = []
            with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self._site / folder) as entries:
                found = [entry.name for entry in entries if _LICENSE_OF_FONT.search(entry.name) and entry.is_file()]
            self._names[folder] = tuple(sorted(found))
        return self._names[folder]


def _letters(name: str) -> str:
    return normalised(name).replace("-", "")
