"""Whose code the toolchain's libraries are, and under which licenses."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_common.errors import RuntimePackError
from castiron_runtime.model import Component, LicenseText

if TYPE_CHECKING:
    from castiron_runtime.zig import Zig


@dataclass(frozen=True, slots=True, kw_only=True)
class _ToolchainLicense:
    name: str
    expression: str
    files: tuple[str, ...]
    """In the ziglang wheel."""
    why: str
    cpe: str


_TOOLCHAIN_LICENSES = (
    _ToolchainLicense(
        name="musl",
        expression="MIT",
        files=("lib/libc/musl/COPYRIGHT",),
        why="",
        cpe="cpe:2.3:a:musl-libc:musl:{version}:*:*:*:*:*:*:*",
    ),
    _ToolchainLicense(
        name="zig-libc",
        expression="MIT",
        files=("LICENSE",),
        why="; its lib/c replaces parts of musl",
        cpe="",
    ),
    _ToolchainLicense(
        name="compiler-rt",
        expression="MIT AND Apache-2.0 WITH LLVM-exception",
        files=("LICENSE", "lib/libunwind/LICENSE.TXT"),
        why="; its lib/compiler_rt names what was ported from LLVM, whose license text stands with libunwind",
        cpe="",
    ),
)


def toolchain_components(zig: Zig) -> tuple[Component, ...]:
    """Return the components that the toolchain's libraries are made of, with their texts from the ziglang wheel."""
    result = []
    for facts in _TOOLCHAIN_LICENSES:
        version = musl_version(zig) if facts.name == "musl" else zig.version
        result.append(
            Component(
                name=facts.name,
                version=version,
                purl=f"pkg:generic/{facts.name}@{version}",
                cpe=facts.cpe.format(version=version),
                license=facts.expression,
                evidence=f"{' and '.join(facts.files)} in the ziglang {zig.version} wheel{facts.why}",
                texts=tuple(_wheel_text(zig, file) for file in facts.files),
                source_sha256="",
            )
        )
    return tuple(result)


def musl_version(zig: Zig) -> str:
    """Return the version of musl that comes with ziglang."""
    header = zig.lib / "libc" / "musl" / "src" / "internal" / "version.h"
    found = re.search(r'VERSION "([^"]+)"', header.read_text() if header.is_file() else "")
    if found is None:
        raise RuntimePackError(
            f"The ziglang {zig.version} wheel does not say which musl it has ({header.name}).",
            hint="Install a version of ziglang that Castiron's dependencies allow.",
        )
    return found[1]


def _wheel_text(zig: Zig, file: str) -> LicenseText:
    path = zig.program.parent / file
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RuntimePackError(
            f"The ziglang {zig.version} wheel has no license text {file}.",
            hint="Install a version of ziglang that Castiron's dependencies allow.",
        ) from error
    return LicenseText(path=file, sha256=hashlib.sha256(text.encode()).hexdigest(), text=text)
