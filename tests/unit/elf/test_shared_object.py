"""What is known of a shared object: read by us and by pyelftools, through the cache, of other word sizes."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile

from castiron_common.files import sha256_bytes
from castiron_elf import store
from castiron_elf.constants import constants, identifiers
from castiron_elf.errors import MalformedElfError, NotElfError
from castiron_elf.headers import read_headers
from castiron_elf.observe import observe
from castiron_elf.shared_object import decode, encode
from tests.support.elf_values import ELF

SEEDS = sorted((Path(__file__).parents[2] / "fuzz" / "seeds").glob("*.so*"))


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_an_independent_reader_says_the_same(path: Path) -> None:
    """The whole of pyelftools, on sound files; we use its structures alone."""
    known = observe(path.read_bytes(), ELF)
    with path.open("rb") as file:
        elf = ELFFile(file)
        dynamic = next(s for s in elf.iter_segments() if isinstance(s, DynamicSegment))
        tags = list(dynamic.iter_tags())
        symbols = list(dynamic.iter_symbols())
        tables = dynamic.get_relocation_tables()
        relocations = sum(table.num_relocations() for table in tables.values())
        assert known.needed == tuple(tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED")
        assert known.soname == next((tag.soname for tag in tags if tag.entry.d_tag == "DT_SONAME"), None)
        assert [s.vaddr for s in known.segments] == [s["p_vaddr"] for s in elf.iter_segments()]
        outside = {s.name for s in symbols if s.name and s.entry.st_shndx == "SHN_UNDEF"}
        assert set(known.undefined) == outside
        offered = {
            s.name: s.entry.st_value
            for s in symbols
            if s.name and s.entry.st_shndx != "SHN_UNDEF" and s.entry.st_info.bind != "STB_LOCAL"
        }
        assert {name: known.definitions.get(name).value for name in known.definitions} == offered  # type: ignore[union-attr]
        assert offered
        assert known.relocation_count == relocations
        comment = elf.get_section_by_name(".comment")
        assert known.headers.comment == (comment.data() if comment else b"")


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_it_survives_the_cache(path: Path) -> None:
    known = observe(path.read_bytes(), ELF)
    again = decode(encode(known))
    assert again == known
    assert again.definitions.get("nowhere") is None


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path / "cache"))


def test_a_file_is_read_once(tmp_path: Path) -> None:
    data = SEEDS[0].read_bytes() + b"read once"
    path = tmp_path / "x.so"
    path.write_bytes(data)
    digest = sha256_bytes(data)
    assert store.known(digest, ELF) is None
    first = store.read_file(path, ELF, sha256=digest)
    path.unlink()
    assert store.read_file(path, ELF, sha256=digest) == first == store.known(digest, ELF) == store.read(data, ELF)


def test_what_is_derived_of_a_file_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "x.so"
    path.write_bytes(b"content")
    calls = []

    def make(data: bytes) -> bytes:
        calls.append(data)
        return data.upper()

    digest = sha256_bytes(b"content")
    for _ in range(2):
        assert store.derived(path, digest, by="a", make=make) == b"CONTENT"
    assert calls == [b"content"]
    assert store.derived(path, digest, by="another", make=lambda _: b"else") == b"else"
    with pytest.raises(store.ChangedContentError):
        store.derived(path, sha256_bytes(b"other"), by="a", make=make)


def test_nothing_is_kept_under_the_hash_of_another_file(tmp_path: Path) -> None:
    path = tmp_path / "x.so"
    path.write_bytes(SEEDS[0].read_bytes())
    digest = sha256_bytes(b"another")
    with pytest.raises(store.ChangedContentError):
        store.read_file(path, ELF, sha256=digest)
    assert store.known(digest, ELF) is None


def test_names_among_the_constants(tmp_path: Path) -> None:
    data = SEEDS[0].read_bytes()
    known = observe(data, ELF)
    strings = known.dynamic.strings
    assert strings is not None
    load = max(known.loads, key=lambda s: s.filesz)
    assert b"PyInit_fast" not in set(identifiers(data, known)), "that stands in the table of strings alone"
    changed = bytearray(data)
    at = load.offset + load.filesz - 16
    changed[at : at + 16] = b"\1some_function\0\0"
    path = tmp_path / "x.so"
    path.write_bytes(changed)
    assert "some_function" in constants(path, observe(bytes(changed), ELF))


@pytest.mark.parametrize(("bits", "order"), [(32, "<"), (32, ">"), (64, ">")])
def test_headers_of_other_machines(bits: int, order: str) -> None:
    """Such files are described, so that the trace can say what they are."""
    word = "Q" if bits == 64 else "I"
    ehdr, phdr = (64, 56) if bits == 64 else (52, 32)
    dynamic = b"".join(
        struct.pack(f"{order}{word}{word}", *row) for row in ((1, 1), (14, 8), (5, 0), (10, 20), (29, 14), (0, 0))
    )
    strings = b"\0libx.1\0lib.so\0$ORIGIN"[:20] + b"\0"
    place = ehdr + 3 * phdr
    total = place + len(strings) + len(dynamic)

    def segment(kind: int, offset: int, address: int, size: int) -> bytes:
        if bits == 64:
            return struct.pack(f"{order}IIQQQQQQ", kind, 4, offset, address, 0, size, size, 8)
        return struct.pack(f"{order}IIIIIIII", kind, offset, address, 0, size, size, 4, 8)

    data = b"\x7fELF" + bytes((bits // 32, 1 if order == "<" else 2, 1)) + bytes(9)
    data += struct.pack(f"{order}HHI{word * 3}IHHHHHH", 3, 20, 1, 0, ehdr, 0, 0, ehdr, phdr, 3, 0, 0, 0)
    data += segment(1, place, 0, len(strings) + len(dynamic)) + segment(2, place + len(strings), 64, len(dynamic))
    data += segment(7, place, 0, 0) + strings + dynamic
    assert len(data) == total
    headers = read_headers(io.BytesIO(data))
    assert (headers.bits, headers.little_endian, headers.machine, headers.machine_name) == (
        bits,
        order == "<",
        20,
        "PPC",
    )
    assert headers.dynamic is not None
    assert (headers.dynamic.needed, headers.dynamic.soname) == (("libx.1",), "lib.so")
    known = observe(data, ELF)
    assert (known.needed, len(known.definitions), known.relocations) == (("libx.1",), 0, ())


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", NotElfError),
        (b"#!/bin/sh", NotElfError),
        (b"\x7fELF\2\1\1", MalformedElfError),
        (b"\x7fELF\3\1", NotElfError),
    ],
)
def test_other_files(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_headers(io.BytesIO(data))
