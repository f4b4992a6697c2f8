"""What two executables have in common is read from their payloads."""

from __future__ import annotations

import hashlib

import pytest

from castiron_link.payload import PayloadFile
from castiron_link.payload import write_payload as payload_pieces
from castiron_link.zstd import zstd
from tests.long.compared_binaries import contents, difference
from tests.unit.link.test_payload import config, module, write_payload

SOURCE = b"x = 1\n" * 500


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def payload(source: bytes) -> bytes:
    return write_payload(
        config(),
        [module("app/main", code=b"script", suffix=".py"), module("lib/pkg", package=True, code=b"code")],
        [
            PayloadFile(path="app/main.py", data=b"pass\n"),
            PayloadFile(path="lib/pkg/data/table.txt", data=source, compressed_share=0.9),
        ],
    )


def test_modules_and_files_are_known_by_their_contents() -> None:
    modules, files = contents(payload(SOURCE))
    assert modules == {"app/main.py": sha256(b"script"), "lib/pkg/__init__.py": sha256(b"code")}
    assert files == {"app/main.py": sha256(b"pass\n"), "lib/pkg/data/table.txt": sha256(SOURCE)}


def test_a_small_executable_has_the_contents_of_another() -> None:
    modules = [module("lib/m", code=b"instruction " * 500)]
    files = [PayloadFile(path="lib/table.txt", data=SOURCE, compressed_share=0.9)]
    small = bytes(payload_pieces(config(module="lib.m"), modules, files, compress=zstd, zstd=True).data)
    assert len(small) < len(SOURCE)
    assert contents(small) == ({"lib/m.py": sha256(b"instruction " * 500)}, {"lib/table.txt": sha256(SOURCE)})


def test_a_changed_file_differs() -> None:
    found = difference(contents(payload(SOURCE))[1], contents(payload(b"x = 2\n"))[1])
    assert (found.equal, found.other, found.gone, found.new) == (("app/main.py",), ("lib/pkg/data/table.txt",), (), ())


def test_what_only_one_has() -> None:
    found = difference({"a": "1", "b": "1"}, {"b": "1", "c": "1"})
    assert (found.gone, found.new, str(found)) == (("a",), ("c",), "1 equal, 0 differ, -1 +1")


def test_an_unknown_format_is_refused() -> None:
    data = bytearray(payload(SOURCE))
    data[8] = 99
    with pytest.raises(ValueError, match="version 99"):
        contents(bytes(data))
