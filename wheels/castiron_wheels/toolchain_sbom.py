"""What our compilers link into a wheel's shared objects, as a bill of materials that the license report reads.

A built C++ extension carries the C++ runtime that zig links statically, and others what they were given of the pack's
libraries; nothing in the wheel would say so otherwise.
Source: PEP 770 (``.dist-info/sboms``); CycloneDX 1.6.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from castiron_runtime.model import Component

FILE = "sboms/castiron-toolchain.cdx.json"
"""Relative to the ``.dist-info`` folder."""

_ABI_MARK = b"libc++abi: "
_UNWIND_MARK = b"libunwind: "
"""Each begins the messages with which that library ends a program, so it is in every image that holds its code."""

_LICENSE = "Apache-2.0 WITH LLVM-exception"


def toolchain_bom(images: Iterable[bytes], zig: Path, libraries: Sequence[Component] = ()) -> bytes | None:
    """Return the CycloneDX document of the runtimes inside ELF images and of linked libraries; None if there are none.

    ``libraries`` are those of the pack that the linker was given.
    """
    names: set[str] = set()
    for image in images:
        if _ABI_MARK in image:
            names |= {"libc++", "libc++abi"}
        if _UNWIND_MARK in image:
            names.add("llvm-libunwind")
    if not names and not libraries:
        return None
    version = _llvm_version(zig) if names else ""
    components: list[dict[str, object]] = [
        {
            "type": "library",
            "bom-ref": f"pkg:generic/{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:generic/{name.replace('+', '%2B')}@{version}",
            "licenses": [{"expression": _LICENSE}],
        }
        for name in sorted(names)
    ]
    components += [
        {
            "type": "library",
            "bom-ref": library.purl,
            "name": library.name,
            "version": library.version,
            "purl": library.purl,
            "cpe": library.cpe,
            "licenses": [{"expression": library.license}],
        }
        for library in libraries
    ]
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}
    return json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"


def _llvm_version(zig: Path) -> str:
    """Return the LLVM release of zig's libc++, which writes 22.1.8 as 220108."""
    header = zig.parent / "lib" / "libcxx" / "include" / "__config"
    definition = re.search(
        r"^#\s*define _LIBCPP_VERSION (\d+)(\d\d)(\d\d)$", header.read_text(encoding="utf-8"), re.MULTILINE
    )
    if definition is None:
        raise ValueError(f"{header} does not define _LIBCPP_VERSION")
    return ".".join(str(int(part)) for part in definition.groups())
