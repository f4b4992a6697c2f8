"""Crates for the build only, texts of what comes without them, and templates that nobody filled in."""

import json
import tarfile
from pathlib import Path

import pytest
import zstandard

from castiron_audit import build_info
from castiron_audit.build_info import BuildInfo
from castiron_audit.copyrights import copyright_notices
from castiron_audit.data import make_known_texts
from castiron_audit.data.make_go_modules import _license
from castiron_audit.formats.notices import notices, without_placeholders
from castiron_audit.go_modules import known_module
from castiron_audit.known_texts import texts_of_crate, texts_of_library
from castiron_audit.model import Source
from castiron_audit.signatures import Findings, FoundLibrary, FoundModule
from castiron_audit.spdx_list import has_blanks, license_list, license_text
from castiron_audit.tables import table
from tests.unit.audit.making import MIT, distribution, report
from tests.unit.audit.test_detection import by_name, detect_in, native, write


def crate(name: str, purl: str = "", license_: str = "MIT OR Apache-2.0") -> dict[str, object]:
    row = {"type": "library", "name": name, "version": "1.0", "purl": purl or f"pkg:cargo/{name}@1.0"}
    return row | {"licenses": [{"expression": license_}]}


def test_crates_that_run_at_build_time_only_are_left_out(tmp_path: Path) -> None:
    rows = [crate(name) for name in ("serde", "serde_derive", "syn", "cc", "quote")]
    sbom = json.dumps({"bomFormat": "CycloneDX", "components": rows})
    detection = detect_in(tmp_path, sbom=sbom)
    assert [item.name for item in detection.components] == ["serde"]
    assert [item.message for item in detection.findings if item.code == "build-only-crates"] == [
        "4 crates of its bill of materials run at build time only, and are left out: cc, quote, serde_derive, syn."
    ]
    # One that a shared object shows is in it.
    item = native("d/_x.so")
    write(tmp_path, item.path)
    info = BuildInfo(
        rustc=None, gcc=None, crates=None, found=Findings(crates=(FoundModule(name="syn", version="1.0"),))
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_info, "read_build_info", lambda *_: info)
        assert set(by_name(detect_in(tmp_path, sbom=sbom, natives=(item,)))) == {"serde", "syn"}


def test_a_crate_whose_manifest_names_a_file_has_the_license_of_that(tmp_path: Path) -> None:
    row = {
        "type": "library",
        "name": "temporalio-client",
        "version": "1.1.0",
        "purl": "pkg:cargo/temporalio-client@1.1.0",
    }
    detection = detect_in(tmp_path, sbom=json.dumps({"bomFormat": "CycloneDX", "components": [row]}))
    (component,) = detection.components
    assert (component.verdict.expression, component.verdict.source) == ("MIT", Source.TEXT)
    assert detection.findings == ()


def test_licenses_of_crates_that_only_bills_of_materials_of_others_tell(tmp_path: Path) -> None:
    row = {"type": "library", "name": "xterm-query", "version": "0.5.2", "purl": "pkg:cargo/xterm-query@0.5.2"}
    (component,) = detect_in(tmp_path, sbom=json.dumps({"bomFormat": "CycloneDX", "components": [row]})).components
    assert (component.verdict.expression, component.verdict.source) == ("MIT", Source.CATALOGUE)
    assert component.verdict.where.startswith("xterm-query, in ")


def test_what_is_known_of_crates_and_libraries_is_added_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = tmp_path / "known.json.zst"
    old = {"license": "ISC", "texts": [["old 1.0, LICENSE", 0]]}
    document = {
        "crates": {"old": old},
        "libraries": {"kept": {"texts": [["kept 1, debian/copyright", 0]]}},
        "texts": ["a\n"],
    }
    found.write_bytes(zstandard.compress(json.dumps(document).encode()))
    monkeypatch.setattr(make_known_texts, "_FOUND", found)
    for name in ("old", "new"):
        folder = f"crates/usr/share/cargo/registry/{name}-2.0"
        write(tmp_path, f"{folder}/Cargo.toml", f'[package]\nname = "{name}"\nversion = "2.0"\nlicense = "MIT"\n')
        write(tmp_path, f"{folder}/LICENSE", "b")
    (tmp_path / "crates/usr/share/doc").mkdir(parents=True)
    write(tmp_path, "libraries/debian/copyright", "c\n")
    with tarfile.open(tmp_path / "libraries/lib_3.debian.tar.xz", "w:xz") as tar:
        tar.add(tmp_path / "libraries/debian/copyright", "debian/copyright")
    write(tmp_path, "names", "kept lib\nfresh lib\nabsent none\n")
    make_known_texts.add(tmp_path / "crates", tmp_path / "libraries", tmp_path / "names")
    made = json.loads(zstandard.decompress(found.read_bytes()))
    assert made["crates"] == {"old": old, "new": {"license": "MIT", "texts": [["new 2.0, LICENSE", 1]]}}
    assert made["libraries"] == document["libraries"] | {"fresh": {"texts": [["lib 3, debian/copyright", 2]]}}
    assert made["texts"] == ["a\n", "b\n", "c\n"]


def test_crates_for_other_systems_are_left_out(tmp_path: Path) -> None:
    names = ("serde", "windows-sys", "windows_x86_64_msvc", "security-framework-sys", "jni", "wit-bindgen", "web-time")
    sbom = json.dumps({"bomFormat": "CycloneDX", "components": [crate(name) for name in names]})
    detection = detect_in(tmp_path, sbom=sbom)
    assert [item.name for item in detection.components] == ["serde", "web-time"]
    (finding,) = [item for item in detection.findings if item.code == "other-systems-crates"]
    assert finding.message.startswith("5 crates of its bill of materials are for other systems than Linux")


def test_of_a_choice_the_license_whose_text_names_nobody_stands_in_the_notices(tmp_path: Path) -> None:
    sbom = json.dumps({"bomFormat": "CycloneDX", "components": [crate("no-such-crate")]})
    detection = detect_in(tmp_path, sbom=sbom)
    assert not [item for item in detection.findings if item.code == "text-is-template"]
    document = notices(report(distribution("d", "MIT OR Apache-2.0"), distribution("e", "MIT")))
    assert "[Apache-2.0] Apache License 2.0" in document
    assert document.count("Permission is hereby granted") == 1
    assert has_blanks("MIT")
    assert has_blanks("BSD-3-Clause")
    assert not has_blanks("Apache-2.0")
    assert not has_blanks("MPL-2.0")


def test_texts_of_what_comes_without_them(tmp_path: Path) -> None:
    rows = [
        crate("serde"),
        crate("no-such-crate", license_="MIT"),
        crate("d-core", "pkg:cargo/d-core@1.0?download_url=file://../core", license_="MIT"),
    ]
    item = native("d/_x.so")
    write(tmp_path, item.path)
    info = BuildInfo(rustc=None, gcc=None, crates=None, found=Findings(libraries=(FoundLibrary(name="zstd"),)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_info, "read_build_info", lambda *_: info)
        sbom = json.dumps({"bomFormat": "CycloneDX", "components": rows})
        detection = detect_in(tmp_path, sbom=sbom, natives=(item,))
    components = by_name(detection)
    assert any("LICENSE-MIT" in text.path for text in components["serde"].texts)
    assert any("Yann Collet" in line for line in components["zstd"].copyrights)
    assert components["no-such-crate"].texts == ()
    # A crate of the distribution's own workspace has its texts; this one has none.
    (finding,) = [item for item in detection.findings if item.code == "text-is-template"]
    assert finding.message.startswith("2 components without a license text that names the authors")
    assert finding.message.endswith(": d-core, no-such-crate.")


def test_licenses_of_go_modules(tmp_path: Path) -> None:
    item = native("d/tool.so")
    write(tmp_path, item.path)
    names = ("github.com/spf13/cobra", "github.com/yuin/goldmark/v2", "example.org/unknown", "example.org/other")
    modules = tuple(FoundModule(name=name, version="2.1.0") for name in names)
    info = BuildInfo(rustc=None, gcc=None, crates=None, found=Findings(go="1.27.2", go_modules=modules))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_info, "read_build_info", lambda *_: info)
        detection = detect_in(tmp_path, natives=(item,))
    components = by_name(detection)
    cobra = components["github.com/spf13/cobra"]
    assert cobra.verdict.expression == "Apache-2.0"
    assert "golang-github-spf13-cobra-dev" in cobra.verdict.where
    assert components["github.com/yuin/goldmark/v2"].verdict.expression == "MIT"
    assert any("Yusuke Inuzuka" in line for line in components["github.com/yuin/goldmark/v2"].copyrights)
    assert components["example.org/unknown"].verdict.expression is None
    # One message for all of which nothing is known.
    assert "unknown-license" not in {finding.code for finding in detection.findings}
    (finding,) = [finding for finding in detection.findings if finding.code == "unknown-go-modules"]
    assert finding.message.endswith("those of 2 modules: example.org/other, example.org/unknown.")


def test_a_module_inside_another_is_known_only_if_its_folder_was_read() -> None:
    assert known_module("github.com/aws/aws-sdk-go-v2/service/s3") is not None
    assert known_module("github.com/spf13/cobra/unread") is None
    assert known_module("github.com/Azure/azure-sdk-for-go") is not None
    assert known_module("github.com/gorilla/css") is not None
    assert known_module("example.org/unknown/v2") is None


def test_another_major_version_of_a_module_may_have_another_license() -> None:
    known = [known_module(f"github.com/pelletier/go-toml{major}") for major in ("", "/v2")]
    assert [item and item.where.split()[0] for item in known] == [
        "golang-github-pelletier-go-toml-dev",
        "golang-github-pelletier-go-toml.v2-dev",
    ]
    # Version 1 has a file under another license than the rest; that of version 9 may have none.
    assert known_module("github.com/pelletier/go-toml/v9") is None
    assert known_module("github.com/yuin/goldmark/v9") is not None


YAML = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2011 Canonical Ltd.
License: Apache-2.0

Files: debian/*.go
Copyright: 2013 Packager
License: ISC

Files:
 apic.go
 parserc.go
Copyright: 2006 Kirill Simonov
License: MIT-Expat

Files: yaml_test.go third_party/a.go
Copyright: 2006 Others
License: BSD-3-clause

License: MIT-Expat
 Permission is hereby granted
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (YAML, "Apache-2.0 AND MIT"),
        (YAML.replace("Files: *\n", "Files: *.go\n go.mod\n"), "Apache-2.0 AND MIT"),
        (YAML.replace("MIT-Expat\n\n", "Unheard\n\n"), "Apache-2.0"),
        (YAML.replace("License: Apache-2.0", "License: Unheard"), None),
        (YAML.replace("Files: *\n", "Files: doc/*\n"), None),
        ("Copyright 2011 Canonical Ltd.", None),
    ],
)
def test_what_a_copyright_file_says_of_a_module(text: str, expected: str | None) -> None:
    assert _license(text) == expected


def test_notices_have_the_licenses_that_debian_does_not_quote() -> None:
    """Its copyright files name the files of well-known licenses, which no recipient of an executable has."""
    pointer = "Copyright: 2019 X\n\nLicense: Apache-2.0\n See /usr/share/common-licenses/Apache-2.0\n"
    item = distribution("d", "Apache-2.0 AND MIT", files={"copyright": pointer})
    document = notices(report(item, texts=(pointer,)))
    assert "2019 X" in document
    assert "[Apache-2.0] Apache License 2.0" in document
    assert "[MIT] " not in document, "what has blanks is quoted"
    whole = "Apache License, in full\n"
    document = notices(report(distribution("d", "Apache-2.0", files={"LICENSE": whole}), texts=(whole,)))
    assert "[Apache-2.0] Apache License 2.0" not in document


def test_known_texts() -> None:
    assert texts_of_crate("aho-corasick").license == "Unlicense OR MIT"
    assert texts_of_crate("serde_core").texts == texts_of_crate("serde").texts != ()
    assert texts_of_crate("opendal-service-s3").texts == texts_of_crate("opendal-core").texts != ()
    assert texts_of_crate("no-such-crate").texts == texts_of_library("no-such-library").texts == ()


def test_holders_with_addresses_are_kept_and_placeholders_are_not() -> None:
    text = (
        "Copyright (c) 2012 Martin Donath <martin@example.org>\nCopyright (c) <year> <copyright holders>\n"
        "Copyright 2001 X <http://x.org>\nCopyright (C) <year>  <name of author>\n"
        "Copyright [yyyy] [name of copyright owner]\n"
    )
    assert copyright_notices([text]) == (
        "Copyright (c) 2012 Martin Donath <martin@example.org>",
        "Copyright 2001 X <http://x.org>",
    )


def test_templates_are_not_printed_unfilled() -> None:
    document = notices(report(distribution("d", "MIT"), distribution("e", "BSD-3-Clause"), distribution("f", "HPND")))
    assert "<year>" not in document
    assert "<copyright holder" not in document
    assert "<owner>" not in document
    for name in license_list()["licenses"]:
        text = without_placeholders(license_text(name) or "")
        assert "<year> <copyright holders>" not in text, name
        assert "Copyright (c) <year> <owner>" not in text, name
    assert "Permission is hereby granted" in without_placeholders(license_text("MIT") or "")
    assert without_placeholders(MIT) == MIT.rstrip("\n")


def test_every_crate_whose_texts_stand_for_others_has_texts() -> None:
    tables = table("crates")
    kept = {*tables["same_repository"].values(), *tables["same_repository_beginnings"].values()}
    assert [name for name in sorted(kept) if not texts_of_crate(name).texts] == []
