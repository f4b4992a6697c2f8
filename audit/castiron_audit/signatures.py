"""Finds what is in a shared object by texts in it: libraries, Rust crates, Rust's standard library, Go modules, fonts.

All texts of ``data/signatures.toml`` are looked for in one pass (Aho-Corasick); what a text is a candidate for is then
decided by patterns around it.  Sources: paths that rustc leaves in panic messages; Go's ``debug/buildinfo``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from castiron_audit import library_functions, library_strings, library_versions, source_paths
from castiron_audit.fonts import TABLE_OF_ALL, Font, fonts_within
from castiron_audit.tables import table
from castiron_common.frozen import dataclass
from castiron_elf.defined_names import defined_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BEFORE, _BEHIND = 64, 400
"""Bytes around a text in which its pattern must match."""
_LOOKS = 4096
"""How often a pattern is tried: a namespace may stand in ten thousand names."""

_CRATE_PATHS = (
    b"registry/src/",
    b"/rust/deps/",
    b"cargo/registry/",
    b"cargo-vendor-dir/",
    b"crates__",
    b"crates_io__",
    b"crate_index__",
)
_CRATE = re.compile(
    rb"(?:registry/src/[^/\0]{1,80}/|/rust/deps/|cargo/registry/(?:[0-9a-f]{8,40}/)?|cargo-vendor-dir/"
    rb"|crates(?:_io)?__|crate_index__)"
    rb"([A-Za-z0-9_-]{1,64}?)-(\d{1,9}\.\d{1,9}\.\d{1,9}(?:[-+][0-9A-Za-z.+-]{1,40})?)/"
)
"""Where Cargo unpacks crates, where Debian's packages and Nix's have them, and where Bazel's rules_rust does."""
_VENDORED = b"/vendor/"
_VENDORED_CRATE = re.compile(
    rb"/vendor/([A-Za-z0-9_-]{1,64}?)-(\d{1,9}\.\d{1,9}\.\d{1,9}(?:[-+][0-9A-Za-z.+-]{1,40})?)"
    rb"/(?:[\w.-]{1,60}/){1,12}?[\w-]{1,60}\.rs"
)
"""Where ``cargo vendor --versioned-dirs`` puts crates."""
_VENDORED_WITHOUT_VERSION = re.compile(
    rb"/vendor/([A-Za-z][A-Za-z0-9_-]{1,63})/src/(?:[\w.-]{1,60}/){0,12}?[\w-]{1,60}\.rs"
)
"""Where ``cargo vendor`` does."""
_GN_CRATES = b"third_party/rust/"
_GN_CRATE = re.compile(
    rb"third_party/rust/(?:chromium_crates_io/vendor/)?([a-z][a-z0-9_-]{1,63}?)[/-]v\d{1,4}(?:_\d{1,4})?/"
    rb"(?:[\w.-]{1,60}/){1,12}?[\w-]{1,60}\.rs"
)
"""Where Chromium, and what is built as it is, has crates: ``tokenizers/v0_23``.  Hyphens are underscores there."""
_ENDS_IN_VERSION = re.compile(r"-v?\d+(?:_\d+)?$")
_CHECKOUTS = b"git/checkouts/"
_CHECKED_OUT = re.compile(
    rb"git/checkouts/([A-Za-z0-9_.-]{1,80})-[0-9a-f]{16}/[0-9a-f]{7,40}/((?:[\w.-]{1,60}/){0,6}?)src/"
)
"""Where Cargo puts a repository: a hash of its address, the revision; the last folder is called as its crate."""
_RUST_SOURCES = b"/library/std/src/"
_GO = b"\xff Go buildinf:"
_GO_VERSION = re.compile(rb"go(\d+\.\d+(?:\.\d+)?)")
_GO_MODULE = re.compile(rb"^(dep|=>)\t([^\t\n]{1,200})\tv([^\t\n]{1,80})", re.MULTILINE)
_GO_MAIN = re.compile(rb"^mod\t([^\t\n]{1,200})\t(?:v([^\t\n]{1,80})|\(devel\))", re.MULTILINE)
_GO_WINDOW = 1 << 20
_HASKELL = b"ghc-prim"
"""A package that is in every program of GHC's."""
_UNIT = re.compile(
    rb"(?<![\w.-])([A-Za-z][A-Za-z0-9]*(?:-[A-Za-z][A-Za-z0-9]*)*)-(\d{1,5}(?:\.\d{1,5}){0,5})"
    rb"-(?:inplace|[0-9a-f]{64}|[0-9a-f]{4,8}|[0-9A-Za-z]{20,22})(?![\w.-])"
)
"""The identifier of a package's build: name, version and a hash, or ``inplace`` for those that come with GHC."""
_GHC_VERSION = re.compile(rb"GHC (9\.\d{1,2}\.\d{1,2})(?![\d.])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How one library shows."""

    library: str
    """Its name in the catalogue."""
    strings: tuple[bytes, ...]
    """Any of them makes it a candidate."""
    at_least: int = 1
    """How many different ones of ``strings`` must be there."""
    pattern: bytes | None = None
    """Must match around one of them; its first group that took part is the version."""
    version: tuple[bytes, bytes] | None = None
    """A text near which the version stands, and its pattern."""
    unless: tuple[bytes, ...] = ()
    """Texts that show it to be something else."""
    unless_library: tuple[str, ...] = ()
    """Libraries that, if they are found, explain its strings."""
    says: tuple[bytes, tuple[tuple[str, str], ...]] | None = None
    """The pattern of what it says about its own license, and (text, expression)."""
    key: str = ""
    """The row's text, which keys of caches are made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLibrary:
    """A library that shows in a shared object."""

    name: str
    version: str = ""
    proof: str = ""
    """One of the texts that prove it, shortened."""
    license: str = ""
    """The expression of what it says about its own license; empty if it says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundModule:
    """A crate or Go module that shows in a shared object."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What shows in a shared object; everything sorted by name and version."""

    libraries: tuple[FoundLibrary, ...] = ()
    crates: tuple[FoundModule, ...] = ()
    git_crates: tuple[str, ...] = ()
    """Crates that Cargo took from repositories or ``vendor`` folders; paths do not tell their versions."""
    rust: bool = False
    """True if Rust's standard library left paths."""
    go_modules: tuple[FoundModule, ...] = ()
    go: str = ""
    """Version of Go; empty if Go built nothing of it."""
    go_main: FoundModule | None = None
    """The module that a program of Go was built from."""
    tabled: tuple[FoundModule, ...] = ()
    """Versions that texts of ``versions.toml`` tell of libraries, also of those that do not show."""
    named: tuple[FoundModule, ...] = ()
    """Projects that paths of sources name with a version, whether a table knows them or not."""
    haskell: tuple[FoundModule, ...] = ()
    """Packages of Haskell, as GHC names their builds."""
    ghc: str | None = None
    """Version of GHC, empty if the file does not tell it; None if GHC built nothing of it."""
    fonts: tuple[Font, ...] = ()
    """Fonts in its data."""


def table_text() -> str:
    """Return the tables' texts, which keys of caches are made of."""
    folder = files("castiron_audit.data")
    return "".join(
        folder.joinpath(name).read_text(encoding="utf-8")
        for name in (
            "signatures.toml",
            "libraries.toml",
            "versions.toml",
            "known_libraries.toml",
            "library_packages.toml",
        )
    )


@cache
def known_signatures() -> tuple[Signature, ...]:
    """Return Castiron's own table."""
    return tuple(signature(row) for row in table("signatures")["signature"])


def signature(row: Mapping[str, Any]) -> Signature:
    """Return a row of the table as a value.  Raises KeyError, TypeError and ValueError if it is none."""
    version, says = row.get("version"), row.get("says")
    return Signature(
        library=row["library"],
        strings=tuple(text.encode() for text in row["strings"]),
        at_least=row.get("at_least", 1),
        pattern=row["pattern"].encode() if "pattern" in row else None,
        version=(version[0].encode(), version[1].encode()) if version else None,
        unless=tuple(text.encode() for text in row.get("unless", ())),
        unless_library=tuple(row.get("unless_library", ())),
        says=(says[0].encode(), tuple(sorted(says[1].items()))) if says else None,
        key=repr(sorted(row.items())),
    )


def find(data: bytes, more: tuple[Signature, ...] = ()) -> Findings:
    """Return what shows in the bytes of a shared object; ``more`` are signatures beside Castiron's own."""
    signatures = (*known_signatures(), *more)
    offsets = _offsets(data, _texts(signatures))
    found: dict[str, FoundLibrary] = {}
    for row in signatures:
        item = _library(data, row, offsets)
        # A library may have several rows: one that tells the version is better than one that does not.
        if item is not None and not (item.name in found and found[item.name].version and not item.version):
            found[item.name] = item
    for named in source_paths.named_libraries(data, offsets):
        known = found.get(named.library)
        if known is None:
            found[named.library] = FoundLibrary(name=named.library, version=named.version, proof=named.proof)
        elif named.version and (not known.version or named.version.startswith(f"{known.version}.")):
            found[named.library] = replace(known, version=named.version)
    others = {row.library for row in signatures if any(text in offsets for text in row.unless)}
    defined = library_functions.shown_libraries(defined_names(data))
    for shown in (*library_strings.shown_libraries(data), *defined):
        if shown.library not in others:
            proof = _shown(shown.proof.encode())
            found.setdefault(shown.library, FoundLibrary(name=shown.library, proof=proof))
    explained = {
        row.library for row in signatures if row.library in found and any(name in found for name in row.unless_library)
    }
    tabled = _add_versions(data, offsets, found)
    crates = {
        FoundModule(name=match[1].decode(), version=match[2].decode())
        for text in _CRATE_PATHS
        for offset in offsets.get(text, ())
        if (match := _CRATE.match(data, offset))
    }
    crates |= {
        FoundModule(name=match[1].decode(), version=match[2].decode())
        for offset in offsets.get(_VENDORED, ())
        if (match := _VENDORED_CRATE.match(data, offset))
    }
    git_crates = {
        (match[2].rstrip(b"/").rpartition(b"/")[2] or match[1]).decode()
        for offset in offsets.get(_CHECKOUTS, ())
        if (match := _CHECKED_OUT.match(data, offset))
    }
    versioned = {item.name for item in crates}
    git_crates |= {
        name
        for offset in offsets.get(_VENDORED, ())
        if (match := _VENDORED_WITHOUT_VERSION.match(data, offset))
        and (name := match[1].decode()) not in versioned
        and not _ENDS_IN_VERSION.search(name)
    }
    git_crates |= {
        name
        for offset in offsets.get(_GN_CRATES, ())
        if (match := _GN_CRATE.match(data, offset))
        and not {name := match[1].decode(), name.replace("_", "-")} & versioned
    }
    go, go_main, go_modules = _go(data, offsets.get(_GO, ()))
    haskell = _haskell(data) if _HASKELL in offsets else frozenset()
    return Findings(
        libraries=tuple(found[name] for name in sorted(found) if name not in explained),
        crates=_sorted(crates),
        git_crates=tuple(sorted(git_crates)),
        rust=_RUST_SOURCES in offsets,
        go_modules=go_modules,
        go=go,
        go_main=go_main,
        tabled=_sorted({FoundModule(name=name, version=version) for name, version in tabled.items()}),
        named=_sorted(
            {FoundModule(name=name, version=version) for name, version in source_paths.named_folders(data, offsets)}
        ),
        haskell=_sorted(haskell),
        ghc=_ghc(data) if haskell else None,
        fonts=fonts_within(data, offsets.get(TABLE_OF_ALL, ())),
    )


def _add_versions(data: bytes, offsets: Mapping[bytes, list[int]], found: dict[str, FoundLibrary]) -> Mapping[str, str]:
    """Add the versions of libraries whose signatures tell none; return those of the table, found or not.

    A string that is the version of another library there is none of this one's.
    """
    others = {item.version for item in found.values() if item.version}
    tabled: dict[str, str] = {}
    for library in library_versions.tabled_libraries():
        versions = library_versions.tabled_versions(library, data, offsets)
        left = versions - others if len(versions) > 1 else versions
        if len(left) == 1:
            tabled[library] = next(iter(left))
    untold = [name for name, item in found.items() if not item.version]
    told = {name: tabled[name] for name in untold if name in tabled}
    told |= library_versions.stated_versions(data, [name for name in untold if name not in told])
    in_namespaces = source_paths.namespace_versions(data, offsets)
    told |= {name: in_namespaces[name] for name in untold if name not in told and name in in_namespaces}
    for name, version in told.items():
        found[name] = replace(found[name], version=version)
    return tabled


def _texts(signatures: tuple[Signature, ...]) -> tuple[bytes, ...]:
    texts = {
        *_CRATE_PATHS,
        _VENDORED,
        _GN_CRATES,
        _CHECKOUTS,
        _RUST_SOURCES,
        _GO,
        _HASKELL,
        TABLE_OF_ALL,
        *source_paths.texts(),
    }
    texts |= {*library_versions.anchors()}
    for row in signatures:
        texts |= {*row.strings, *row.unless, *((row.version[0],) if row.version else ())}
    return tuple(sorted(texts))


@cache
def _automaton(texts: tuple[bytes, ...]) -> Any:
    from ahocorasick_rs import BytesAhoCorasick, Implementation

    return BytesAhoCorasick(texts, implementation=Implementation.DFA)


def _offsets(data: bytes, texts: tuple[bytes, ...]) -> dict[bytes, list[int]]:
    """Return where each of the texts stands, those that do not left out."""
    offsets: dict[bytes, list[int]] = {}
    for index, start, _ in _automaton(texts).find_matches_as_indexes(data, overlapping=True):
        offsets.setdefault(texts[index], []).append(start)
    return offsets


def _library(data: bytes, row: Signature, offsets: Mapping[bytes, list[int]]) -> FoundLibrary | None:
    """Return the library of a row, None if it does not show."""
    there = [text for text in row.strings if text in offsets]
    if len(there) < row.at_least or any(text in offsets for text in row.unless):
        return None
    proof, version = there[0], ""
    if row.pattern is not None:
        match = _search(data, row.pattern, (offset for text in there for offset in offsets[text]))
        if match is None:
            return None
        proof, version = match[0], _version(match)
    if not version and row.version is not None:
        match = _search(data, row.version[1], offsets.get(row.version[0], ()))
        version = "" if match is None else _version(match)
    return FoundLibrary(
        name=row.library, version=version, proof=_shown(proof), license=_said_license(data, row, there, offsets)
    )


@cache
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    """Return a pattern when its texts are there: of hundreds, few are needed for a file."""
    return re.compile(pattern)


def _search(data: bytes, text: bytes, offsets: Iterable[int]) -> re.Match[bytes] | None:
    """Return the first match of a pattern around the offsets; one that has a version is better than one without."""
    pattern = _compiled(text)
    best: re.Match[bytes] | None = None
    for count, offset in enumerate(offsets):
        if count >= _LOOKS:
            break
        match = pattern.search(data, max(0, offset - _BEFORE), offset + _BEHIND)
        if match is not None and (_version(match) or not pattern.groups):
            return match
        best = best or match
    return best


def _version(match: re.Match[bytes]) -> str:
    """Return the first group that took part; C++ namespaces have underscores where versions have dots."""
    text = next((group for group in match.groups() if group is not None), b"").decode("ascii", "replace")
    return text.replace("_", ".")


def _shown(proof: bytes) -> str:
    return " ".join(proof.decode("ascii", "replace").replace("\0", " ").split())[:60]


def _said_license(data: bytes, row: Signature, there: list[bytes], offsets: Mapping[bytes, list[int]]) -> str:
    if row.says is None:
        return ""
    pattern, meanings = row.says
    match = _search(data, pattern, (offset for text in there for offset in offsets[text]))
    said = "" if match is None else match[1].decode("ascii", "replace").strip()
    return dict(meanings).get(said, "")


def _go(data: bytes, offsets: Iterable[int]) -> tuple[str, FoundModule | None, tuple[FoundModule, ...]]:
    """Return Go's version, the main module and the others of what Go built (Go 1.18 and later)."""
    for offset in offsets:
        window = data[offset : offset + _GO_WINDOW]
        version = _GO_VERSION.search(window, 0, 128)
        if version is None:
            continue
        rows: list[tuple[str, str]] = []
        for match in _GO_MODULE.finditer(window):
            row = (match[2].decode("utf-8", "replace"), match[3].decode("utf-8", "replace"))
            if match[1] == b"=>" and rows:
                rows[-1] = row  # a replacement stands behind what it replaces
            else:
                rows.append(row)
        modules = {FoundModule(name=name, version=version) for name, version in rows}
        main = _GO_MAIN.search(window)
        built = FoundModule(name=main[1].decode(), version=(main[2] or b"").decode()) if main else None
        return version[1].decode(), built, _sorted(modules)
    return "", None, ()


def _haskell(data: bytes) -> frozenset[FoundModule]:
    return frozenset(FoundModule(name=match[1].decode(), version=match[2].decode()) for match in _UNIT.finditer(data))


def _ghc(data: bytes) -> str:
    versions = {match[1].decode() for match in _GHC_VERSION.finditer(data)}
    return versions.pop() if len(versions) == 1 else ""


def _modules(versions: Iterable[tuple[str, str]]) -> tuple[FoundModule, ...]:
    return _sorted({FoundModule(name=name, version=version) for name, version in versions})


def _sorted(modules: set[FoundModule] | frozenset[FoundModule]) -> tuple[FoundModule, ...]:
    return tuple(sorted(modules, key=lambda item: (item.name, item.version)))
