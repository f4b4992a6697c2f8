"""Checks the rules that types cannot express: order, references, and paths that stay under their roots."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from castiron_manifest.links import link_problems
from castiron_manifest.model import EntryKind, Manifest, ModuleKind, Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_DATA_ROOT = "../../../"
"""The installation prefix, as seen from ``lib/pythonX.Y/site-packages``: there a wheel's data scheme goes."""
NAME_LIMIT = 255
"""Bytes of one name: Linux's NAME_MAX, which is the room in a directory entry."""
PATH_LIMIT = 3000
"""Bytes of a path, so that there is room for the executable's path before it: Linux's PATH_MAX is 4096."""
_FILELESS = (ModuleKind.BUILTIN, ModuleKind.NAMESPACE)

SORT_KEYS: dict[str, Callable[[Any], tuple[str, ...]]] = {
    "distributions": lambda d: (d.name,),
    "modules": lambda m: (m.name, m.origin.value, m.path or ""),
    "resources": lambda r: (r.origin.value, r.distribution or "", r.path),
    "natives": lambda n: (n.distribution, n.path),
    "findings": lambda f: (f.code, f.subject, f.message),
    "needs": lambda n: (n.what.value, n.importer),
    "links": lambda link: (link.path,),
    "texts": lambda t: (t[0],),
    "blobs": lambda b: (b[0],),
}
"""The order of every sequence of a manifest; keys are unique, too."""


def problems(manifest: Manifest) -> list[str]:
    """Return what is wrong with a manifest, each ending in ``@ $.path``; empty if it is sound."""
    return [
        *_order(manifest),
        *_references(manifest),
        *_paths(manifest),
        *_folders(manifest),
        *link_problems(manifest),
        *_entry(manifest),
    ]


def _order(manifest: Manifest) -> Iterator[str]:
    for name, key in SORT_KEYS.items():
        keys = [key(item) for item in getattr(manifest, name)]
        for index in range(1, len(keys)):
            if keys[index - 1] == keys[index]:
                yield f"listed twice: {'/'.join(keys[index])} @ $.{name}[{index}]"
            elif keys[index - 1] > keys[index]:
                yield f"not in sorted order @ $.{name}[{index}]"


def _references(manifest: Manifest) -> Iterator[str]:
    distributions = {d.name for d in manifest.distributions}
    blobs = {key for key, _ in manifest.blobs}
    texts = {key for key, _ in manifest.texts}
    for index, distribution in enumerate(manifest.distributions):
        where = f"$.distributions[{index}]"
        if not _SHA256.match(distribution.wheel.sha256):
            yield f"not a SHA-256 @ {where}.wheel.sha256"
        if "/" in distribution.wheel.filename or not distribution.wheel.filename.endswith(".whl"):
            yield f"not a wheel's file name @ {where}.wheel.filename"
        if distribution.wheel.embedded and distribution.wheel.sha256 not in blobs:
            yield f"the embedded wheel is not among the blobs @ {where}.wheel"
        for kind in ("files", "sboms"):
            for at, file in enumerate(getattr(distribution.license, kind)):
                if file.sha256 not in texts:
                    yield f"no such text @ {where}.license.{kind}[{at}]"
        for required in distribution.requires:
            if required not in distributions:
                yield f"requires {required}, which is not listed @ {where}.requires"
    for index, module in enumerate(manifest.modules):
        if module.compiled and (module.path is None or module.sha256 not in blobs):
            yield f"the bytecode is not among the blobs @ $.modules[{index}]"
    for name in ("modules", "resources"):
        for index, item in enumerate(getattr(manifest, name)):
            yield from _owner(item, f"$.{name}[{index}]", distributions, blobs)
    for index, native in enumerate(manifest.natives):
        if native.origin is not Origin.APP and native.distribution not in distributions:
            yield f"no such distribution: {native.distribution} @ $.natives[{index}]"
        elif native.origin is Origin.APP and (native.distribution or native.sha256 not in blobs):
            yield f"the application's has no distribution, and its content is a blob @ $.natives[{index}]"


def _owner(item: Any, where: str, distributions: set[str], blobs: set[str]) -> Iterator[str]:
    if (item.origin is Origin.DISTRIBUTION) != (item.distribution is not None):
        yield f"a distribution is named exactly when the origin is one @ {where}"
    elif item.distribution is not None and item.distribution not in distributions:
        yield f"no such distribution: {item.distribution} @ {where}"
    if item.origin is Origin.APP and item.path is not None and item.sha256 not in blobs:
        yield f"the content is not among the blobs @ {where}"


def _paths(manifest: Manifest) -> Iterator[str]:
    for index, module in enumerate(manifest.modules):
        where = f"$.modules[{index}].path"
        if (module.path is None) != (module.kind in _FILELESS):
            yield f"a {module.kind} module has {'no' if module.path is None else 'a'} file @ {where}"
        elif module.path is not None:
            yield from _path(module.path, where, data=module.origin is Origin.DISTRIBUTION)
    for index, link in enumerate(manifest.links):
        yield from _path(link.path, f"$.links[{index}].path", data=False)
    for name, items in (("resources", manifest.resources), ("natives", manifest.natives)):
        sequence: Sequence[Any] = items
        for index, item in enumerate(sequence):
            path = item.path
            if item.origin is Origin.APP:
                # Beside the application's folder: what its code finds above its own place.
                path = path.removeprefix("../")
            yield from _path(path, f"$.{name}[{index}].path", data=item.origin is not Origin.APP)


def _path(path: str, where: str, *, data: bool) -> Iterator[str]:
    """Check that a path stays under its root; the data scheme of a distribution may go up to the prefix."""
    inner = path.removeprefix(_DATA_ROOT) if data else path
    if not inner or "\0" in inner or any(part in ("", ".", "..") for part in inner.split("/")):
        yield f"not a path under its root: {path!r} @ {where}"
    elif len(path.encode()) > PATH_LIMIT or any(len(part.encode()) > NAME_LIMIT for part in path.split("/")):
        yield f"longer than a path can be: {path[:80]!r} ... @ {where}"


def _folders(manifest: Manifest) -> Iterator[str]:
    """Check that no file of the application lies below another: these are laid out as files by the audit, too."""
    places = {
        item.path: f"$.{name}[{index}].path"
        for name in ("modules", "resources", "natives")
        for index, item in enumerate(getattr(manifest, name))
        if item.origin is Origin.APP and item.path is not None
    }
    for path, where in places.items():
        above = path.rpartition("/")[0]
        while above:
            if above in places:
                yield f"lies below the file {above!r} @ {where}"
            above = above.rpartition("/")[0]


def _entry(manifest: Manifest) -> Iterator[str]:
    entry = manifest.entry
    if (entry.kind is EntryKind.FUNCTION) != (entry.function is not None):
        yield "a function is named exactly when the kind is function @ $.entry.function"
    if (entry.kind is EntryKind.SCRIPT) != (entry.path is not None):
        yield "a path is named exactly when the kind is script @ $.entry.path"
    elif entry.path is not None:
        yield from _path(entry.path, "$.entry.path", data=entry.origin is Origin.DISTRIBUTION)
    if not entry.name or "/" in entry.name or "\0" in entry.name:
        yield f"not a program's name: {entry.name!r} @ $.entry.name"
