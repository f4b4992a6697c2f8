"""Detects what was linked into shared objects: libraries, Rust crates and Go modules that texts in them show."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from typing import TYPE_CHECKING

from castiron_audit import build_info
from castiron_audit.catalogue import collected_library, library_of_file, library_of_name
from castiron_audit.collected_licenses import collected_license, license_of_module
from castiron_audit.detection.from_fonts import add_font
from castiron_audit.go_modules import known_module
from castiron_audit.known_texts import texts_of_crate
from castiron_audit.model import Evidence, Form, Kind, Severity, Source
from castiron_audit.names import first_of, normalised, same_package
from castiron_audit.own_signatures import signatures_of
from castiron_audit.signatures import FoundLibrary
from castiron_audit.tables import table
from castiron_common.files import sha256_file
from castiron_common.frozen import dataclass
from castiron_elf.abi import MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from castiron_audit.catalogue import CatalogueEntry
    from castiron_audit.detection.collector import Collector, DetectedComponent
    from castiron_audit.detection.contents import DistributionContents
    from castiron_audit.signatures import Findings
    from castiron_manifest.model import Native

_RUST, _GO, _GHC = "rust-standard-library", "go-standard-library", "ghc"
"""Names of their rows in the catalogue."""


_PROGRAM_SUFFIXES = (".bin", ".elf", ".node", ".cgi", ".out", ".run", ".linux", ".static", ".exe")
"""Names of programs have no suffix of letters alone otherwise; ``ffmpeg-linux-v9.0.2`` has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineCode:
    """A program among the data files."""

    path: str
    sha256: str
    needed: tuple[str, ...] = ()


def detect_from_shared_objects(collector: Collector) -> None:
    """Add what was linked in; compiled Rust code without a list of crates is a finding."""
    contents, site = collector.contents, collector.contents.site
    if site is None:
        return
    unlisted: list[_Unlisted] = []
    objects: list[Native | MachineCode] = [*contents.natives, *_programs(contents, site)]
    for native in objects:
        path = site / native.path
        if not path.is_file():
            continue
        more = signatures_of(contents.signatures)
        if isinstance(native, MachineCode):
            info = build_info.read_program_info(path, native.sha256, more)
        else:
            info = build_info.read_build_info(path, native.sha256, contents.elf, more)
        for library in info.found.libraries:
            _add_static_library(collector, native, library)
        _add_own_version(collector, native, info.found)
        for named in info.found.named:
            collector.named_versions.setdefault(normalised(named.name), set()).add(named.version)
        # Who strips ".comment" leaves the paths of Rust's own sources.
        is_rust = info.rustc is not None or info.found.rust
        if is_rust and info.crates is None and ".libs/" not in native.path:
            unlisted.append(_Unlisted(path=native.path, rustc=info.rustc or "", shows_crates=bool(info.found.crates)))
        for crate in (*(info.crates or ()), *info.found.crates):
            component = collector.component(Kind.CRATE, crate.name, crate.version)
            component.forms.add(Form.STATIC)
            component.purl = component.purl or f"pkg:cargo/{crate.name}@{crate.version}"
            component.shows = True
        _add_crates_from_git(collector, info.found.git_crates)
        if info.found.rust:
            _add_static_library(collector, native, FoundLibrary(name=_RUST, version=info.rustc or ""))
        _add_go(collector, native, info.found)
        _add_haskell(collector, native, info.found)
        for font in info.found.fonts:
            add_font(collector, native.path, font, within=True)
    if unlisted and not collector.has_crates:
        first, *others = unlisted
        shown = "those that its messages name are listed" if first.shows_crates else "its messages name none"
        also = f" The same holds for {first_of([item.path for item in others])}." if others else ""
        collector.add_finding(
            "unknown-static-contents",
            Severity.WARNING,
            f"{first.path} was compiled by {f'rustc {first.rustc}'.strip()}, and neither a bill of materials nor "
            f"cargo-auditable data says which crates are in it; {shown}.{also}",
        )


def _add_crates_from_git(collector: Collector, names: tuple[str, ...]) -> None:
    """Add the crates whose sources Cargo took from a repository, so that no version is known, if no list has them."""
    listed = {item.name: item for item in collector.components.values() if item.kind is Kind.CRATE}
    for written in names:
        hyphened = written.replace("_", "-")
        # Cargo takes both spellings for one; folders may have the one, and lists the other.
        name = hyphened if hyphened in listed or _is_known_crate(hyphened) else written
        component = listed.get(name) or collector.component(Kind.CRATE, name)
        component.forms.add(Form.STATIC)
        component.shows = True


def _is_known_crate(name: str) -> bool:
    return name in table("crate_licenses")["crates"] or texts_of_crate(name).license != ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unlisted:
    """Code of Rust that no list of crates is for."""

    path: str
    rustc: str
    """The compiler's version; empty if the file does not say it."""
    shows_crates: bool


def _programs(contents: DistributionContents, site: Path) -> Iterator[MachineCode]:
    """Yield the programs among the data files: they hold libraries as shared objects do."""
    known = {native.path for native in contents.natives}
    for path in sorted(contents.paths - known):
        suffix = posixpath.splitext(path)[1]
        if suffix[1:].isalpha() and suffix not in _PROGRAM_SUFFIXES:
            continue
        file = site / path
        if file.is_file():
            with file.open("rb", buffering=0) as opened:
                is_program = opened.read(len(MAGIC)) == MAGIC
            if is_program:
                yield MachineCode(path=path, sha256=sha256_file(file))


def _add_static_library(collector: Collector, native: Native | MachineCode, found: FoundLibrary) -> None:
    own = next((row for row in collector.contents.signatures if row.signature.library == found.name), None)
    entry = library_of_name(found.name) or collected_library(found.name) if own is None else own.entry
    assert entry is not None, found.name  # a test holds the tables together
    if own is None and library_of_name(found.name) is None and same_package(entry.name, collector.contents.owner):
        return  # Only its name is known, and that is the distribution's own.
    if collector.contents.distribution.name in entry.distributions or _needs_file_of(
        native, entry, collector.contents.distribution.name
    ):
        return
    own_entry = library_of_file(native.path, collector.contents.distribution.name)
    if own_entry is not None and own_entry.name == entry.name:
        library = collector.component(Kind.LIBRARY, entry.name)
        _set_own_version(library, found.version)
    else:
        # Objects of a wheel may have been built with different versions.
        library = collector.copy_of(Kind.LIBRARY, entry.name, found.version)
        library.version = library.version or found.version
    library.proven = library.shows = True
    library.forms.add(Form.STATIC)
    if found.license:
        library.evidence.append(
            Evidence(source=Source.LISTING, where=native.path, says=found.license, expression=found.license)
        )
    if own_entry is None or own_entry.name != entry.name:
        says = f"contains {found.proof!r}, as {found.name} does" if found.proof else f"contains {found.name}"
        library.evidence.append(Evidence(source=Source.SBOM, where=native.path, says=says, expression=None))
        major = re.match(r"\d{1,6}", found.version)
        library.add_catalogue_entry(entry, int(major[0]) if major else None)
    if own is not None:
        library.texts |= dict(own.texts)


def _add_own_version(collector: Collector, native: Native | MachineCode, found: Findings) -> None:
    """Add the version of a library that is a file of its own, and that its texts tell."""
    entry = library_of_file(native.path, collector.contents.distribution.name)
    library = collector.components.get((Kind.LIBRARY, normalised(entry.name))) if entry is not None else None
    if entry is not None and library is not None:
        _set_own_version(library, next((item.version for item in found.tabled if item.name == entry.name), ""))


def _set_own_version(library: DetectedComponent, version: str) -> None:
    """Set the version that a library's own file tells: its name has that of the interface, a package its revision."""
    if version and not library.version.startswith(version):
        library.version = version


def _needs_file_of(native: Native | MachineCode, entry: CatalogueEntry, owner: str) -> bool:
    """Return whether a shared object loads the library, so that names of its functions stand in it."""
    needed = (library_of_file(name, owner) for name in native.needed)
    return any(other is not None and other.name == entry.name for other in needed)


def fold_forks(collector: Collector) -> None:
    """Give a fork the texts of what it was forked from, where a list names that and only the fork shows."""
    for library, names in forks():
        base = collector.components.get((Kind.LIBRARY, library))
        shown_forks = [collector.components.get((Kind.LIBRARY, name)) for name in names]
        fork = next((item for item in shown_forks if item is not None), None)
        if base is not None and fork is not None and not base.shows and not base.natives and not base.version:
            fork.texts |= base.texts
            del collector.components[Kind.LIBRARY, library]


@cache
def forks() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the libraries that have forks, with these, by normalised names: their texts are the forks' as well."""
    return tuple(
        (normalised(row["library"]), tuple(map(normalised, row["unless_library"])))
        for row in table("signatures")["signature"]  # Not as values: to compile all patterns takes long.
        if row.get("unless_library")
    )


def _add_go(collector: Collector, native: Native | MachineCode, found: Findings) -> None:
    if found.go:
        _add_static_library(collector, native, FoundLibrary(name=_GO, version=found.go))
    main = found.go_main
    modules = found.go_modules
    if main is not None and not _is_own_module(collector, main.name):
        modules = (main, *modules)
    for module in modules:
        component = collector.component(Kind.LIBRARY, module.name)
        component.version = component.version or module.version
        if module.version:
            component.purl = component.purl or f"pkg:golang/{module.name}@v{module.version}"
        component.forms.add(Form.STATIC)
        component.named_in = "unknown-go-modules"
        known = known_module(module.name)
        if component.evidence:
            continue
        if known is not None:
            component.evidence.append(
                Evidence(source=Source.CATALOGUE, where=known.where, says=known.license, expression=known.license)
            )
            component.texts[known.where] = known.text
        elif (collected := license_of_module(module.name)) is not None:
            component.evidence.append(collected)


def _is_own_module(collector: Collector, path: str) -> bool:
    """Return whether a program's main module is of the distribution's project, which is called as it."""
    own = collector.contents.distribution.name
    words = [word for word in path.split("/") if not re.fullmatch(r"v\d+", word)]
    return any(same_package(word, own) or same_package(own, word) for word in words[1:])


def _add_haskell(collector: Collector, native: Native | MachineCode, found: Findings) -> None:
    if found.ghc is None:
        return
    _add_static_library(collector, native, FoundLibrary(name=_GHC, version=found.ghc))
    with_ghc = table("names")["packages_of_ghc"]
    for package in found.haskell:
        if same_package(package.name, collector.contents.distribution.name):
            continue
        component = collector.component(Kind.LIBRARY, package.name)
        component.version = component.version or package.version
        component.purl = component.purl or f"pkg:hackage/{package.name}@{package.version}"
        component.forms.add(Form.STATIC)
        expression = with_ghc["licenses"].get(package.name)
        evidence = (
            Evidence(source=Source.CATALOGUE, where=with_ghc["source"], says=expression, expression=expression)
            if expression
            else collected_license("haskell", package.name) or collected_license("haskell", package.name.lower())
        )
        if evidence is not None and not component.evidence:
            component.evidence.append(evidence)
