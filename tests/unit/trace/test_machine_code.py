"""Names of modules in compiled code: strings that NUL ends, that have a length, or that are packed."""

from __future__ import annotations

import struct
import zlib

import pytest

from castiron_trace.analyser.machine_code import scan_extension
from castiron_trace.analyser.machine_strings import interned, packed_strings
from castiron_trace.hints.reader import shipped_hints

COMPILERS = shipped_hints().sources.compilers


def modules(data: bytes) -> set[str]:
    return {item.module for item in scan_extension(data, COMPILERS).imports}


def shared_object(text: bytes, *names: tuple[int, int]) -> bytes:
    """Return an ELF file whose data point to parts of ``text``: (offset, length)."""
    head, segments = 64, 2 * 56
    text_at = head + segments
    table_at = text_at + len(text) + -len(text) % 8
    rela_at = table_at + 16 * len(names)
    dynamic_at = rela_at + 24 * len(names)
    end = dynamic_at + 3 * 16
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = ident + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, head, 0, 0, 64, 56, 2, 64, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 6, 0, 0, 0, end, end, 4096)
    dynamic = struct.pack("<IIQQQQQQ", 2, 6, dynamic_at, dynamic_at, 0, 48, 48, 8)
    table = b"".join(struct.pack("<QQ", 0, length) for _start, length in names)
    rela = b"".join(
        struct.pack("<QQq", table_at + 16 * index, 8, text_at + start) for index, (start, _length) in enumerate(names)
    )
    tags = struct.pack("<QQQQQQ", 7, rela_at, 8, len(rela), 0, 0)
    return header + load + dynamic + text.ljust(table_at - text_at, b"\0") + table + rela + tags


def test_names_with_a_length() -> None:
    data = shared_object(b"uuiddatetimepackage.module 12", (0, 4), (4, 8), (12, 14), (12, 17))
    assert interned(data) == {b"uuid", b"datetime", b"package.module"}
    assert "uuid" in modules(data)
    assert [item.text for item in scan_extension(data, COMPILERS).dotted] == ["package.module"]


@pytest.mark.parametrize("cut", [3, 40, 70, 130, 200])
def test_damaged_objects_have_no_names(cut: int) -> None:
    assert interned(shared_object(b"uuiddatetime", (0, 4))[:cut]) == set()


def test_names_in_the_strings_of_rust_stand_side_by_side() -> None:
    assert "uuid" in modules(b"/rustc/1\0kindKinduuidUUIDenumhalf")
    assert "uuid" not in modules(b"kindKinduuidUUIDenumhalf")


def test_rare_names_must_stand_alone() -> None:
    assert "getpass" in modules(b"\0getpass\0")
    assert "getpass" not in modules(b"\0forgetpassword\0")


def test_packed_strings_of_cython() -> None:
    packed = zlib.compress(b"a long message." * 20 + b"initpackage.modulefunctions")
    data = b"\0cython_runtime\0" + b"\x78\x9c no stream" + packed
    assert "package.module" in packed_strings(data)
    assert any("package.module" in run for run in scan_extension(data, COMPILERS).packed)


def imports(data: bytes) -> set[str]:
    return modules(b"\0cython_runtime\0" + data)


@pytest.mark.parametrize("packed", [True, False])
def test_only_names_in_the_strings_of_cython_count_if_these_are_read(packed: bool) -> None:
    text = b"a long message." * 20 + b"__test__concurrent__main__futureslogging.configzoneinfo"
    found = imports(zlib.compress(text) if packed else b"\0" + text + b"\0")
    assert {"concurrent.futures", "logging", "zoneinfo"} <= found
    assert not {"collections.abc", "statistics", "subprocess", "heapq"} & found


def test_all_that_code_of_cython_may_import_counts_if_its_strings_are_not_read() -> None:
    assert {"concurrent.futures", "statistics", "subprocess", "heapq"} <= imports(b"packed in an unknown way")


def test_what_cython_itself_imports_from_asyncio_is_there_if_it_is_wanted() -> None:
    assert "asyncio" not in imports(b"\0__test__\0asyncio.coroutines\0")
    assert "asyncio" not in imports(zlib.compress(b"a long message." * 20 + b"__test__asyncio.coroutines"))
    assert "asyncio" in imports(b"\0__test__\0asyncio.coroutines\0asyncio\0")
    own = scan_extension(b"\0cython_runtime\0__test__\0asyncio.coroutines\0asyncio.queues\0", COMPILERS)
    assert [text for text, _line in own.dotted] == ["asyncio.queues"]


def packed_by_cython(text: bytes) -> bytes:
    """Return text as Cython 3.3 packs it: bytes that stand for themselves, and references of its three kinds."""
    items: list[tuple[int, bytes]] = []
    at = 0
    while at < len(text):
        length = next((size for size in (200, 20, 6) if text.find(text[at : at + size], 0, at) >= 0), 0)
        length = min(length, len(text) - at)
        found = text.rfind(text[at : at + length], 0, at) if length else -1
        distance = at - found - length
        if found < 0 or distance < 0:
            items.append((1, text[at : at + 1]))
            at += 1
            continue
        if distance < 0x80:
            reference = bytes((distance, length - 3))
        elif distance < 0x280 and length < 35:
            reference = bytes((0x80 | (distance - 0x80) & 0x7F, (distance - 0x80) >> 2 & 0x60 | length - 3))
        else:
            far = distance - 0x80
            reference = bytes((0x80 | far & 0x7F, 0x80 | far >> 7, length - 3))
        items.append((0, reference))
        at += length
    groups = [items[start : start + 8] for start in range(0, len(items), 8)]
    return b"".join(
        bytes((sum(flag << bit for bit, (flag, _) in enumerate(group)),)) + b"".join(item for _, item in group)
        for group in groups
    )


@pytest.mark.parametrize("first", [b"\n", "\0\nünï".encode(), b"\n\r\r\n \t"])
def test_strings_that_cython_packs_in_its_own_way(first: bytes) -> None:
    names = b"".join(b"name%d" % number for number in range(300))
    text = first + b"A first message. " * 3 + names + b"package.module" + names + b"other.one" + names
    assert len(packed_by_cython(text)) < len(text) / 2
    data = b"\0cython_runtime\0LZSS string data decompression failed\0\xffno data\0" + packed_by_cython(text) + b"\0\1"
    assert text.decode() in packed_strings(data)
    runs = scan_extension(data, COMPILERS).packed
    assert any("package.module" in run for run in runs)
    assert any("other.one" in run for run in runs)
    assert max(map(len, runs)) < 300
    assert packed_strings(data.replace(b"LZSS", b"----")) == ""


def test_modules_in_the_strings_of_rust_whatever_stands_behind_them() -> None:
    data = b"/rustc/1\0IPv6Interfaceemail.mime.textsysmaxsizeObject\0http.rs"
    assert scan_extension(data, COMPILERS).beginning == ("email.mime.textsysmaxsizeObject", "http.rs")
    assert scan_extension(data.replace(b"/rustc/", b"-------"), COMPILERS).beginning == ()
