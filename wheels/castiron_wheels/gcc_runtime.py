"""GCC's run-time libraries for binaries none of whose distributions brings them: a component of pinned files.

The target's file names the archives and their hashes (`castiron_common.target`: `GccRuntime` for what is linked against
the target's own C library, `DebianGccRuntime` for the emulated one); the libraries alone are taken out of them, each
with a hash of its own.  What surrounds them there is in no environment and in no binary.
"""

from __future__ import annotations

import posixpath
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from castiron_common.cache import cache_root, folder_entry
from castiron_common.errors import DependencyError
from castiron_common.files import sha256_bytes
from castiron_common.tables import read_table
from castiron_common.target import DebianGccRuntime, PythonTarget
from castiron_manifest.model import Wheel
from castiron_runtime.model import Component, LicenseText
from castiron_wheels.compiler_libraries import runtime_for
from castiron_wheels.fetch import fetch
from castiron_wheels.wheel_archive import open_wheel

if TYPE_CHECKING:
    from castiron_common.progress import Reporter
    from castiron_common.target import GccRuntime, Target

_TEXTS = Path(__file__).parent / "licenses"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvidedLibrary:
    """One of GCC's libraries on this machine."""

    name: str
    """Its file name, as other libraries of the same archive need it."""
    location: Path
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Description:
    """The keys of ``gcc_runtime.toml``."""

    name: str
    license: str
    evidence: str
    texts: tuple[str, ...]
    cpe: str
    purl: str


def gcc_component(runtime: GccRuntime | DebianGccRuntime) -> Component:
    """Return what the license report says of the libraries."""
    said = _description()
    texts = [(name, (_TEXTS / name).read_text(encoding="utf-8")) for name in said.texts]
    return Component(
        # A binary may have both: the libraries of the target's C library, and of the emulated one.
        name=f"{said.name} of Debian" if isinstance(runtime, DebianGccRuntime) else said.name,
        version=runtime.version,
        purl=said.purl.format(
            version=runtime.version, sha256=runtime.source_sha256, url=quote(runtime.source, safe="")
        ),
        cpe=said.cpe.format(version=runtime.version),
        license=said.license,
        evidence=said.evidence,
        texts=tuple(LicenseText(path=name, sha256=sha256_bytes(text.encode()), text=text) for name, text in texts),
        source_sha256=runtime.source_sha256,
    )


def gcc_libraries(target: Target, *, libc: str, needed: str, reporter: Reporter) -> tuple[ProvidedLibrary, ...]:
    """Return GCC's run-time libraries for one C library, sorted by name; fetched if the cache does not have them.

    ``needed`` is for messages: the sonames that are asked for.  Raises `DependencyError` if the target has none, or
    if the pinned files cannot be had.
    """
    choice = f"Add a distribution to the application that brings {needed} for {target}."
    runtime = runtime_for(target, libc)
    if runtime is None:
        raise DependencyError(
            f"{needed} of GCC is needed, which no distribution brings, and there is none for {target}.", hint=choice
        )
    content = sha256_bytes(" ".join(sorted(runtime.libraries.values())).encode())
    entry = cache_root() / "gcc-runtime" / f"{runtime.version}-{libc}-{content[:16]}"

    def make(making: Path) -> None:
        if isinstance(runtime, DebianGccRuntime):
            from castiron_wheels.debian_libraries import extract

            extract(runtime, making, choice=choice, reporter=reporter)
        else:
            _extract(runtime, target, making, choice, reporter)

    folder = folder_entry(entry, make)
    return tuple(
        sorted(
            (
                ProvidedLibrary(
                    name=posixpath.basename(path), location=folder / posixpath.basename(path), sha256=sha256
                )
                for path, sha256 in runtime.libraries.items()
            ),
            key=lambda library: library.name,
        )
    )


def _extract(runtime: GccRuntime, target: Target, folder: Path, choice: str, reporter: Reporter) -> None:
    """Write the libraries of the pinned file into ``folder``."""
    wheel = Wheel(filename=runtime.file, sha256=runtime.sha256, size=0)
    asked = PythonTarget(target=target, python=runtime.python, version=f"{runtime.python}.0")
    try:
        path = fetch(runtime.distribution, runtime.release, wheel, asked, reporter=reporter)
    except DependencyError as error:
        raise DependencyError(
            f"GCC's run-time libraries {runtime.version} cannot be had: {error.what}",
            hint=f"{error.hint or ''} {choice}".strip(),
        ) from error
    with open_wheel(path) as archive:
        for name, sha256 in sorted(runtime.libraries.items()):
            content = archive.text(name)
            if sha256_bytes(content) != sha256:
                raise DependencyError(
                    f"{name} in {runtime.file} has another SHA-256 than the target {target} says.",
                    hint="Correct [wheels.gcc_runtime.libraries] in the target's file.",
                )
            (folder / posixpath.basename(name)).write_bytes(content)


@cache
def _description() -> _Description:
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return read_table(_Description, tomllib.loads(text))
