"""The natives pass: every shared object of the environment, read with pyelftools and kept by content."""

from __future__ import annotations

import io
import json
import struct
from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from castiron_common.cache import cache_root, file_entry
from castiron_common.files import sha256_bytes
from castiron_manifest.model import Finding, Native, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_VERSION = 1
"""Raised when the same file would give another description."""

_LIBC = {"libc.so.6": "glibc", "ld-linux-x86-64.so.2": "glibc", "libc.so": "musl"}


def natives(files: Mapping[str, Sequence[tuple[str, Path]]]) -> tuple[tuple[Native, ...], tuple[Finding, ...]]:
    """Return what the shared objects are, given each distribution's candidates as (path relative to site-packages, file)."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    findings: list[Finding] = []
    for distribution in sorted(files):
        for path, file in sorted(files[distribution]):
            data = file.read_bytes()
            if not data.startswith(b"\x7fELF"):
                continue
            try:
                facts = _facts(data)
            except _MalformedError as error:
                findings.append(
                    Finding(
                        code="malformed-elf",
                        severity=Severity.WARNING,
                        subject=path,
                        message=f"It begins like a shared object but cannot be read as one: {error}.",
                    )  # fmt: skip
                )
                continue
            if facts["type"] == "ET_DYN":
                found.append((distribution, path, facts))
    providers = _providers(found)
    described = [
        Native(
            path=path,
            distribution=distribution,
            soname=facts["soname"],
            sha256=facts["sha256"],
            size=facts["size"],
            needed=tuple(facts["needed"]),
            runpaths=tuple(facts["runpaths"]),
            undefined=tuple(sorted(set(facts["undefined"]) - _defined_by_needed(facts, providers))),
            machine=facts["machine"],
            libc=_libc(facts, providers),
            tls_size=facts["tls_size"],
            relocations=tuple((kind, count) for kind, count in facts["relocations"]),
            module=_module(path, facts),
        )
        for distribution, path, facts in found
    ]
    findings.extend(_unusable(described))
    return tuple(sorted(described, key=lambda n: (n.distribution, n.path))), tuple(findings)


def _unusable(described: Iterable[Native]) -> Iterator[Finding]:
    for native in described:
        if native.machine != "X86_64":
            yield Finding(
                code="foreign-machine", severity=Severity.WARNING, subject=native.path,
                message=f"It is for {native.machine}, not for x86-64, and cannot be used.",
            )  # fmt: skip
        elif native.libc == "glibc":
            yield Finding(
                code="glibc-library", severity=Severity.WARNING, subject=native.path,
                message="It needs glibc; a static binary for musl cannot hold it.",
            )  # fmt: skip


class _MalformedError(Exception):
    """A file that is no proper ELF file."""


def _facts(data: bytes) -> dict[str, Any]:
    """Describe one ELF file; kept in the cache by its content."""
    digest = sha256_bytes(data)
    entry = cache_root() / "natives" / str(_VERSION) / digest[:2] / f"{digest}.json"
    if not entry.is_file():
        facts = _read(data) | {"sha256": digest, "size": len(data)}
        text = json.dumps(facts, separators=(",", ":"), sort_keys=True)
        file_entry(entry, lambda path: _write_text(path, text))
    found: dict[str, Any] = json.loads(entry.read_bytes())
    return found


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _read(data: bytes) -> dict[str, Any]:
    """Read what matters of an ELF file.

    Symbols and relocations are unpacked directly from their tables: there are hundreds of thousands in some wheels.
    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.dynamic import DynamicSegment
    from elftools.elf.elffile import ELFFile

    try:
        elf = ELFFile(io.BytesIO(data))
        facts: dict[str, Any] = {
            "type": elf["e_type"], "machine": str(elf["e_machine"]).removeprefix("EM_"), "soname": None, "needed": [],
            "runpaths": [], "tls_size": 0, "undefined": [], "defined": [], "relocations": [],
        }  # fmt: skip
        for segment in elf.iter_segments():
            if segment["p_type"] == "PT_TLS":
                facts["tls_size"] = segment["p_memsz"]
            if isinstance(segment, DynamicSegment):
                for tag in segment.iter_tags():
                    kind = tag.entry.d_tag
                    # pyelftools gives a tag that names a string an attribute of the tag's own name.
                    text = str(getattr(tag, str(kind).removeprefix("DT_").lower(), ""))
                    if kind == "DT_NEEDED":
                        facts["needed"].append(text)
                    elif kind == "DT_SONAME":
                        facts["soname"] = text
                    elif kind in ("DT_RUNPATH", "DT_RPATH"):
                        facts["runpaths"].extend(text.split(":"))
                if elf.elfclass == 64 and elf.little_endian:
                    facts |= _symbols(segment)
                    facts["relocations"] = _relocations(elf, segment, data)
    except (ELFError, struct.error, UnicodeDecodeError, IndexError, KeyError, ValueError) as error:
        raise _MalformedError(str(error) or type(error).__name__) from error
    return facts


def _symbols(segment: Any) -> dict[str, list[str]]:
    """Return names of undefined and of exported dynamic symbols, sorted."""
    undefined: set[str] = set()
    defined: set[str] = set()
    for symbol in segment.iter_symbols():
        if not symbol.name:
            continue
        if symbol["st_shndx"] == "SHN_UNDEF":
            undefined.add(symbol.name)
        elif symbol["st_info"]["bind"] != "STB_LOCAL":
            defined.add(symbol.name)
    return {"undefined": sorted(undefined), "defined": sorted(defined)}


def _relocations(elf: Any, segment: Any, data: bytes) -> list[list[Any]]:
    """Count dynamic relocations by kind, DT_RELR's packed ones as R_X86_64_RELATIVE.

    Source: System V ABI, chapter 5 (dynamic section), and the RELR proposal in generic-abi.
    """
    from elftools.elf.enums import ENUM_RELOC_TYPE_x64

    tags = {tag.entry.d_tag: tag.entry.d_val for tag in segment.iter_tags()}
    names = {number: name for name, number in ENUM_RELOC_TYPE_x64.items() if isinstance(number, int)}
    counts: Counter[str] = Counter()
    for table, size in (("DT_RELA", "DT_RELASZ"), ("DT_JMPREL", "DT_PLTRELSZ")):
        for _offset, info, _addend in struct.iter_unpack("<QQq", _table(elf, tags, table, size, data)):
            kind = info & 0xFFFFFFFF
            counts[names.get(kind, f"R_{kind}")] += 1
    for (word,) in struct.iter_unpack("<Q", _table(elf, tags, "DT_RELR", "DT_RELRSZ", data)):
        counts["R_X86_64_RELATIVE"] += 1 if word & 1 == 0 else word.bit_count() - 1
    counts.pop("R_X86_64_NONE", None)
    return sorted([kind, count] for kind, count in counts.items())


def _table(elf: Any, tags: Mapping[str, int], table: str, size: str, data: bytes) -> bytes:
    address, length = tags.get(table), tags.get(size, 0)
    if address is None or not length:
        return b""
    offset = next(iter(elf.address_offsets(address)), None)
    if offset is None:
        raise ValueError(f"{table} points outside the file")
    return data[offset : offset + length]


def _providers(found: Iterable[tuple[str, str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Return the environment's libraries by soname and by file name, first in order of path."""
    providers: dict[str, dict[str, Any]] = {}
    for _distribution, path, facts in found:
        for name in filter(None, (facts["soname"], PurePosixPath(path).name)):
            providers.setdefault(name, facts)
    return providers


def _closure(facts: dict[str, Any], providers: Mapping[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    todo = list(facts["needed"])
    while todo:
        name = todo.pop(0)
        if name in seen or name not in providers:
            continue
        seen.add(name)
        yield providers[name]
        todo.extend(providers[name]["needed"])


def _defined_by_needed(facts: dict[str, Any], providers: Mapping[str, dict[str, Any]]) -> set[str]:
    defined = set(facts["defined"])
    for other in _closure(facts, providers):
        defined.update(other["defined"])
    return defined


def _libc(facts: dict[str, Any], providers: Mapping[str, dict[str, Any]]) -> str:
    names = list(facts["needed"])
    for other in _closure(facts, providers):
        names.extend(other["needed"])
    found = {_LIBC.get(name, "musl" if name.startswith(("libc.musl-", "ld-musl-")) else "") for name in names} - {""}
    return "glibc" if "glibc" in found else next(iter(found), "")


def _module(path: str, facts: dict[str, Any]) -> str | None:
    """Return the module that a file implements: it must export the init function of its own name (PEP 489)."""
    pure = PurePosixPath(path)
    name = pure.name.partition(".")[0]
    parts = [*pure.parts[:-1], name]
    last = parts[-2] if name == "__init__" and len(parts) > 1 else name
    try:
        export = f"PyInit_{last}" if last.isascii() else "PyInitU_" + last.encode("punycode").decode().replace("-", "_")
    except UnicodeError:
        return None
    if export not in facts["defined"] or ".." in parts:
        return None
    return ".".join(parts[:-1] if name == "__init__" else parts)
