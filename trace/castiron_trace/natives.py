"""The natives pass: every shared object of the environment, read with pyelftools and kept by content."""

from __future__ import annotations

import io
import json
import struct
from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from castiron_common.cache import cache_root, file_entry, usable
from castiron_common.files import sha256_bytes
from castiron_elf.checked import MalformedElfError, open_elf
from castiron_manifest.model import Finding, Native, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_VERSION = 1
"""Raised when the same file would give another description."""

_SYMBOL = struct.Struct("<IBBHQQ")
_RELA = struct.Struct("<QQq")
_MOST_LETTERS = 1 << 20
"""In the dynamic table's names together."""
_LETTERS_PER_BYTE = 8
"""How often a byte of the table of strings may be part of a name; linkers let a name be the tail of others."""
_LIBC = {"libc.so.6": "glibc", "ld-linux-x86-64.so.2": "glibc", "libc.so": "musl"}


def natives(
    files: Mapping[str, Sequence[tuple[str, Path, str | None]]],
) -> tuple[tuple[Native, ...], tuple[Finding, ...]]:
    """Return what the shared objects are.

    ``files`` are each distribution's candidates: path relative to site-packages, file, and RECORD's SHA-256,
    under which its description may be known already.
    """
    found: list[tuple[str, str, dict[str, Any]]] = []
    findings: list[Finding] = []
    for distribution in sorted(files):
        for path, file, digest in sorted(files[distribution]):
            try:
                facts = _known(digest) or _facts(file.read_bytes())
            except MalformedElfError as error:
                findings.append(
                    Finding(
                        code="malformed-elf",
                        severity=Severity.WARNING,
                        subject=path,
                        message=f"It begins like a shared object but cannot be read as one: {error}.",
                    )
                )
                continue
            if facts is not None and facts["type"] == "ET_DYN":
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
                code="foreign-machine",
                severity=Severity.WARNING,
                subject=native.path,
                message=f"It is for {native.machine}, not for x86-64, and cannot be used.",
            )
        elif native.libc == "glibc":
            yield Finding(
                code="glibc-library",
                severity=Severity.WARNING,
                subject=native.path,
                message="It needs glibc; a static binary for musl cannot hold it.",
            )


def _entry(digest: str) -> Path:
    return cache_root() / "natives" / str(_VERSION) / digest[:2] / f"{digest}.json"


def _known(digest: str | None) -> dict[str, Any] | None:
    """Return the description of a file by its content's hash, if there is one in the cache."""
    if digest is None:
        return None
    entry = _entry(digest)
    if not usable(entry):
        return None  # not there, or damaged: made again
    found: dict[str, Any] = json.loads(entry.read_bytes())
    return found


def _facts(data: bytes) -> dict[str, Any] | None:
    """Describe one ELF file, and keep that in the cache by its content; None for a file of another kind."""
    if not data.startswith(b"\x7fELF"):
        return None
    digest = sha256_bytes(data)
    facts = _read(data) | {"sha256": digest, "size": len(data)}
    text = json.dumps(facts, separators=(",", ":"), sort_keys=True)
    file_entry(_entry(digest), lambda making: _discard(making.write_text(text, encoding="utf-8")))
    return facts


def _discard(_: object) -> None:
    return None


def _read(data: bytes) -> dict[str, Any]:
    """Read what matters of an ELF file.

    Symbols and relocations are unpacked directly from their tables: there are hundreds of thousands in some wheels.
    """
    with open_elf(io.BytesIO(data)) as elf:
        return _describe(elf)


def _describe(elf: Any) -> dict[str, Any]:
    from elftools.elf.dynamic import DynamicSegment

    facts: dict[str, Any] = {
        "type": elf["e_type"],
        "machine": str(elf["e_machine"]).removeprefix("EM_"),
        "soname": None,
        "needed": [],
        "runpaths": [],
        "tls_size": 0,
        "undefined": [],
        "defined": [],
        "relocations": [],
    }
    letters = 0
    for segment in elf.iter_segments():
        if segment["p_type"] == "PT_TLS":
            facts["tls_size"] = segment["p_memsz"]
        if isinstance(segment, DynamicSegment):
            for tag in segment.iter_tags():
                kind = tag.entry.d_tag
                # pyelftools gives a tag that names a string an attribute of the tag's own name.
                text = str(getattr(tag, str(kind).removeprefix("DT_").lower(), ""))
                letters += len(text)
                if letters > _MOST_LETTERS:
                    raise MalformedElfError("the names in its dynamic table are endless")
                if kind == "DT_NEEDED":
                    facts["needed"].append(text)
                elif kind == "DT_SONAME":
                    facts["soname"] = text
                elif kind in ("DT_RUNPATH", "DT_RPATH"):
                    facts["runpaths"].extend(text.split(":"))
            if elf.elfclass == 64 and elf.little_endian:
                facts |= _symbols(elf, segment)
                facts["relocations"] = _relocations(elf, segment)
    return facts


def _symbols(elf: Any, segment: Any) -> dict[str, list[str]]:
    """Return names of undefined and of exported dynamic symbols, sorted.

    Source: System V ABI, chapter 4 (symbol table); `Elf64_Sym` is name, info, other, section, value, size.
    """
    undefined: set[str] = set()
    defined: set[str] = set()
    tags = {tag.entry.d_tag: tag.entry.d_val for tag in segment.iter_tags()}
    strings = _bytes_at(elf, tags.get("DT_STRTAB"), tags.get("DT_STRSZ", 0))
    table = _bytes_at(elf, tags.get("DT_SYMTAB"), segment.num_symbols() * _SYMBOL.size)
    letters = _LETTERS_PER_BYTE * len(strings)
    for name, info, _other, section, _value, _size in _SYMBOL.iter_unpack(table):
        if name and (section == 0 or info >> 4):
            end = strings.index(b"\0", name)
            letters -= end - name
            if letters < 0:
                raise MalformedElfError("its names are the same bytes over and over")
            text = strings[name:end].decode()
            (defined if section else undefined).add(text)
    return {"undefined": sorted(undefined), "defined": sorted(defined)}


def _relocations(elf: Any, segment: Any) -> list[list[Any]]:
    """Count dynamic relocations by kind, DT_RELR's packed ones as R_X86_64_RELATIVE.

    Source: System V ABI, chapter 5 (dynamic section), and the RELR proposal in generic-abi.
    """
    from elftools.elf.enums import ENUM_RELOC_TYPE_x64

    tags = {tag.entry.d_tag: tag.entry.d_val for tag in segment.iter_tags()}
    names = {number: name for name, number in ENUM_RELOC_TYPE_x64.items() if isinstance(number, int)}
    counts: Counter[str] = Counter()
    for table, size in (("DT_RELA", "DT_RELASZ"), ("DT_JMPREL", "DT_PLTRELSZ")):
        kinds = Counter(
            info & 0xFFFFFFFF for _, info, _ in _RELA.iter_unpack(_bytes_at(elf, tags.get(table), tags.get(size, 0)))
        )
        for kind, count in kinds.items():
            counts[names.get(kind, f"R_{kind}")] += count
    for (word,) in struct.iter_unpack("<Q", _bytes_at(elf, tags.get("DT_RELR"), tags.get("DT_RELRSZ", 0))):
        counts["R_X86_64_RELATIVE"] += 1 if word & 1 == 0 else word.bit_count() - 1
    counts.pop("R_X86_64_NONE", None)
    return sorted([kind, count] for kind, count in counts.items())


def _bytes_at(elf: Any, address: int | None, length: int) -> bytes:
    """Return what the file puts at an address of its image."""
    if address is None or not length:
        return b""
    offset = next(iter(elf.address_offsets(address)), None)
    if offset is None:
        raise ValueError(f"its dynamic section points to {address:#x}, which is outside the file")
    elf.stream.seek(offset)
    found: bytes = elf.stream.read(length)
    return found


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
