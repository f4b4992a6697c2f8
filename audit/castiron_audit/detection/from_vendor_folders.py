"""Detects packages that a distribution carries in folders such as ``_vendor``."""

from __future__ import annotations

import os
import re
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.catalogue import distribution_of_package, project_license
from castiron_audit.license_files import LICENSE_FILE_NAME
from castiron_audit.model import Evidence, Form, Kind, Source
from castiron_audit.names import is_of_tests, normalised
from castiron_audit.text_evidence import text_evidence
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import Message

    from castiron_audit.detection.collector import Collector
    from castiron_audit.detection.contents import DistributionContents

_VENDOR_FOLDER = re.compile(
    r"(?:^|/)(?:_?vendor|_?vendored|_?vendored?_packages|_?externals?|_?extern|_?third_?party|_?bundled)/"
)
_REQUIREMENTS = "requirements.txt"
_FOLDERS_OF_LICENSES = ("licenses", "licences", "LICENSES")
_CODE_SUFFIXES = frozenset({".py", ".pyc", ".pyi", ".so"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VendoredPackage:
    """A package in such a folder."""

    vendor_folder: str
    """Relative to site-packages, with a slash at its end."""
    import_name: str
    """Name of its folder or module there."""
    name: str
    """Name of its distribution in lower case; the import name if nothing tells it."""
    version: str
    """Empty if nothing tells it."""
    metadata: Message | None
    """Its ``METADATA``, if that was kept."""


def is_vendored(path: str) -> bool:
    """Return whether a file lies in a folder for packages of others."""
    return _VENDOR_FOLDER.search(path) is not None


def detect_from_vendor_folders(collector: Collector) -> None:
    """Add the vendored packages with what their metadata and license files say."""
    for package in vendored_packages(collector.contents):
        component = (
            collector.copy_of(Kind.VENDORED, package.name, package.version)
            if package.version
            else collector.component(Kind.VENDORED, package.name)
        )
        component.forms.add(Form.BYTECODE)
        root = package.vendor_folder + package.import_name
        component.paths |= {path for path in collector.contents.paths if path.startswith((f"{root}/", f"{root}."))}
        component.version = component.version or package.version
        if package.version:
            component.purl = component.purl or f"pkg:pypi/{normalised(package.name)}@{component.version}"
        if package.metadata is not None:
            where = f"{package.vendor_folder}{package.name}-{package.version}.dist-info/METADATA"
            component.evidence += metadata_evidence(package.metadata, where)
        for path, text in _license_texts(collector.contents, package):
            component.texts.setdefault(path, text)
            component.evidence += text_evidence(path, text)
        if not any(item.expression for item in component.evidence) and project_license(package.name) is None:
            component.evidence += _head_evidence(collector.contents, package.vendor_folder, package.import_name)


def vendored_packages(contents: DistributionContents) -> Iterator[VendoredPackage]:
    """Yield the vendored packages among the files that go in, sorted.

    A folder of such a name may hold the project's own code: a package is reported only if metadata, ``vendor.txt``, a
    license file or the name of a well-known project shows that it is vendored.
    """
    for folder, import_names in sorted(_vendor_folders(contents).items()):
        metadata = _metadata_by_name(contents, folder)
        versions = {**_vendor_txt(contents, folder, _REQUIREMENTS), **_vendor_txt(contents, folder)}
        for import_name in sorted(import_names):
            # ``python-dotenv`` is imported as ``dotenv``.
            key = next((name for name in _distribution_names(import_name) if name in versions), normalised(import_name))
            headers = metadata.get(normalised(import_name))
            known = project_license(import_name) is not None
            own_version = "" if headers else _own_version(contents, folder, import_name)
            if (
                headers is None
                and key not in versions
                and not known
                and not own_version
                and not _head_evidence(contents, folder, import_name)
                and not _has_license(contents, folder, import_name)
            ):
                continue
            yield VendoredPackage(
                vendor_folder=folder,
                import_name=import_name,
                name=(headers["Name"] if headers else key if key in versions else import_name).lower(),
                version=headers["Version"] if headers else versions.get(key, own_version),
                metadata=headers,
            )


def _distribution_names(import_name: str) -> tuple[str, ...]:
    """Return the names that the distribution of an import name may have, the likeliest first."""
    key = normalised(import_name)
    return (key, f"python-{key}", f"py{key}", f"{key}-python", f"py-{key}", distribution_of_package(import_name))


def _vendor_folders(contents: DistributionContents) -> dict[str, set[str]]:
    """Return the import names in each vendor folder of the distribution."""
    folders: dict[str, set[str]] = {}
    for path in contents.paths:
        if ".dist-info/" in path.split("/", 1)[0] + "/":
            continue
        match = _VENDOR_FOLDER.search(path)
        if match:
            import_names = folders.setdefault(path[: match.end()], set())
            top, slash, _ = path[match.end() :].partition("/")
            is_package = slash != "" and not top.endswith((".dist-info", ".egg-info", *_FOLDERS_OF_LICENSES))
            if is_package or (top.endswith(".py") and top != "__init__.py"):
                import_names.add(top.removesuffix(".py"))
    for folder, listed in _listed_folders(contents).items():
        folders.setdefault(folder, set()).update(listed)
    return folders


def _listed_folders(contents: DistributionContents) -> dict[str, set[str]]:
    """Return the import names in folders whose ``requirements.txt`` lists what was copied there, each with a version.

    A list of what a folder's own programs need has no folders of those names beside it.
    """
    folders: dict[str, set[str]] = {}
    for path in contents.recorded() | contents.paths:
        if not path.endswith(f"/{_REQUIREMENTS}") or ".dist-info" in path or is_of_tests(path):
            continue
        folder = path.rpartition("/")[0]
        beside: dict[str, str] = {}
        for item in contents.paths:
            if item.startswith(f"{folder}/"):
                top = item.removeprefix(f"{folder}/").partition("/")
                if top[1] or top[0].endswith(".py"):
                    title = top[0].removesuffix(".py")
                    for known in _distribution_names(title):
                        beside.setdefault(normalised(known), title)
        listed = {beside[key] for key in _vendor_txt(contents, f"{folder}/", _REQUIREMENTS) if key in beside}
        if listed:
            folders[f"{folder}/"] = listed
    return folders


def _metadata_by_name(contents: DistributionContents, folder: str) -> Mapping[str, Message]:
    """Return the metadata kept in a vendor folder, by normalised distribution name and import name."""
    metadata: dict[str, Message] = {}
    for path in sorted(contents.site.glob(f"{folder}*.dist-info/METADATA")) if contents.site is not None else ():
        headers = HeaderParser().parsestr(path.read_text(encoding="utf-8", errors="replace"))
        if headers["Name"] and headers["Version"]:
            names = {headers["Name"]}
            top_level = path.with_name("top_level.txt")
            names |= set(top_level.read_text().split()) if top_level.is_file() else set()
            # ``jaraco.text`` is imported from the folder ``jaraco``; the first package of a namespace names the folder.
            names.add(headers["Name"].split(".")[0])
            for name in names:
                metadata.setdefault(normalised(name), headers)
    return metadata


def _vendor_txt(contents: DistributionContents, folder: str, name: str = "vendor.txt") -> Mapping[str, str]:
    """Return the versions in ``vendor.txt``, the list that pip's tool for vendoring writes."""
    data = contents.read(f"{folder}{name}")
    if data is None:
        return {}
    rows = re.findall(r"^\s*([A-Za-z0-9_.-]+)==([^\s;#]+)", data.decode("utf-8", "replace"), re.MULTILINE)
    return {normalised(name): version for name, version in rows}


def _has_license(contents: DistributionContents, folder: str, import_name: str) -> bool:
    if contents.site is None:
        return False
    package = contents.site / folder / import_name
    files = (path for path in package.iterdir() if path.is_file()) if package.is_dir() else ()
    return any(LICENSE_FILE_NAME.search(path.name) and path.suffix != ".py" for path in files) or any(
        _license_files_beside(contents.site / folder, import_name)
    )


def _license_files_beside(folder: Path, import_name: str) -> Iterator[Path]:
    """Yield the license files that have a package's name, in a vendor folder or its ``licenses``: ``ffmpy.LICENSE``."""
    name = re.compile(rf"(?:^|[._-]){re.escape(import_name)}(?:[._-]|$)", re.IGNORECASE)
    for place in (folder, *(folder / licenses for licenses in _FOLDERS_OF_LICENSES)):
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if name.search(path.name) and LICENSE_FILE_NAME.search(path.name) and path.suffix not in _CODE_SUFFIXES:
                yield path


OWN_VERSION = re.compile(rb"""^__version__ *(?::[^=\n]{1,40})?= *["'](\d+\.\d[\w.+-]*)["']""", re.MULTILINE)
_FOR_OTHERS_CODE = re.compile(r"(?:^|/)(?:_vendor|_?vendored|_?vendored?_packages|_?third_?party|_?bundled)/$")


def _own_version(contents: DistributionContents, folder: str, import_name: str) -> str:
    """Return the version that a package says it has: in a folder for others' code only projects have one."""
    if not _FOR_OTHERS_CODE.search(folder):
        return ""
    for path in (f"{folder}{import_name}/__init__.py", f"{folder}{import_name}.py"):
        if path in contents.paths and (match := OWN_VERSION.search(contents.read(path) or b"")):
            return match[1].decode()
    return ""


_HEAD = 4000
"""Bytes of a source file in which its notice stands."""
_NOTICE = re.compile(r"licen[sc]ed?\b|SPDX-License-Identifier|copyright", re.IGNORECASE)
_DOCUMENTED = re.compile(
    r"^(?P<name>[A-Za-z][\w.-]{0,60})\n[-=~^]{3,}\n"
    r"(?:(?!^[-=~^]{3,}$)[\s\S])*?^Licen[sc]e:[ \t]*(?P<said>\S[^\n]*)",
    re.MULTILINE,
)
"""A section of the documentation in a vendor folder, of one package, with fields such as "License: Apache 2.0"."""


def _head_evidence(contents: DistributionContents, folder: str, import_name: str) -> list[Evidence]:
    """Return what a package's first lines, or the documentation of a folder for others' code, say about its license.

    In other folders the first lines may be the distribution's own.
    """
    if not _FOR_OTHERS_CODE.search(folder) and not folder.endswith("/vendor/"):
        return []
    for path in (f"{folder}{import_name}.py", f"{folder}{import_name}/__init__.py"):
        head = (contents.read(path) or b"")[:_HEAD].decode("utf-8", "replace") if path in contents.paths else ""
        if _NOTICE.search(head) and (found := [item for item in text_evidence(path, head) if item.expression]):
            return found
    path = f"{folder}__init__.py"
    text = (contents.read(path) or b"").decode("utf-8", "replace") if path in contents.paths else ""
    for section in _DOCUMENTED.finditer(text):
        expression = expressions.from_field(section["said"]) or expressions.normalise(section["said"])
        if expression is not None and normalised(section["name"]) == normalised(import_name):
            return [Evidence(source=Source.LISTING, where=path, says=section["said"][:100], expression=expression)]
    return []


def _license_texts(contents: DistributionContents, package: VendoredPackage) -> Iterator[tuple[str, str]]:
    """Yield path (relative to site-packages) and text of the license files of a vendored package."""
    if contents.site is None:
        return
    vendor = contents.site / package.vendor_folder
    for path in _license_files_beside(vendor, package.import_name):
        if path.is_file():
            yield path.relative_to(contents.site).as_posix(), path.read_text(encoding="utf-8", errors="replace")
    folders = [vendor / package.import_name]
    if package.metadata is not None:
        pattern = f"{package.metadata['Name'].replace('-', '?')}-{package.version}.dist-info"
        folders += sorted((contents.site / package.vendor_folder).glob(pattern))
    for folder in folders:
        # Of thousands of files a few are named so: a `Path` for each would take long.
        named = [
            Path(parent) / name
            for parent, _, names in os.walk(folder)
            for name in names
            if LICENSE_FILE_NAME.search(name)
        ]
        for path in sorted(named):
            if path.is_file() and path.suffix not in _CODE_SUFFIXES:
                yield path.relative_to(contents.site).as_posix(), path.read_text(encoding="utf-8", errors="replace")


def metadata_evidence(metadata: Message, where: str) -> list[Evidence]:
    """Return what the metadata of a package says about its license."""
    evidence = []
    if said := metadata["License-Expression"]:
        expression = expressions.normalise(said)
        evidence.append(Evidence(source=Source.EXPRESSION, where=where, says=said, expression=expression))
    classified = [
        expression
        for item in metadata.get_all("Classifier", [])
        if item.startswith("License ::") and (expression := expressions.from_classifier(item)[0])
    ]
    if classified:
        expression = expressions.all_of(classified)
        evidence.append(
            Evidence(source=Source.CLASSIFIER, where=where, says="; ".join(classified), expression=expression)
        )
    if metadata["License"] and (expression := expressions.from_field(metadata["License"])):
        evidence.append(
            Evidence(source=Source.FIELD, where=where, says=metadata["License"][:100], expression=expression)
        )
    return evidence
