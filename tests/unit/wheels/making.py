"""Makes small wheels for tests."""

from __future__ import annotations

import base64
import hashlib
import struct
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def elf_program(loader: str | None = None) -> bytes:
    """Return the headers of an ELF program for x86-64: a static one, or one that names its loader."""
    text = b"" if loader is None else loader.encode() + b"\0"
    count = 0 if loader is None else 1
    header = struct.pack("<4sBBB9xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 3, 62, 1, 0, 64, 0, 0, 64, 56, count, 64, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 3, 4, 64 + 56, 0, 0, len(text), len(text), 1)  # PT_INTERP
    return header + (segment + text if count else b"")


def make_wheel(
    folder: Path,
    name: str = "demo",
    version: str = "1.0",
    files: Mapping[str, str | bytes] | None = None,
    *,
    requires: Sequence[str] = (),
    metadata: str = "",
    tag: str = "py3-none-any",
    entry_points: str = "",
    wheel: str = WHEEL,
    executables: Sequence[str] = (),
    record: bool = True,
) -> Path:
    """Write a wheel and return its path; ``files`` are relative to site-packages."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    head += "".join(f"Requires-Dist: {line}\n" for line in requires) + metadata
    content: dict[str, bytes] = {
        key: value.encode() if isinstance(value, str) else value
        for key, value in {
            **(files if files is not None else {f"{name.replace('-', '_')}.py": "x = 1\n"}),
            f"{info}/METADATA": head,
            f"{info}/WHEEL": wheel,
        }.items()
    }
    if entry_points:
        content[f"{info}/entry_points.txt"] = entry_points.encode()
    if record:
        rows = []
        for key, value in content.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(value).digest()).rstrip(b"=").decode()
            rows.append(f"{key},sha256={digest},{len(value)}\n")
        content[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"]).encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name.replace('-', '_')}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, value in content.items():
            member = zipfile.ZipInfo(key, (2024, 5, 6, 7, 8, 10))
            member.external_attr = (0o100755 if key in executables else 0o100644) << 16
            archive.writestr(member, value)
    return path
