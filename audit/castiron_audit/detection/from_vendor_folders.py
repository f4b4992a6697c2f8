"""Finds the packages that a distribution carries in folders such as ``_vendor``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from castiron_audit.detection.contents import LICENSE_NAME
from castiron_audit.detection.detected import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import Message

    from castiron_audit.detection.contents import View

_FOLDER = re.compile(r"(?:^|/)(?:_vendor|_vendored|vendor|vendored|_externals?|extern|externals|third_party)/")
_CODE = frozenset({".py", ".pyc", ".pyi", ".so"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendored:
    """A package in such a folder."""

    root: str
    """The folder, relative to site-packages, with a slash behind it."""
    name: str
    """Of its own folder or module there."""
    title: str
    """Of the distribution that it is from, in small letters; the name, if nothing tells it."""
    version: str
    headers: Message | None
    """Its METADATA, if that was kept."""


def vendored_packages(view: View) -> Iterator[Vendored]:
    """Yield the vendored packages among the files that go in, sorted.

    A folder called so need not hold anybody else's code: of packages that neither metadata nor ``vendor.txt`` nor a
    license file tell of, nothing is said.
    """
    for root, names in sorted(_folders(view).items()):
        metadata = _metadata(view, root)
        versions = _vendor_txt(view, root)
        for name in sorted(names):
            key = plain_name(name)
            headers = metadata.get(key)
            if headers is None and key not in versions and not _has_license(view, root, name):
                continue
            yield Vendored(
                root=root,
                name=name,
                title=(headers["Name"] if headers else name).lower(),
                version=headers["Version"] if headers else versions.get(key, ""),
                headers=headers,
            )


def license_texts(view: View, package: Vendored) -> Iterator[tuple[str, str]]:
    """Yield path (relative to site-packages) and content of the license files of a vendored package."""
    if view.site is None:
        return
    places = [view.site / package.root / package.name]
    if package.headers is not None:
        pattern = f"{package.headers['Name'].replace('-', '?')}-{package.version}.dist-info"
        places += sorted((view.site / package.root).glob(pattern))
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else ():
            if path.is_file() and path.suffix not in _CODE and LICENSE_NAME.search(path.name):
                yield path.relative_to(view.site).as_posix(), path.read_text(encoding="utf-8", errors="replace")


def _folders(view: View) -> dict[str, set[str]]:
    """Return the names of what lies in each folder of vendored code."""
    folders: dict[str, set[str]] = {}
    for path in view.included:
        if ".dist-info/" in path.split("/", 1)[0] + "/":
            continue
        match = _FOLDER.search(path)
        if match:
            rest = path[match.end() :]
            top = rest.split("/")[0]
            if top.endswith((".dist-info", ".egg-info")) or ("/" not in rest and not top.endswith(".py")):
                folders.setdefault(path[: match.end()], set())
            elif top != "__init__.py":
                folders.setdefault(path[: match.end()], set()).add(top.removesuffix(".py"))
    return folders


def _metadata(view: View, root: str) -> Mapping[str, Message]:
    found: dict[str, Message] = {}
    for path in sorted(view.site.glob(f"{root}*.dist-info/METADATA")) if view.site is not None else ():
        headers = HeaderParser().parsestr(path.read_text(encoding="utf-8", errors="replace"))
        if headers["Name"] and headers["Version"]:
            names = {headers["Name"]}
            top = path.with_name("top_level.txt")
            names |= set(top.read_text().split()) if top.is_file() else set()
            # ``jaraco.text`` is found as the folder ``jaraco``; the first of a namespace stands for the folder.
            names.add(headers["Name"].split(".")[0])
            for name in names:
                found.setdefault(plain_name(name), headers)
    return found


def _vendor_txt(view: View, root: str) -> Mapping[str, str]:
    """Return the versions in the list that pip's way of vendoring leaves there."""
    data = view.read(f"{root}vendor.txt")
    if data is None:
        return {}
    rows = re.findall(r"^\s*([A-Za-z0-9_.-]+)==([^\s;#]+)", data.decode("utf-8", "replace"), re.MULTILINE)
    return {plain_name(name): version for name, version in rows}


def _has_license(view: View, root: str, name: str) -> bool:
    folder = view.site / root / name if view.site is not None else None
    if folder is None or not folder.is_dir():
        return False
    files = (path for path in folder.iterdir() if path.is_file() and path.suffix != ".py")
    return any(LICENSE_NAME.search(path.name) for path in files)
