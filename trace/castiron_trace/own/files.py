"""Collects the application's own data files: those that the rules choose, and those that the user names."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.errors import InputError
from castiron_elf.abi import is_elf
from castiron_manifest.model import Finding, Origin, Resource, Severity, SymbolicLink
from castiron_trace.analyser.own_metadata import own_metadata
from castiron_trace.own import beside, choice
from castiron_trace.own.empty import empty_folders
from castiron_trace.own.folder import files_below, links_below
from castiron_trace.own.links import with_links
from castiron_trace.own.secrets import is_secret
from castiron_trace.own_data import check_name, own_path, root_of
from castiron_trace.protocol import APP

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from castiron_trace.hints.model import OwnFiles
    from castiron_trace.model import Options, Reached, ResolvedEntry
    from castiron_trace.own.links import LinkedFiles
    from castiron_trace.own_data import Blobs


_LIBRARY = re.compile(r"\.so(?:\.\d+)*$")
_METADATA_READERS = frozenset({"importlib.metadata", "importlib_metadata", "pkg_resources"})
"""Modules that look for metadata of distributions in the folders of ``sys.path``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppResources:
    """The application's data files, and what is to be said about others."""

    resources: tuple[Resource, ...]
    libraries: tuple[tuple[str, Path, str | None], ...] = ()
    """(name, file, SHA-256) of shared objects, which the application opens."""
    links: tuple[SymbolicLink, ...] = ()
    """Symbolic links, which lead to others of these files."""
    empty: tuple[str, ...] = ()
    """Folders of which nothing goes in, as names of namespace packages."""
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    """What stays out; it depends on what else lies in the folder, so no part of the manifest."""


def app_resources(
    entry: ResolvedEntry, reached: Reached, options: Options, conventions: Sequence[OwnFiles], blobs: Blobs
) -> AppResources:
    """Return the application's own data files; ``conventions`` are those of frameworks."""
    chosen = choice.Choice(entry.roots, reached)
    findings: tuple[Finding, ...] = ()
    if options.guess_data:
        try:
            chosen.look(conventions)
        except choice.TooMuchError:
            chosen.files.clear()
            chosen.private_keys.clear()
            findings = (
                Finding(
                    code="data-too-large",
                    severity=Severity.WARNING,
                    subject=entry.entry.name,
                    message=f"The application seems to use data files of more than {choice.LARGEST_GUESS >> 20} MiB, "
                    "so none of them goes in. Name those that it needs with --include-data.",
                ),
            )
    for file in sorted(reached.files):
        chosen.take(file)
    files = dict(chosen.files)
    if not _METADATA_READERS.isdisjoint(reached.modules):
        for item in own_metadata(entry.roots):
            for name, file in item.files():
                files.setdefault(name, file)
    links_beside = {folder.root: set(folder.links) for folder in chosen.folders if options.guess_data}
    named: set[str] = set(chosen.private_keys)
    for path in options.include_data:
        included = _included(path, entry, options.folder)
        files |= included.files
        named |= included.named
        links_beside.setdefault(included.root, set()).update(included.links)
        chosen.secrets.update(included.secrets)
        for name in included.files:
            chosen.secrets.pop(name, None)
    modules = {
        own_path(module.file, entry.roots): module.file
        for module in reached.modules.values()
        if module.owner == APP and module.file is not None
    }
    files |= _around_the_script(entry, modules | files)
    libraries = {name: file for name, file in files.items() if _LIBRARY.search(name) and is_elf(file)}
    data = with_links(
        {name: file for name, file in files.items() if name not in libraries},
        fixed=modules | libraries,
        beside=links_beside,
        named=named,
    )
    chosen.secrets.update(data.secrets)
    taken = {
        *files.values(),
        *data.files.values(),
        *(module.file for module in reached.modules.values() if module.file),
    }
    links = (*data.links, *_to_nested_roots(entry.roots, modules, libraries, data))
    return AppResources(
        resources=tuple(_resource(name, data.files[name], blobs) for name in sorted(data.files)),
        links=tuple(sorted(links, key=lambda link: link.path)),
        libraries=tuple((name, file, blobs.add(file)[0]) for name, file in sorted(libraries.items())),
        empty=empty_folders(chosen.computed_paths, taken, entry.roots) if options.guess_data else (),
        findings=findings,
        notes=tuple(beside.notes(chosen, taken, data)),
    )


def _around_the_script(entry: ResolvedEntry, files: Mapping[str, Path]) -> Mapping[str, Path]:
    """Return what lies in the folder around the script's own, if that is a folder of sources, by its place there, too.

    The script, and whom it gives the folder to, finds ``etc/shop.ini`` and ``jobs/nightly.py`` one level above the
    script.  There are no links out of the application's folder, so these are files with the same content.  The
    sources of packages are imported, wherever they are.
    """
    if entry.script is None or not entry.roots or entry.roots[0].parent not in entry.roots:
        return {}
    outer = entry.roots[0].parent
    return {
        f"../{name}": file
        for name, file in files.items()
        if not name.startswith("../") and file.suffix != ".so" and root_of(file, entry.roots) == outer
        if file.suffix != ".py" or not (outer / name.partition("/")[0] / "__init__.py").is_file()
    }


def _to_nested_roots(
    roots: Sequence[Path], modules: Mapping[str, Path], libraries: Collection[str], data: LinkedFiles
) -> Iterator[SymbolicLink]:
    """Yield links by which what is in folders of sources below the application's own has its names there, too.

    What is in ``src`` lies where the application's folder itself lies: ``HERE / "src" / "shop"`` leads there by a link.
    ``src`` itself is a folder: a link to the one around it would have ``src/src/src``, which recursive patterns follow.
    """
    taken = {*modules, *libraries, *data.files, *(link.path for link in data.links)}
    for root in roots:
        outer = root_of(root.parent, roots)
        name = "" if outer is None else root.relative_to(outer).as_posix()
        if not name or any(other == name or other.startswith(f"{name}/") for other in taken):
            continue
        up = "../" * len(Path(name).parts)
        sources = ((path, file) for path, file in modules.items() if file.suffix != ".so")
        placed = (path for path, file in (*sources, *data.files.items()) if root_of(file, roots) == root)
        for first in sorted({path.partition("/")[0] for path in placed}):
            yield SymbolicLink(path=f"{name}/{first}", target=f"{up}{first}")


def _resource(name: str, file: Path, blobs: Blobs) -> Resource:
    check_name(name, file, "Rename it, or use --no-data-guess.")
    digest, size = blobs.add(file)
    return Resource(path=name, origin=Origin.APP, size=size, sha256=digest, executable=os.access(file, os.X_OK))


def _in_place(path: Path, roots: Sequence[Path]) -> Path:
    """Return the absolute path; a symbolic link in a folder of the application stays one."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow it
    if root_of(absolute, roots) is not None:
        return absolute
    beside = absolute.parent.resolve() / absolute.name
    return beside if root_of(beside, roots) is not None else absolute.resolve()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Included:
    """What one ``--include-data`` names."""

    root: Path
    """The folder that the names are relative to."""
    files: dict[str, Path]
    named: frozenset[str] = frozenset()
    """The file that is named itself, and not its folder."""
    links: frozenset[str] = frozenset()
    """Symbolic links below the folder."""
    secrets: dict[str, Path] = field(default_factory=dict)
    """Files of the folder that stay out."""


def _included(path: Path, entry: ResolvedEntry, folder: Path) -> _Included:
    """Return what ``--include-data`` names; of a folder all but secrets, which must be named themselves."""
    full = _in_place(folder / path, entry.roots)
    if not full.exists():
        raise InputError(
            f"--include-data: {path} is a symbolic link that leads nowhere."
            if full.is_symlink()
            else f"--include-data: there is no {path}.",
            hint="Check the name; it is relative to the current folder.",
        )
    root = root_of(full, entry.roots) or root_of(full, (folder.resolve(),)) or full.parent
    if full.is_file():
        name = full.relative_to(root).as_posix()
        return _Included(root=root, files={name: full}, named=frozenset({name}))
    found = {
        file.relative_to(root).as_posix(): file for file in files_below(full, stop_at_packages=False, sources=True)
    }
    secrets = {name: file for name, file in found.items() if is_secret(file)}
    return _Included(
        root=root,
        files={name: file for name, file in found.items() if name not in secrets},
        links=frozenset(link.relative_to(root).as_posix() for link in links_below(full)),
        secrets=secrets,
    )
