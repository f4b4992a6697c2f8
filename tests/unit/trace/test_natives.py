"""Shared objects, read from ELF files that the test writes byte by byte."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from castiron_trace.natives import natives
from tests.support.targets import TARGET

if TYPE_CHECKING:
    from pathlib import Path


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


STRTAB, SYMTAB, STRSZ, HASH, NEEDED, SONAME, RELA, RELASZ, RELR, RELRSZ, RUNPATH = 5, 6, 10, 4, 1, 14, 7, 8, 36, 35, 29


def shared_object(
    *,
    soname: str | None = None,
    needed: tuple[str, ...] = (),
    undefined: tuple[str, ...] = (),
    defined: tuple[str, ...] = (),
    machine: int = 62,
    tls: int = 0,
) -> bytes:
    """Return a small ELF file of one loaded segment at address 0: dynamic section, symbols, hash table, relocations."""
    strings = b"\0"
    offsets = {}
    for text in (soname, "$ORIGIN/../x.libs", *needed, *undefined, *defined):
        if text is not None:
            offsets[text] = len(strings)
            strings += text.encode() + b"\0"
    symbols = struct.pack("<IBBHQQ", 0, 0, 0, 0, 0, 0)
    symbols += b"".join(struct.pack("<IBBHQQ", offsets[name], 0x12, 0, 0, 0, 0) for name in undefined)
    symbols += b"".join(struct.pack("<IBBHQQ", offsets[name], 0x12, 0, 1, 64, 8) for name in defined)
    count = 1 + len(undefined) + len(defined)
    hashes = struct.pack("<II", 1, count) + struct.pack("<I", 0) * (1 + count)
    rela = struct.pack("<QQq", 0, 8, 0) * 2 + struct.pack("<QQq", 0, 6, 0)
    relr = struct.pack("<QQ", 64, 0b1011)  # one address, then a bitmap of two
    parts = [
        strings.ljust(-(-len(strings) // 8) * 8, b"\0"),
        symbols,
        _padded(hashes),
        rela,
        relr,
    ]
    starts, position = [], 64 + 56 * 3
    for part in parts:
        starts.append(position)
        position += len(part)
    tags = [(NEEDED, offsets[name]) for name in needed] + ([(SONAME, offsets[soname])] if soname else [])
    tags += [
        (RUNPATH, offsets["$ORIGIN/../x.libs"]), (STRTAB, starts[0]), (STRSZ, len(strings)), (SYMTAB, starts[1]),
        (11, 24), (HASH, starts[2]), (RELA, starts[3]), (RELASZ, len(rela)), (9, 24), (RELR, starts[4]),
        (RELRSZ, len(relr)), (37, 8), (0, 0),
    ]  # fmt: skip
    dynamic = b"".join(struct.pack("<qQ", *tag) for tag in tags)
    total = position + len(dynamic)
    header = (
        b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, 3, 64, 0, 0)
    )
    segments = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, total, total, 4096)
    segments += struct.pack("<IIQQQQQQ", 2, 6, position, position, position, len(dynamic), len(dynamic), 8)
    segments += struct.pack("<IIQQQQQQ", 7 if tls else 0x6474E551, 4, 0, 0, 0, 0, tls, 8)
    return header + segments + b"".join(parts) + dynamic


def test_what_a_shared_object_is(tmp_path: Path) -> None:
    (tmp_path / "m.so").write_bytes(
        shared_object(
            needed=("libx.so.1", "libc.musl-x86_64.so.1"),
            undefined=("malloc", "x_init", "PyLong_FromLong"),
            defined=("PyInit__m",),
            tls=24,
        )
    )
    (tmp_path / "x.so").write_bytes(shared_object(soname="libx.so.1", defined=("x_init",)))
    found, findings = natives(
        {
            "d": [
                ("d/_m.cpython-313-x86_64-linux-musl.so", tmp_path / "m.so", None),
                ("d.libs/libx.so.1", tmp_path / "x.so", None),
            ]
        },
        TARGET,
    )
    assert findings == ()
    library, module = found
    assert (library.path, library.soname, library.module) == ("d.libs/libx.so.1", "libx.so.1", None)
    assert module.module == "d._m"
    assert module.needed == ("libx.so.1", "libc.musl-x86_64.so.1")
    assert module.runpaths == ("$ORIGIN/../x.libs",)
    assert module.undefined == ("PyLong_FromLong", "malloc")
    assert (module.machine, module.libc, module.tls_size) == ("X86_64", "musl", 24)
    assert module.relocations == (("R_X86_64_GLOB_DAT", 1), ("R_X86_64_RELATIVE", 5))


def test_one_that_names_no_c_library_is_for_that_of_its_distribution(tmp_path: Path) -> None:
    for name, content in {
        "glibc": shared_object(needed=("libc.so.6",)),
        "musl": shared_object(needed=("libc.musl-x86_64.so.1",)),
        "none": shared_object(undefined=("malloc",)),
    }.items():
        (tmp_path / name).write_bytes(content)
    files = {
        owner: [(f"{owner}/{name}.so", tmp_path / name, None) for name in names]
        for owner, names in (
            ("a", ("glibc", "none")),
            ("b", ("musl", "none")),
            ("c", ("none",)),
            ("", ("glibc", "none")),
        )
    }
    found, _findings = natives(files, TARGET)
    assert {native.path: native.libc for native in found if native.path.endswith("none.so")} == {
        "a/none.so": "glibc",
        "b/none.so": "",
        "c/none.so": "",
        "/none.so": "",
    }


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (shared_object(machine=183), "foreign-machine"),
        (shared_object(needed=("libc.so.7",)), "other-library"),
        (b"\x7fELF\2\1\1 and nothing more", "malformed-elf"),
    ],
)
def test_what_cannot_be_used_is_a_finding(content: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "x.so").write_bytes(content)
    target = replace(TARGET, libc=replace(TARGET.libc, foreign={"libc.so.7": "other"}))
    _found, findings = natives({"d": [("d/x.so", tmp_path / "x.so", None)]}, target)
    assert [finding.code for finding in findings] == [code]


def test_files_of_another_kind_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "x.so").write_text("INPUT(libx.so.1)", encoding="utf-8")
    assert natives({"d": [("d/x.so", tmp_path / "x.so", None)]}, TARGET) == ((), ())


def test_a_known_hash_is_not_read_again(tmp_path: Path) -> None:
    file = tmp_path / "x.so"
    file.write_bytes(shared_object(soname="libx.so"))
    first, _ = natives({"d": [("d/x.so", file, None)]}, TARGET)
    file.unlink()
    assert natives({"d": [("d/x.so", file, first[0].sha256)]}, TARGET)[0] == first


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(data=st.data())
def test_damaged_files_never_break_the_trace(data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(shared_object(soname="libx.so", needed=("liby.so",), undefined=("a",), defined=("b",)))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path / "x.so"
    file.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    natives({"d": [("d/x.so", file, None)]}, TARGET)
