"""Tells projects of JavaScript by where their files lie: ``vendor/NAME/``, ``NAME-1.2.3.min.js``, ``package.json``.

People copy scripts into folders that say that they are others' (``vendor``, ``components``, as Bower does it), each in
a folder with its name or as a file with its name.  Minified files seldom keep the comment that would tell more.
"""

from __future__ import annotations

import posixpath
import re

from castiron_audit.names import normalised
from castiron_common.frozen import dataclass

_CONTAINERS = (
    "node_modules|bower_components|components|vendors?|_?vendored|third[-_]?party|3rd[-_]?party|externals?|js-packages"
)
_NAME = r"(?P<name>(?:@[a-z][\w.-]*/)?[A-Za-z][\w.-]*?)"
_VERSION = r"(?:[-.@_]v?(?P<version>\d+\.\d+(?:\.\d+)*)(?:[-.][a-z]+\d*)*)?"
_FOLDER = re.compile(rf"(?:^|/)(?:{_CONTAINERS})/{_NAME}{_VERSION}/")
_FILE = re.compile(
    rf"^{_NAME}{_VERSION}(?P<form>(?:[.-](?:min|slim|umd|bundle|prod|production|complete|full))*)\.(?:m?js|css)$"
)
_IN_CONTAINER = re.compile(rf"(?:^|/)(?:{_CONTAINERS})$")
_PLACES = frozenset({"css", "dist", "font", "fonts", "images", "img", "js", "lib", "scripts", "src", "styles"})
"""Names of folders that are no names of projects."""
MANIFESTS = ("package.json", "bower.json")
"""npm's and Bower's; Bower's has the same fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the path of a script says."""

    name: str
    version: str
    """Empty if the path does not say it."""
    vendored: bool
    """True if it lies in a folder that is for others' scripts."""


def place_of(path: str) -> Place | None:
    """Return the project that a script is named after; None for files with ordinary names in ordinary folders."""
    folder, file = posixpath.split(path)
    match = _FOLDER.search(f"{folder}/")
    if match and match["name"].lower() not in _PLACES:
        return Place(name=match["name"], version=match["version"] or "", vendored=True)
    vendored = match is not None or _IN_CONTAINER.search(folder) is not None
    named = _FILE.match(file)
    if named and (vendored or named["version"] or named["form"]):
        return Place(name=named["name"], version=named["version"] or "", vendored=vendored)
    return None


def is_package_folder(path: str, name: str) -> bool:
    """Return whether a manifest of npm or Bower describes the folder that it lies in, and that is others'."""
    folder = posixpath.dirname(path)
    container, last = posixpath.split(folder)
    scope = posixpath.basename(container)
    if scope.startswith("@"):
        container, last = posixpath.dirname(container), f"{scope}/{last}"
    return _IN_CONTAINER.search(container) is not None and normalised(last) in {
        normalised(name),
        normalised(name.rpartition("/")[2]),
    }
