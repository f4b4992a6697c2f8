"""Reads which packages of npm a script says it consists of, where no list or source map does.

Forms: the modules of webpack's development builds (``/***/ "./node_modules/NAME/index.js":``), the list of notices that
esbuild puts at the end of a bundle, and the first lines of files as jsDelivr delivers them.
"""

from __future__ import annotations

import re

from castiron_audit.banners import NOTICES_OF_ESBUILD, notices_of_esbuild
from castiron_audit.names import normalised
from castiron_common.frozen import dataclass

_HEAD = 1000
"""Bytes in which jsDelivr says what a file is."""
_DELIVERED = re.compile(rb"\* Original file: /npm/((?:@[\w.~-]+/)?[\w.~-]+)@(\d+(?:\.\d+)*(?:-[\w.]+)?)/")
_MODULE = re.compile(rb'^/\*{3}/ "\./node_modules/([^"\n]{1,400})":', re.MULTILINE)
_MODULE_MARK = b'/***/ "./node_modules/'
_NAME = re.compile(r"((?:@[\w.~-]+/)?[\w.~-]+)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPackage:
    """A package of npm that is in a script. Sorted by name."""

    name: str
    version: str = ""
    """Empty if the script does not say it."""


def packages_in_script(data: bytes) -> tuple[NamedPackage, ...]:
    """Return the packages that a script or style sheet names as its contents, sorted by name; mostly none."""
    found = dict.fromkeys(sorted(_modules(data)), "")
    for package, notice in notices_of_esbuild(data) if NOTICES_OF_ESBUILD in data else ():
        # A notice under the package's own name is a banner, which tells more.
        if not (notice.name and normalised(package).startswith(normalised(notice.name))):
            found.setdefault(package, "")
    if (match := _DELIVERED.search(data[:_HEAD])) is not None:
        found[match[1].decode()] = match[2].decode()
    return tuple(NamedPackage(name=name, version=version) for name, version in sorted(found.items()))


def _modules(data: bytes) -> set[str]:
    if _MODULE_MARK not in data:
        return set()
    names = set()
    for path in _MODULE.findall(data):
        # A package within another one: the inner one's folder is named last.  Loaders stand before "!".
        inner = path.decode("utf-8", "replace").split("!")[0].rpartition("node_modules/")[2]
        if (match := _NAME.match(inner)) is not None:
            names.add(match[1])
    return names
