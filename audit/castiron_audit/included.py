"""Decides which files of each distribution go into the binary, from the manifest or from what was linked."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from castiron_audit.model import Form
from castiron_common.frozen import dataclass
from castiron_manifest.model import ModuleKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from castiron_audit.linked import Linked
    from castiron_manifest.model import Manifest, Module, Native, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class IncludedFiles:
    """Files by distribution; what is not in a mapping has none."""

    paths: Mapping[str, frozenset[str]]
    """Modules and data files, relative to site-packages."""
    natives: Mapping[str, tuple[Native, ...]]
    """Shared objects, in the order of the manifest."""


def included_files(manifest: Manifest, linked: Linked | None) -> IncludedFiles:
    """Return the files that go in: as linked, or all modules and data files and the shared objects that these need."""
    paths: dict[str, set[str]] = {}
    owned = [(module.distribution, module.path) for module in manifest.modules]
    owned += [(resource.distribution, resource.path) for resource in manifest.resources]
    for distribution, path in owned:
        if distribution is not None and path is not None:
            paths.setdefault(distribution, set()).add(path)
    native_paths = _needed_natives(manifest) if linked is None else set(linked.images)
    natives: dict[str, list[Native]] = {}
    for native in manifest.natives:
        if native.path in native_paths:
            natives.setdefault(native.distribution, []).append(native)
    return IncludedFiles(
        paths={name: frozenset(items) for name, items in paths.items()},
        natives={name: tuple(items) for name, items in natives.items()},
    )


def _needed_natives(manifest: Manifest) -> set[str]:
    """Return the paths of imported extension modules and of what they need (``DT_NEEDED``), directly or not."""
    modules = {module.name for module in manifest.modules if module.kind is ModuleKind.EXTENSION}
    paths = {module.path for module in manifest.modules if module.kind is ModuleKind.EXTENSION}
    by_soname: dict[tuple[str, str], Native] = {}
    for native in manifest.natives:
        for name in {native.soname or "", native.path.rsplit("/", 1)[-1]}:
            by_soname[native.distribution, name] = native
    pending = [native for native in manifest.natives if native.module in modules or native.path in paths]
    needed: set[str] = set()
    while pending:
        native = pending.pop()
        if native.path not in needed:
            needed.add(native.path)
            keys = [(native.distribution, name) for name in native.needed]
            pending += [by_soname[key] for key in keys if key in by_soname]
    return needed


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSizes:
    """How large the files of one distribution are in the binary."""

    forms: Mapping[Form, int]
    """Bytes by form, of all of them."""
    files: Mapping[str, int]
    """Bytes of each file, by its path relative to site-packages."""


class OwnedFiles:
    """The modules and data files of a manifest by the distribution that they are of."""

    def __init__(self, manifest: Manifest) -> None:
        self.modules: dict[str | None, list[Module]] = {}
        self.resources: dict[str | None, list[Resource]] = {}
        for module in manifest.modules:
            self.modules.setdefault(module.distribution, []).append(module)
        for resource in manifest.resources:
            self.resources.setdefault(resource.distribution, []).append(resource)


def foreseen_sizes(
    owned: OwnedFiles, name: str, natives: tuple[Native, ...], site: Path | None, seen: set[str]
) -> FileSizes:
    """Return the sizes of a distribution's files as far as they are known before the link: as they are installed.

    ``seen`` are the hashes of shared objects that count for another distribution; those of this one are added.
    """
    forms: dict[Form, int] = {}
    files: dict[str, int] = {}

    def add(form: Form, path: str | None, size: int) -> None:
        forms[form] = forms.get(form, 0) + size
        if path is not None:
            files[path] = files.get(path, 0) + size

    for native in natives:
        add(Form.STATIC, native.path, 0 if native.sha256 in seen else native.size)
        seen.add(native.sha256)
    for module in owned.modules.get(name, ()):
        if module.kind is ModuleKind.SOURCE or module.kind is ModuleKind.PACKAGE:
            add(Form.BYTECODE, module.path, _installed_size(site, module.path))
    for resource in owned.resources.get(name, ()):
        add(Form.DATA, resource.path, resource.size)
    return FileSizes(forms=forms, files=files)


def _installed_size(site: Path | None, path: str | None) -> int:
    """Return the bytes of a file, 0 if it is not installed."""
    if site is None or not path:
        return 0
    try:
        # Of thousands of files: a `Path` for each takes twice as long.
        status = os.stat(f"{site}/{path}")  # noqa: PTH116
    except (OSError, ValueError):
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0
