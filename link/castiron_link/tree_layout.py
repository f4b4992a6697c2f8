"""Where each file of the manifest goes in the read-only tree inside the binary.

The tree looks like an installed Python prefix, so that the standard library's own code finds everything in it::

    lib/python3.13/                  standard library
    lib/python3.13/site-packages/    distributions with their metadata
    bin/python ...                   the interpreter, which is the binary itself
    bin/ share/ etc/ ...             what wheels install beside site-packages
    app/                             the application's own files
"""

from __future__ import annotations

import os
import posixpath
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.errors import ManifestError, ModuleMissingError
from castiron_link.model import PlacedExtension, PlacedFile, PlacedLink, PlacedModule, Tree, owner_of
from castiron_manifest.links import link_ends
from castiron_manifest.model import ModuleKind, Origin

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from castiron_manifest.model import Entry, Manifest, Native

APP = "app"
"""Folder of the tree for the application's own files."""

_WITHOUT_FILE = (ModuleKind.NAMESPACE, ModuleKind.BUILTIN)


def library(feature: str) -> str:
    """Return the tree path of the standard library for a Python feature version."""
    return f"lib/python{feature}"


def site_packages(feature: str) -> str:
    """Return the tree path of the distributions."""
    return f"{library(feature)}/site-packages"


def interpreters(feature: str) -> tuple[str, ...]:
    """Return the tree paths of the interpreter: libraries look for one in the folder of scripts."""
    return ("bin/python", "bin/python3", f"bin/python{feature}")


def root_of(origin: Origin, feature: str) -> str:
    """Return the tree path that a manifest path of this origin is relative to."""
    return {
        Origin.APP: APP,
        Origin.STDLIB: library(feature),
        Origin.DISTRIBUTION: site_packages(feature),
    }[origin]


def place(origin: Origin, path: str, feature: str) -> str:
    """Return the tree path of a file.

    A wheel's ``data`` scheme leaves site-packages (``../../../share/x``) but never the tree:
    `ManifestError` if it does.
    """
    placed = posixpath.normpath(posixpath.join(root_of(origin, feature), path))
    if placed.startswith(("../", "/")) or placed in {".", ".."}:
        raise ManifestError(
            f"The path {path!r} in the manifest leaves the tree of the binary.",
            hint="Run trace again; if it happens again, the distribution's RECORD is at fault.",
        )
    return placed


def below_site_packages(tree_paths: Sequence[str], feature: str) -> Iterator[str]:
    """Yield paths relative to site-packages for absorbed files, which are named by their place in the tree."""
    root = f"{root_of(Origin.DISTRIBUTION, feature)}/"
    for path in tree_paths:
        yield path.removeprefix(root)


def with_placed_libraries(manifest: Manifest) -> Manifest:
    """Return the manifest with the application's own shared objects named as all others: relative to site-packages."""
    up = "/".join([".."] * (site_packages(manifest.target.python).count("/") + 1))

    def placed(native: Native) -> Native:
        if native.origin is not Origin.APP:
            return native
        return replace(native, path=posixpath.normpath(f"{up}/{APP}/{native.path}"))

    return replace(manifest, natives=tuple(map(placed, manifest.natives)))


def entry_path(entry: Entry, feature: str) -> str | None:
    """Return the tree path of the script to run; None if the entry is a module or function."""
    if entry.path is None:
        return None
    if entry.origin is Origin.DISTRIBUTION:
        # ``bin/aws`` is relative to the prefix, which is the tree's root.
        return posixpath.normpath(entry.path)
    return place(entry.origin, entry.path, feature)


def build_tree(manifest: Manifest, *, stdlib: Path, site: Path | None, extra_stdlib: Iterable[str] = ()) -> Tree:
    """Return the tree of the manifest's modules and files.

    ``stdlib`` is the pack's standard library folder, ``site`` the installed ``site-packages`` of the distributions.
    ``extra_stdlib`` names modules of the standard library that the interpreter itself needs to start.
    """
    feature = manifest.target.python
    blobs = dict(manifest.blobs)
    roots = {Origin.STDLIB: stdlib, Origin.DISTRIBUTION: site}
    modules: dict[str, PlacedModule] = {}
    extensions: dict[str, PlacedExtension] = {}
    files: dict[str, PlacedFile] = {}
    builtins: set[str] = set()

    for module in manifest.modules:
        if module.kind is ModuleKind.BUILTIN:
            builtins.add(module.name)
        if module.kind in _WITHOUT_FILE or module.path is None:
            continue
        tree_path = place(module.origin, module.path, feature)
        if module.kind is ModuleKind.EXTENSION:
            extensions[tree_path] = PlacedExtension(module=module, tree_path=tree_path)
            continue
        # What is compiled already is never a file of a wheel.
        origin = Origin.APP if module.compiled else module.origin
        source = _content(blobs, roots, origin, module.path, module.sha256, what=f"module {module.name}")
        modules[tree_path] = PlacedModule(module=module, tree_path=tree_path, source=source)

    for placed in _startup_modules(extra_stdlib, stdlib, feature):
        modules.setdefault(placed.tree_path, placed)

    # Shared objects are absorbed, not carried along as files.
    absorbed = {place(Origin.DISTRIBUTION, native.path, feature) for native in manifest.natives}
    for resource in manifest.resources:
        tree_path = place(resource.origin, resource.path, feature)
        if tree_path in modules or tree_path in extensions or tree_path in absorbed:
            continue
        owner = owner_of(resource.origin, resource.distribution)
        if resource.origin is Origin.APP:
            data = _content(blobs, roots, resource.origin, resource.path, resource.sha256, what="file")
            files[tree_path] = PlacedFile(tree_path=tree_path, owner=owner, executable=resource.executable, data=data)
        else:
            path = _host_path(roots[resource.origin], resource.path, what="file")
            files[tree_path] = PlacedFile(tree_path=tree_path, owner=owner, executable=resource.executable, path=path)

    links = tuple(_placed_links(manifest))
    for link in links:
        if link.tree_path in files or link.tree_path in modules or link.tree_path in extensions:
            raise ManifestError(
                f"The manifest has a symbolic link and a file at {link.tree_path} in the binary.",
                hint="Run trace again; if it happens again, a distribution installs files beside the application's.",
            )
    return Tree(
        modules=tuple(modules[path] for path in sorted(modules)),
        extensions=tuple(extensions[path] for path in sorted(extensions)),
        files=tuple(files[path] for path in sorted(files)),
        builtins=tuple(sorted(builtins)),
        folders=tuple(sorted({*_empty_namespaces(manifest, {link.tree_path for link in links}), *_folders_of(links)})),
        site=site,
        links=links,
    )


def _placed_links(manifest: Manifest) -> Iterator[PlacedLink]:
    ends = link_ends(manifest)
    for link in manifest.links:
        end = ends[link.path]
        yield PlacedLink(
            tree_path=place(Origin.APP, link.path, manifest.target.python),
            target=link.target,
            leads_to=place(Origin.APP, end.path, manifest.target.python),
            followed=end.followed,
        )


def _empty_namespaces(manifest: Manifest, linked: Collection[str]) -> Iterator[str]:
    """Yield the folders of namespace packages without modules: no file would make them.

    ``linked`` are the paths of symbolic links, which lead to folders that are there.
    """
    above = {name for module in manifest.modules for name in _parents(module.name, ".")}
    for module in manifest.modules:
        if module.kind is ModuleKind.NAMESPACE and module.name not in above:
            path = place(module.origin, module.name.replace(".", "/"), manifest.target.python)
            if path not in linked and not any(folder in linked for folder in _parents(path, "/")):
                yield path


def _folders_of(links: Iterable[PlacedLink]) -> Iterator[str]:
    """Yield the folders that links are in: a link to a module without its source is left out, its folder is not."""
    return (posixpath.dirname(link.tree_path) for link in links)


def _parents(name: str, separator: str) -> Iterator[str]:
    while name := name.rpartition(separator)[0]:
        yield name


def has_path_files(tree: Tree, feature: str) -> bool:
    """Say whether a ``.pth`` file is where Python processes it, which it does not below other folders."""
    folder = site_packages(feature)
    return any(file.tree_path.endswith(".pth") and posixpath.dirname(file.tree_path) == folder for file in tree.files)


def _startup_modules(names: Iterable[str], stdlib: Path, feature: str) -> Iterable[PlacedModule]:
    from castiron_manifest.model import Module

    for name in names:
        stem = name.replace(".", "/")
        package = (stdlib / stem / "__init__.py").is_file()
        path = f"{stem}/__init__.py" if package else f"{stem}.py"
        file = stdlib / path
        if not file.is_file():
            continue  # Built in or frozen: it has no file in any Python.
        kind = ModuleKind.PACKAGE if package else ModuleKind.SOURCE
        module = Module(name=name, kind=kind, origin=Origin.STDLIB, path=path)
        yield PlacedModule(module=module, tree_path=place(Origin.STDLIB, path, feature), source=file.read_bytes())


def _content(
    blobs: Mapping[str, bytes],
    roots: Mapping[Origin, Path | None],
    origin: Origin,
    path: str,
    sha256: str | None,
    *,
    what: str,
) -> bytes:
    if origin is Origin.APP:
        if sha256 is None or sha256 not in blobs:
            raise ManifestError(f"The manifest lacks the content of {path}.", hint="Run trace again.")
        return blobs[sha256]
    return _host_path(roots[origin], path, what=what).read_bytes()


def _host_path(root: Path | None, path: str, *, what: str) -> Path:
    # As text: thousands of Path objects would take longer than the look at the files.
    host = None if root is None else f"{root}/{path}"
    if host is None or not os.path.isfile(host):  # noqa: PTH113
        raise ModuleMissingError(
            f"The {what} is not where the manifest says: {path}.",
            hint="The manifest was made with another runtime pack or other wheels; run trace again.",
        )
    return Path(host)
