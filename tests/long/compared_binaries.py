"""What differs between two executables of one application that different versions of Castiron linked.

    python -m tests.long.compared_binaries BEFORE AFTER [BEFORE AFTER ...]

One row a pair: the modules and files of the payload that are equal, that differ, and that only one has, and by how many
bytes the sections of code and of data grew.  With ``--names`` each module and file that is not equal follows.
Exits with 1 if the payloads of a pair are not equal.  The payload's format is described in the stub's README.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import struct
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import zstandard
from elftools.elf.elffile import ELFFile
from rich.console import Console
from rich.table import Table

from castiron_link.dictionary import SIZE

PAYLOAD = ".castiron.payload"
FRAMES = ".castiron.frames"
_DICTIONARY_MAGIC = b"\x37\xa4\x30\xec"
"""RFC 8878, 5."""
VERSIONS = (1, 2, 3, 4)
"""Of the payload's format: what is read here is at the same places in all, but for the rows of modules."""
_HEADER = struct.Struct("<8sIIQIIQQQQQQQQQQ")
_NODE = struct.Struct("<QIBBHQQII")
_MODULE = struct.Struct("<QQIIQQIIII")
_MODULES = {1: struct.Struct("<QQIIQQII"), 2: struct.Struct("<QQIIQQII"), 3: _MODULE, 4: _MODULE}
_ZSTD = 32
"""Flag of a payload whose contents are compressed with Zstandard, not with DEFLATE."""
_FOLDER, _FILE, _LINK = 0, 1, 2
_CODE = (".text", ".rodata", ".data.rel.ro", ".data", ".eh_frame")
_EXTENSION = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an executable has, each by the SHA-256 of its bytes."""

    modules: dict[str, str]
    """Path in the tree with suffix -> marshalled code; empty for an extension module."""
    files: dict[str, str]
    """Path in the tree -> content; of a symbolic link, its target."""
    sections: dict[str, int]
    """Name -> size in bytes."""


def read(path: Path) -> Content:
    """Return what is in an executable; raises `ValueError` for one that has no payload of a known format."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        sections: dict[str, int] = {}
        for section in elf.iter_sections():
            sections[section.name] = sections.get(section.name, 0) + section["sh_size"]
        found = elf.get_section_by_name(PAYLOAD)
        if found is None:
            raise ValueError(f"{path} has no section {PAYLOAD}")
        payload = found.data()
        frames = elf.get_section_by_name(FRAMES)
        dictionary = b"" if frames is None else dictionary_in(frames.data())
    try:
        modules, files = contents(payload, dictionary)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return Content(modules=modules, files=files, sections=sections)


def dictionary_in(frames: bytes) -> bytes:
    """Return the dictionary of a small executable: it is among its constants, in one of the compressed segments."""
    while frames:
        one = zstandard.ZstdDecompressor().decompressobj()
        content = one.decompress(frames)
        frames = one.unused_data
        for match in re.finditer(re.escape(_DICTIONARY_MAGIC), content):
            # What decompresses knows the magic number, too; the dictionary is aligned and has a length of its own.
            if match.start() % 8 == 0 and len(content) - match.start() > SIZE // 2:
                return content[match.start() : match.start() + SIZE]
    return b""


def contents(payload: bytes, dictionary: bytes = b"") -> tuple[dict[str, str], dict[str, str]]:
    """Return the modules and the files of a payload; raises `ValueError` for one of an unknown format.

    ``dictionary`` is what its frames of Zstandard refer to.
    """
    shared = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_FULLDICT) if dictionary else None
    decompressor = zstandard.ZstdDecompressor(dict_data=shared)
    fields = _HEADER.unpack_from(payload)
    if fields[0] != b"CASTIRON" or fields[1] not in VERSIONS:
        raise ValueError(f"the payload has version {fields[1]}; known are {VERSIONS}")
    nodes = list(_NODE.iter_unpack(payload[fields[10] : fields[10] + fields[11] * _NODE.size]))
    row = _MODULES[fields[1]]
    modules = list(row.iter_unpack(payload[fields[12] : fields[12] + fields[13] * row.size]))

    def text(reference: int) -> str:
        start, length = reference & 0xFFFFFFFF, reference >> 32
        return payload[start : start + length].decode("utf-8", "surrogateescape")

    def content(offset: int, size: int, stored: int) -> str:
        data = payload[offset : offset + (stored or size)]
        if stored:
            zstd = fields[2] & _ZSTD
            data = decompressor.decompress(data) if zstd else zlib.decompress(data, -zlib.MAX_WBITS)
        return hashlib.sha256(data).hexdigest()

    paths = [""]
    for name, parent, *_ in nodes[1:]:
        paths.append(f"{paths[parent]}/{text(name)}".lstrip("/"))
    files = {}
    for where, (_, _, kind, _, _, offset, size, stored, last) in zip(paths, nodes, strict=True):
        if kind == _FILE:
            files[where] = content(offset, size, stored)
        elif kind == _LINK:
            files[where] = f"link to {text(stored | last << 32)}"
    codes = {}
    for name, suffix, folder, flags, offset, size, _, _, *compressed in modules:
        where = f"{paths[folder]}/{text(name)}{text(suffix)}".lstrip("/")
        codes[where] = "" if flags & _EXTENSION else content(offset, size, compressed[0] if compressed else 0)
    return codes, files


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Of the modules, or the files, of two executables: paths, sorted."""

    equal: tuple[str, ...]
    other: tuple[str, ...]
    gone: tuple[str, ...]
    new: tuple[str, ...]

    def __str__(self) -> str:
        """For the table: how many of each."""
        return f"{len(self.equal)} equal, {len(self.other)} differ, -{len(self.gone)} +{len(self.new)}"


def difference(before: dict[str, str], after: dict[str, str]) -> Difference:
    """Compare what two executables have."""
    both = sorted(before.keys() & after.keys())
    return Difference(
        equal=tuple(path for path in both if before[path] == after[path]),
        other=tuple(path for path in both if before[path] != after[path]),
        gone=tuple(sorted(before.keys() - after.keys())),
        new=tuple(sorted(after.keys() - before.keys())),
    )


def main() -> int:
    """Compare the pairs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executables", nargs="+", type=Path, metavar="BEFORE AFTER")
    parser.add_argument("--names", action="store_true", help="list what is not equal")
    given = parser.parse_args()
    if len(given.executables) % 2:
        parser.error("an even number of executables is needed")
    table = Table("executable", "modules", "files", "code and data, MB", "file, MB")
    status, lines = 0, []
    for one, other in zip(given.executables[::2], given.executables[1::2], strict=True):
        before, after = read(one), read(other)
        modules, files = difference(before.modules, after.modules), difference(before.files, after.files)
        sizes = [sum(content.sections.get(name, 0) for name in _CODE) / 1e6 for content in (before, after)]
        whole = [path.stat().st_size / 1e6 for path in (one, other)]
        table.add_row(
            str(other),
            str(modules),
            str(files),
            f"{sizes[0]:.1f} -> {sizes[1]:.1f}",
            f"{whole[0]:.1f} -> {whole[1]:.1f}",
        )
        for found in (modules, files):
            status |= bool(found.other or found.gone or found.new)
            lines += [
                f"{other}: {sign} {path}"
                for sign, paths in (("differs", found.other), ("-", found.gone), ("+", found.new))
                for path in paths
            ]
    Console(width=160).print(table)
    if given.names:
        print(*lines, sep="\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
