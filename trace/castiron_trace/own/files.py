"""Collects the application's own data files: those that the rules choose, and those that the user names."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_common.errors import InputError
from castiron_manifest.model import Finding, Origin, Resource, Severity
from castiron_trace.own import beside, choice
from castiron_trace.own.folder import files_below
from castiron_trace.own.secrets import is_secret
from castiron_trace.own_data import is_elf, root_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from castiron_trace.hints.model import OwnFiles
    from castiron_trace.model import Options, Reached, ResolvedEntry
    from castiron_trace.own_data import Blobs


_LIBRARY = re.compile(r"\.so(?:\.\d+)*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppResources:
    """The application's data files, and what is to be said about others."""

    resources: tuple[Resource, ...]
    libraries: tuple[tuple[str, Path, str | None], ...] = ()
    """(name, file, SHA-256) of shared objects, which the application opens."""
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
    for path in options.include_data:
        for name, file in _included(path, entry, options.folder, chosen.secrets).items():
            files[name] = file
            chosen.secrets.pop(name, None)
    taken = {*files.values(), *(module.file for module in reached.modules.values() if module.file is not None)}
    libraries = sorted(name for name, file in files.items() if _LIBRARY.search(name) and is_elf(file))
    return AppResources(
        resources=tuple(_resource(name, files[name], blobs) for name in sorted(files) if name not in libraries),
        libraries=tuple((name, files[name], blobs.add(files[name])[0]) for name in libraries),
        findings=findings,
        notes=tuple(beside.notes(chosen, taken)),
    )


def _resource(name: str, file: Path, blobs: Blobs) -> Resource:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(
            f"The name of the data file {file!r} is not valid UTF-8.", hint="Rename it, or use --no-data-guess."
        ) from None
    digest, size = blobs.add(file)
    return Resource(path=name, origin=Origin.APP, size=size, sha256=digest, executable=os.access(file, os.X_OK))


def _included(path: Path, entry: ResolvedEntry, folder: Path, secrets: dict[str, Path]) -> dict[str, Path]:
    """Return what ``--include-data`` names; of a folder all but secrets, which must be named themselves."""
    full = (folder / path).resolve()
    if not full.exists():
        raise InputError(
            f"--include-data: there is no {path}.", hint="Check the name; it is relative to the current folder."
        )
    root = root_of(full, entry.roots) or root_of(full, (folder.resolve(),)) or full.parent
    if full.is_file():
        return {full.relative_to(root).as_posix(): full}
    found = {
        file.relative_to(root).as_posix(): file for file in files_below(full, stop_at_packages=False, sources=True)
    }
    secrets.update({name: file for name, file in found.items() if is_secret(file)})
    return {name: file for name, file in found.items() if name not in secrets}
