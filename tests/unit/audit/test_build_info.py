import json
import struct
import zlib
from pathlib import Path

import pytest

from castiron_audit.build_info import crates, read_program_info
from castiron_audit.signatures import FoundModule
from castiron_common.errors import InputError
from castiron_common.files import sha256_bytes
from tests.unit.audit.test_detection import detect_in


def test_crates_of_cargo_auditable() -> None:
    rows = [
        {"name": "root", "version": "1.0.0", "source": "local", "root": True},
        {"name": "serde", "version": "1.0.1", "source": "crates.io"},
        {"name": "cc", "version": "1.0.2", "source": "crates.io", "kind": "build"},
    ]
    data = zlib.compress(json.dumps({"packages": rows}).encode())
    assert crates(data, "x.so") == (FoundModule(name="serde", version="1.0.1"),)
    with pytest.raises(InputError, match="is damaged"):
        crates(b"junk", "x.so")


def program(**sections: bytes) -> bytes:
    """Return a program of 64 bits with the given sections, of a machine that no number names."""
    named = {f".{name.replace('_', '-')}".encode(): content for name, content in sections.items()}
    names = b"\0" + b"".join(name + b"\0" for name in (*named, b".shstrtab"))
    contents = [*named.values(), names]
    body, rows = b"", [bytes(64)]
    for name, content in zip((*named, b".shstrtab"), contents, strict=True):
        rows.append(struct.pack("<IIQQQQIIQQ", names.index(name), 1, 0, 0, 64 + len(body), len(content), 0, 0, 1, 0))
        body += content
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    header = struct.pack(
        "<HHIQQQIHHHHHH", 2, 0xFEED, 1, 0, 0, 64 + len(body), 0, 64, 56, 0, 64, len(rows), len(rows) - 1
    )
    return ident + header + body + b"".join(rows)


COMMENT = b"GCC: (GNU) 14.2.0\0rustc version 1.90.0 (1159e78c4 2025-09-14)\0"
PATHS = b"/rustc/05f98/library/std/src/io.rs\0/me/.cargo/registry/src/index.crates.io-6f17d22bba15/syn-2.0.1/src/a.rs\0"


def written(folder: Path, path: str, content: bytes) -> str:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content)
    return path


def test_programs_tell_who_compiled_them_and_list_crates(tmp_path: Path) -> None:
    listed = zlib.compress(json.dumps({"packages": [{"name": "serde", "version": "1.0.1"}]}).encode())
    content = program(comment=COMMENT, dep_v0=listed)
    path = tmp_path / written(tmp_path, "tool", content)
    info = read_program_info(path, sha256_bytes(content))
    assert (info.rustc, info.gcc, info.crates) == ("1.90.0", "14.2.0", (FoundModule(name="serde", version="1.0.1"),))
    path.write_bytes(b"\x7fELF" + bytes(60))  # damaged headers, as files for other systems may have
    assert read_program_info(path, sha256_bytes(path.read_bytes())).crates is None
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_program_info(path, "0" * 64)


def test_code_of_rust_that_nothing_lists_is_told(tmp_path: Path) -> None:
    listed = zlib.compress(json.dumps({"packages": [{"name": "serde", "version": "1.0.1"}]}).encode())
    paths = [
        written(tmp_path, "d/bin/a-silent", program(comment=COMMENT)),
        written(tmp_path, "d/bin/b-stripped", program(data=PATHS)),  # without .comment
        written(tmp_path, "d/bin/c-listed", program(comment=COMMENT, dep_v0=listed)),
        written(tmp_path, "d/bin/d-of-c", program(comment=b"GCC: (GNU) 14.2.0\0")),
    ]
    detection = detect_in(tmp_path, *paths)
    (finding,) = [item for item in detection.findings if item.code == "unknown-static-contents"]
    assert finding.message == (
        "d/bin/a-silent was compiled by rustc 1.90.0, and neither a bill of materials nor cargo-auditable data says "
        "which crates are in it; its messages name none. The same holds for d/bin/b-stripped."
    )
    assert {item.name for item in detection.components} == {"serde", "syn", "rust-standard-library"}


def test_programs_whose_names_have_versions_are_looked_into(tmp_path: Path) -> None:
    data = b"\0 deflate 1.3.1 Copyright 1995-2024 \0"
    paths = [
        written(tmp_path, "d/bin/tool-linux-v9.0.2", program(data=data)),
        written(tmp_path, "d/bin/tool.txt", program(data=b"\0LIBUSB_DEBUG\0")),
    ]
    assert {item.name: item.version for item in detect_in(tmp_path, *paths).components} == {"zlib": "1.3.1"}


def test_crates_of_repositories_that_a_list_has_are_those(tmp_path: Path) -> None:
    listed = zlib.compress(json.dumps({"packages": [{"name": "inner", "version": "0.3.0"}]}).encode())
    checkout = b"\0/git/checkouts/outer-0123456789abcdef/01234567/%s/src/lib.rs\0"
    content = program(dep_v0=listed, data=checkout % b"inner" + checkout % b"other")
    detection = detect_in(tmp_path, written(tmp_path, "d/bin/tool", content))
    rows = {item.name: (item.version, item.purl) for item in detection.components}
    assert rows == {"inner": ("0.3.0", "pkg:cargo/inner@0.3.0"), "other": ("", None)}


def test_crates_are_called_as_they_are_published(tmp_path: Path) -> None:
    data = b"\0third_party/rust/lazy_static/v1/src/lib.rs\0third_party/rust/aho_corasick/v1/src/lib.rs\0"
    detection = detect_in(tmp_path, written(tmp_path, "d/bin/tool", program(data=data)))
    assert {item.name: item.verdict.expression for item in detection.components} == {
        "aho-corasick": "Unlicense OR MIT",
        "lazy_static": "MIT OR Apache-2.0",
    }


def test_a_list_in_one_object_is_not_for_another(tmp_path: Path) -> None:
    listed = zlib.compress(json.dumps({"packages": []}).encode())
    paths = [
        written(tmp_path, "d/bin/listed", program(comment=COMMENT, dep_v0=listed)),
        written(tmp_path, "d/bin/other", program(comment=COMMENT, data=PATHS)),
    ]
    detection = detect_in(tmp_path, *paths)
    (finding,) = [item for item in detection.findings if item.code == "unknown-static-contents"]
    assert finding.message.startswith("d/bin/other was compiled by rustc 1.90.0,")
    assert finding.message.endswith("; those that its messages name are listed.")
