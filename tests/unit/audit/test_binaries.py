import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from castiron_audit.binaries import Crate, crates, signatures
from castiron_audit.embedded import REPORT_SECTION, SBOM_SECTION, embed, note, read_embedded
from castiron_audit.fonts import read_font
from castiron_audit.outdated import OutdatedBinary, outdated_binaries
from castiron_audit.sboms import UnreadableSbomError, read_sbom
from castiron_common.errors import InputError
from castiron_elf.sections import append_sections, read_sections
from castiron_elf.writer import ObjectWriter
from tests.support.elf_values import ELF
from tests.unit.audit.making import MIT, distribution, font_file, report


def an_elf(path: Path) -> Path:
    writer = ObjectWriter(ELF)
    section = writer.add_section(".text", data=b"\x90" * 64)
    writer.define("f", section, 0)
    writer.write(path)
    return path


def test_sections_are_added_and_nothing_else_changes(tmp_path: Path) -> None:
    path = an_elf(tmp_path / "x.o")
    before = path.read_bytes()
    append_sections(path, {".b": b"two", ".a": b"one" * 100})
    after = path.read_bytes()
    assert read_sections(path, (".a", ".b", ".text", ".no")) == {
        ".a": b"one" * 100,
        ".b": b"two",
        ".text": b"\x90" * 64,
    }
    assert after[64 : len(before)] == before[64:]
    with pytest.raises(InputError, match=r"has a section \.a already"):
        append_sections(path, {".a": b""})


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"#!/bin/sh\n" * 20, b"\x7fELF\x02\x01\x01" + bytes(57)])
def test_other_files_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(InputError, match="cannot be read"):
        read_sections(path, (".a",))


def test_a_report_comes_back_as_it_was(tmp_path: Path) -> None:
    path = an_elf(tmp_path / "app")
    made = report(distribution("a", "MIT", files={"LICENSE": MIT}), distribution("mystery"), texts=(MIT,))
    embed(path, made)
    embedded = read_embedded(path)
    assert embedded.report == made
    assert json.loads(embedded.sbom)["specVersion"] == "1.6"
    assert b"Permission is hereby granted" not in read_sections(path, (REPORT_SECTION,))[REPORT_SECTION]


def test_foreign_and_damaged_binaries_are_refused(tmp_path: Path) -> None:
    path = an_elf(tmp_path / "app")
    with pytest.raises(InputError, match="carries no bill of materials"):
        read_embedded(path)
    append_sections(path, {SBOM_SECTION: b"{}", REPORT_SECTION: b"nonsense"})
    with pytest.raises(InputError, match="is damaged"):
        read_embedded(path)


def test_binaries_with_an_older_python(tmp_path: Path) -> None:
    embed(an_elf(tmp_path / "old"), replace(report(), python="3.13.1"))
    embed(an_elf(tmp_path / "new"), replace(report(), python="3.13.10"))
    an_elf(tmp_path / "foreign")
    (tmp_path / "text").write_text("x")
    old = OutdatedBinary(path="old", python="3.13.1", name="app")
    assert outdated_binaries(tmp_path, "3.13.9") == [old]
    with pytest.raises(InputError, match="not a Python version"):
        outdated_binaries(tmp_path, "latest")


def test_the_note_is_as_systemd_and_syft_read_it() -> None:
    data = note("app", "1.2")
    owner, size, kind = struct.unpack_from("<III", data)
    assert (owner, kind, data[12:16]) == (4, 0xCAFE1A7E, b"FDO\0")
    text = data[16 : 16 + size]
    assert text.endswith(b"\0")
    assert len(data) % 4 == 0
    assert json.loads(text[:-1]) == {
        "type": "castiron",
        "name": "app",
        "version": "1.2",
        "architecture": "x86_64",
        "os": "linux",
    }


def test_crates_of_cargo_auditable() -> None:
    rows = [
        {"name": "root", "version": "1.0.0", "source": "local", "root": True},
        {"name": "serde", "version": "1.0.1", "source": "crates.io"},
        {"name": "cc", "version": "1.0.2", "source": "crates.io", "kind": "build"},
    ]
    data = zlib.compress(json.dumps({"packages": rows}).encode())
    assert crates(data, "x.so") == (Crate(name="serde", version="1.0.1", source="crates.io"),)
    with pytest.raises(InputError, match="is damaged"):
        crates(b"junk", "x.so")


def test_words_that_libraries_leave() -> None:
    data = b"\0".join(
        [b"x" * 5000, b" inflate 1.3.1 Copyright 1995-2024 Mark Adler ", b"OpenSSL 3.5.1 1 Jul 2025", b"OpenSSL is"]
    )
    assert signatures(data) == (("openssl", "3.5.1"), ("zlib", "1.3.1"))
    assert signatures(b"see OpenSSL 3 and libcurl") == ()


def test_documents_in_wheels() -> None:
    document = {
        "bomFormat": "CycloneDX",
        "metadata": {"component": {"name": "psycopg2_binary", "version": "2.9"}},
        "components": [
            {"type": "library", "name": "psycopg2_binary", "version": "2.9"},
            {"type": "library", "name": "krb5", "version": "libs-1.21.3-r0",
             "purl": "pkg:apk/alpine/krb5@libs-1.21.3-r0"},
            {"type": "library", "name": "x", "version": "1", "purl": "pkg:cargo/x@1?download_url=file:///home/me/x",
             "licenses": [{"expression": "MIT/Apache-2.0"}], "components": [{"type": "library", "name": "inner"}]},
            {"type": "file", "name": "not-software"},
        ],
    }  # fmt: skip
    sbom = read_sbom(json.dumps(document))
    assert [(item.name, item.version, item.purl, item.license) for item in sbom.components] == [
        ("inner", "", None, None),
        ("krb5-libs", "1.21.3-r0", "pkg:apk/alpine/krb5-libs@1.21.3-r0", None),
        ("x", "1", "pkg:cargo/x@1", "MIT OR Apache-2.0"),
    ]
    for text in ("", "[]", "{}", '{"spdxVersion": "SPDX-3.0"}'):
        with pytest.raises(UnreadableSbomError):
            read_sbom(text)


def test_spdx_documents_in_wheels() -> None:
    document = {
        "spdxVersion": "SPDX-2.3",
        "documentDescribes": ["SPDXRef-a"],
        "packages": [
            {"SPDXID": "SPDXRef-a", "name": "a", "versionInfo": "1"},
            {"SPDXID": "SPDXRef-b", "name": "b", "versionInfo": "2", "licenseConcluded": "NOASSERTION",
             "licenseDeclared": "MIT",
             "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:generic/b@2"}]},
        ],
    }  # fmt: skip
    sbom = read_sbom(json.dumps(document))
    assert sbom.described is not None
    assert [(item.name, item.license, item.purl) for item in sbom.components] == [("b", "MIT", "pkg:generic/b@2")]


def test_fonts_name_their_license() -> None:
    data = font_file({1: "Some Sans", 5: "Version 2.0; x", 13: "SIL Open Font License, Version 1.1"})
    font = read_font(data)
    assert font is not None
    assert (font.family, font.version, font.license) == ("Some Sans", "2.0", "SIL Open Font License, Version 1.1")
    assert read_font(b"GIF89a") is None
    assert read_font(data[:40]) is None


@pytest.mark.parametrize(
    ("text", "version"),
    [("Version 2.0; x", "2.0"), ("Version 4.7.0 2016", "4.7.0"), ("773.01 (Some version: 6.5.1)", "6.5.1"), ("", "")],
)
def test_versions_of_fonts(text: str, version: str) -> None:
    font = read_font(font_file({1: "A", 5: text}))
    assert font is not None
    assert font.version == version
