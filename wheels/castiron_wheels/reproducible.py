"""Rewrites a built wheel so that equal contents give equal bytes.

Source: Binary distribution format, packaging.python.org specifications.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from castiron_elf.abi import MAGIC
from castiron_wheels.record import format_record, hash_of
from castiron_wheels.wheel_archive import WheelArchive, open_wheel
from castiron_wheels.wheel_metadata import dist_info_folder, read_record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a ZIP archive can name."""


def normalise_wheel(
    source: Path, destination: Path, *, describe: Callable[[Sequence[bytes]], tuple[str, bytes] | None] | None = None
) -> None:
    """Copy a built wheel so that its bytes depend on names, contents and executable bits only.

    Members are sorted with ``.dist-info`` last (as the format recommends), their times fixed, and nothing is
    compressed: deflate's output differs between zlib versions, and the manifest compresses its blobs itself.
    ``describe`` gets the ELF images and may return a file (path in ``.dist-info``, content) to add.
    Raises `DependencyError` if the wheel cannot be used.
    """
    with open_wheel(source) as archive, zipfile.ZipFile(destination, "w", zipfile.ZIP_STORED) as out:
        dist_info = dist_info_folder(archive)
        record = f"{dist_info}/RECORD"
        rows = read_record(archive, dist_info)
        files: dict[str, zipfile.ZipInfo | bytes] = dict(archive.files)
        if describe is not None:
            heads = (member for member in archive.files.values() if archive.read(member, len(MAGIC)) == MAGIC)
            if (added := describe([archive.read(member) for member in heads])) is not None:
                name = f"{dist_info}/{added[0]}"
                files[name] = added[1]
                rows[name] = (hash_of(added[1]), str(len(added[1])))
        files[record] = format_record((name, *rest) for name, rest in rows.items())
        for name, content in sorted(files.items(), key=lambda item: (item[0].startswith(f"{dist_info}/"), item[0])):
            _add_member(out, name, content, archive)


def _add_member(out: zipfile.ZipFile, name: str, content: zipfile.ZipInfo | bytes, archive: WheelArchive) -> None:
    """Write a member whose content is here or in another archive."""
    info = zipfile.ZipInfo(name, _EARLIEST)
    info.create_system = 3  # Unix, on every host
    info.external_attr = 0o100644 << 16
    if isinstance(content, bytes):
        out.writestr(info, content)
        return
    if (content.external_attr >> 16) & 0o111:
        info.external_attr = 0o100755 << 16
    info.file_size = content.file_size
    with out.open(info, "w") as sink:
        archive.copy(content, sink)
