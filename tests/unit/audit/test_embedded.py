import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from castiron_audit.embedded import REPORT_SECTION, SBOM_SECTION, accounted, embed, note, read_embedded
from castiron_audit.file_size import missing_bytes
from castiron_audit.fleet import OutdatedBinary, outdated_binaries
from castiron_audit.formats.html import html
from castiron_audit.formats.table import table
from castiron_audit.model import Component, Kind, Overhead, Report
from castiron_common.errors import InputError
from castiron_elf.sections import append_sections, file_layout, read_sections
from castiron_elf.writer import ObjectWriter
from tests.support.elf_values import ELF
from tests.support.targets import TARGET
from tests.unit.audit.making import MIT, distribution, report


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


def test_crates_are_in_the_section_that_scanners_read(tmp_path: Path) -> None:
    def crate(purl: str, version: str) -> Component:
        return Component(
            id=f"crate/a/{purl}@{version}",
            kind=Kind.CRATE,
            name="x",
            version=version,
            purl=purl,
            parent="distribution/a",
        )

    crates = (
        crate("pkg:cargo/serde@1.0.200", "1.0.200"),
        crate("pkg:cargo/serde@1.0.200", "1.0.200"),
        crate("pkg:cargo/serde@2.0.0-rc.1%2Bx", "2.0.0-rc.1+x"),
        crate("pkg:cargo/forked@0.1.0?vcs_url=git%2Bhttps://example.org/forked", "0.1.0"),
        crate("pkg:cargo/own@0.1.0?download_url=file:%2F%2F.", "0.1.0"),
        crate("pkg:cargo/odd@in-a-1.0", "in-a-1.0"),
        crate("pkg:generic/rust-std@1.80.0", "1.80.0"),
    )
    made = report(distribution("a", "MIT"))
    path = an_elf(tmp_path / "app")
    embed(path, replace(made, components=(*made.components, *crates)))
    content = json.loads(zlib.decompress(read_sections(path, (".dep-v0",))[".dep-v0"]))
    assert content == {
        "packages": [
            {"name": "forked", "version": "0.1.0", "source": "git"},
            {"name": "own", "version": "0.1.0", "source": "local"},
            {"name": "serde", "version": "1.0.200", "source": "crates.io"},
            {"name": "serde", "version": "2.0.0-rc.1+x", "source": "crates.io"},
        ]
    }
    embed(an_elf(tmp_path / "plain"), made)
    assert read_sections(tmp_path / "plain", (".dep-v0",)) == {}


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
    found = outdated_binaries(tmp_path, "3.13.9")
    assert (found.binaries, found.count) == ((old,), 3)
    assert [item.path for item in found.unread] == ["foreign"]
    with pytest.raises(InputError, match="not a Python version"):
        outdated_binaries(tmp_path, "latest")


def test_the_note_is_as_systemd_and_syft_read_it() -> None:
    data = note("app", "1.2", TARGET)
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


def linked_elf(path: Path) -> Report:
    """Write an ELF file, and return the report on it as it is before anything is added to the file."""
    layout = file_layout(an_elf(path))
    made = report(distribution("a", "MIT"))
    whole = {component.id: 0 for component in made.components} | {"distribution/a": 64}
    return replace(
        made,
        components=tuple(replace(item, size=whole[item.id]) for item in made.components),
        overhead=((Overhead.HEADERS, layout.headers), (Overhead.PADDING, layout.size - layout.headers - 64)),
    )


def test_the_report_and_its_components_are_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "app"
    made = linked_elf(path)
    linked_size = path.stat().st_size
    embed(path, made, notices=True)
    found = accounted(read_embedded(path).report, path)
    size = path.stat().st_size
    assert found.file_size == size
    assert found.overhead == (*made.overhead, (Overhead.REPORT, size - linked_size))
    assert missing_bytes(found) == 0
    text = table(found)
    assert f"Together {size:,} bytes, the whole file." in text
    assert "this report" in text
    assert f"{size:,} bytes" in html(found)


def test_what_was_added_to_the_file_or_cut_off_is_told(tmp_path: Path) -> None:
    path = tmp_path / "app"
    made = linked_elf(path)
    embed(path, made)
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"appended" * 100)
    found = accounted(read_embedded(path).report, path)
    assert found.overhead[-1] == (Overhead.OTHER, 800)
    assert (found.file_size, missing_bytes(found)) == (size + 800, 0)
    larger = replace(made, overhead=(*made.overhead, (Overhead.MERGED, 100_000)))
    changed = accounted(larger, path)
    assert missing_bytes(changed) == 100_000 - (size + 800 - sum(size for _, size in made.overhead) - 64)
    assert "something changed it afterwards" in table(changed, width=200)
    assert "something changed it after the link" in html(changed)
