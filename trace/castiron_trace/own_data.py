"""Holds contents of the application's files, and collects the data files of the standard library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from castiron_common.errors import InputError
from castiron_common.files import sha256_bytes
from castiron_manifest.model import Origin, Resource
from castiron_trace.protocol import STDLIB

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from castiron_trace.model import Reached

COMPILED = (".pyc", ".pyo", ".pyd")
_NOT_DATA = (".rst", ".md", ".exe", ".bat", ".sh", ".ico")


@dataclass(slots=True)
class Blobs:
    """The application's own files, by content."""

    by_hash: dict[str, bytes] = field(default_factory=dict)

    def add(self, file: Path) -> tuple[str, int]:
        """Read a file; return (SHA-256, size in bytes)."""
        try:
            data = file.read_bytes()
        except OSError as error:
            raise InputError(
                f"Cannot read {file}: {error.strerror or error}.", hint="Make it readable, or leave it out."
            ) from error
        digest = sha256_bytes(data)
        self.by_hash[digest] = data
        return digest, len(data)


def stdlib_resources(reached: Reached, stdlib: Path) -> Iterator[Resource]:
    """Yield data files of reached packages of the standard library."""
    folders = {
        module.file.parent
        for module in reached.modules.values()
        if module.owner == STDLIB and module.kind == "package" and module.file
    }
    for folder in sorted(folders):
        for file in sorted((stdlib / folder).iterdir()):
            if (
                file.is_file()
                and file.suffix not in {".py", ".pyc", ".so", *_NOT_DATA}
                and not file.name.startswith("README")
            ):
                yield Resource(path=(folder / file.name).as_posix(), origin=Origin.STDLIB, size=file.stat().st_size)


def root_of(file: Path, roots: Iterable[Path]) -> Path | None:
    """Return the deepest folder that holds the file; None if none does."""
    holding = [root for root in roots if file.is_relative_to(root)]
    return max(holding, key=lambda root: len(root.parts), default=None)


def own_path(file: Path, roots: Iterable[Path]) -> str:
    """Return the name of an application's module file in the manifest."""
    root = root_of(file, roots)
    name = file.name if root is None else file.relative_to(root).as_posix()
    check_name(name, file, "Rename it, or leave it out with --exclude.")
    return name


def check_name(name: str, file: Path, hint: str) -> None:
    """Raise `InputError` for a name that a manifest cannot have, as its texts are UTF-8."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"The name of the file {file} is not valid UTF-8.", hint=hint) from None
