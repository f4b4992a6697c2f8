"""Tells what lies beside the application and stays out.

Not part of the manifest, which is the same for the same application wherever it lies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.words import counted
from castiron_trace.own.folder import is_silent
from castiron_trace.own.links import leads_to_another_folder
from castiron_trace.own.secrets import is_secret

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from castiron_trace.own.choice import Choice
    from castiron_trace.own.links import LinkedFiles

_FIRST = 4
"""How many names a line has."""


def notes(choice: Choice, taken: Collection[Path], data: LinkedFiles) -> Iterator[str]:
    """Yield a line for each kind of file that stays out; ``taken`` are all files that go in, modules too."""
    left = [(folder.root, name) for folder in choice.folders for name in folder.files]
    left = [(root, name) for root, name in left if root / name not in taken]
    secrets = sorted({*choice.secrets, *(name for root, name in left if is_secret(root / name))})
    if secrets:
        yield (
            f"{counted(len(secrets), 'file')} with secrets not included ({first(secrets)}): "
            "give the program its secrets when it runs, or name the file with --include-data"
        )
    if choice.private_keys:
        keys = sorted(f"{name} named at {place}" for name, place in choice.private_keys.items())
        yield (
            f"{counted(len(keys), 'private key')} included ({first(keys)}): whoever has the binary can read "
            f"{'it' if len(keys) == 1 else 'them'}; to keep such files out, open them by a path that the user gives"
        )
    for name, place in sorted(choice.only_in_current_folder.items()):
        yield f"{name}: {place} opens it in the current folder, so it is looked for where the program is started"
    for path, place in sorted(choice.above.items()):
        yield (
            f"{place} computes {path}, which lies above the application: the program will look for it beside "
            "its executable"
        )
    others: list[str] = []
    sources: list[str] = []
    for root, name in left:
        if name not in secrets and name not in choice.only_in_current_folder and not is_silent(root, name):
            (sources if name.endswith(".py") else others).append(name)
    others += [
        f"{name}/"
        for folder in choice.folders
        for name in folder.links
        if name not in data.copied and leads_to_another_folder(folder.root, name)
    ]
    if others or sources:
        yield _left(sorted(set(others)), sorted(set(sources)))
    if any(not folder.complete for folder in choice.folders):
        yield "the application's folder has so many files that not all were looked at: --include-data names others"
    yield from _on_links(data)


def _on_links(data: LinkedFiles) -> Iterator[str]:
    """Yield a line for each kind of symbolic link that is none in the binary."""
    if data.copied:
        yield (
            f"{counted(len(data.copied), 'symbolic link')} to what lies outside of the application's folder, or is "
            f"part of its code, included as {'a copy' if len(data.copied) == 1 else 'copies'} ({first(data.copied)})"
        )
    if data.broken:
        yield (
            f"{counted(len(data.broken), 'symbolic link')} not included ({first(data.broken)}): "
            f"{'it leads' if len(data.broken) == 1 else 'they lead'} nowhere, or in a circle"
        )


def _left(others: Sequence[str], sources: Sequence[str]) -> str:
    kinds = [counted(len(others), "file")] if others else []
    kinds += [counted(len(sources), "Python source")] if sources else []
    takes = " and ".join(
        (["--include-data PATH for a file or folder"] if others else [])
        + (["--include for a module"] if sources else [])
    )
    return f"not included from beside the application: {' and '.join(kinds)} ({first([*others, *sources])}); {takes}"


def first(names: Sequence[str]) -> str:
    """Return the first few names, and whether there are more."""
    more = ", ..." if len(names) > _FIRST else ""
    return ", ".join(names[:_FIRST]) + more
