"""Wheels with some files changed or left out, and a ``RECORD`` that says so."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from castiron_wheels.record import format_record, hash_of
from castiron_wheels.wheel_archive import open_wheel

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that an archive can hold: the same files give the same bytes."""


def changed_wheel(wheel: Path, *, changes: Mapping[str, bytes] | None = None, without: Collection[str] = ()) -> bytes:
    """Return the bytes of a wheel with other contents for some members, and without others.

    Members of ``changes`` that the wheel does not have are added.  Raises `DependencyError` for a damaged wheel.
    """
    left_out = frozenset(without)
    out = io.BytesIO()
    with open_wheel(wheel) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        contents = {
            name: (source.read(member), member.external_attr)
            for name, member in source.files.items()
            if name not in left_out
        }
        for name, data in (changes or {}).items():
            contents[name] = (data, contents[name][1] if name in contents else 0)
        record = next(name for name in contents if name.count("/") == 1 and name.endswith(".dist-info/RECORD"))
        rows = [(name, hash_of(data), str(len(data))) for name, (data, _) in contents.items() if name != record]
        contents[record] = (format_record([*rows, (record, "", "")]), contents[record][1])
        for name, (data, attributes) in sorted(contents.items()):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = attributes
            info.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(info, data)
    return out.getvalue()
