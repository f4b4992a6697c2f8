"""What others have in the application's own files is in the report as what wheels bring."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from castiron_audit import build_info
from castiron_audit.build_info import BuildInfo
from castiron_audit.collect import build_report
from castiron_audit.model import Form, Kind, Report
from castiron_audit.signatures import Findings, FoundLibrary
from castiron_common.files import sha256_bytes
from castiron_manifest.model import Finding as ManifestFinding
from castiron_manifest.model import Module, ModuleKind, Native, Origin, Resource
from castiron_manifest.model import Severity as ManifestSeverity
from tests.unit.audit.making import MIT, distribution, manifest

if TYPE_CHECKING:
    from pathlib import Path

DEFLATE = b"\x7fELF\2\1\1" + b"\0" * 60 + b" deflate 1.3.1 Copyright 1995-2024 Jean-loup Gailly and Mark Adler \0"
BANNER = b"/*! Sortable 1.15.0 - MIT | git://github.com/SortableJS/Sortable.git */\n!function(t){}(this);\n"


def report_on(
    *, data: dict[str, bytes] | None = None, modules: dict[str, bytes] | None = None, natives: tuple[str, ...] = ()
) -> Report:
    data, modules = data or {}, modules or {}
    empty = manifest()
    blobs = {sha256_bytes(content): content for content in (*data.values(), *modules.values(), b"\x7fELF")}
    return build_report(
        replace(
            empty,
            resources=tuple(
                Resource(path=path, origin=Origin.APP, size=len(content), sha256=sha256_bytes(content))
                for path, content in sorted(data.items())
            ),
            modules=tuple(
                sorted(
                    (
                        *empty.modules,
                        *(
                            Module(
                                name=path.removesuffix(".py").replace("/", "."),
                                kind=ModuleKind.SOURCE,
                                origin=Origin.APP,
                                path=path,
                                sha256=sha256_bytes(content),
                            )
                            for path, content in modules.items()
                        ),
                    ),
                    key=lambda module: module.name,
                )
            ),
            natives=tuple(
                Native(
                    path=path,
                    distribution="",
                    soname=None,
                    sha256=sha256_bytes(b"\x7fELF"),
                    size=4,
                    origin=Origin.APP,
                )
                for path in natives
            ),
            blobs=tuple(sorted(blobs.items())),
        ),
        site=None,
    )


def test_scripts_programs_and_folders_with_a_license_are_parts() -> None:
    report = report_on(
        data={
            "static/sortable.min.js": BANNER,
            "bin/pack": DEFLATE,
            "app/widgets/mustard/LICENSE": MIT.encode(),
            "app/widgets/mustard/style.css": b"a{}",
        }
    )
    found = {item.name: item for item in report.components if item.parent == "application"}
    assert found.keys() == {"Sortable", "zlib", "mustard"}
    assert found["zlib"].id == "library/(application)/zlib"
    assert (found["zlib"].version, found["zlib"].verdict.expression) == ("1.3.1", "Zlib")
    assert found["Sortable"].version == "1.15.0"
    assert found["mustard"].verdict.expression == "MIT"
    assert found["mustard"].copyrights == ("Copyright (c) 2020 The Authors of It",)
    assert [step.name for step in found["zlib"].chain] == ["app.py"]
    assert report.display_name(found["zlib"]) == "zlib 1.3.1 (in app)"
    assert {text for text, _ in report.texts} >= {text.sha256 for text in found["mustard"].texts}


@pytest.mark.parametrize("path", ["libs/fast.so", "../../../app/libs/fast.so"])
def test_what_is_linked_into_an_own_shared_object(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []

    def info(path: Path, *_: object) -> BuildInfo:
        read.append(path.read_bytes())
        found = Findings(libraries=(FoundLibrary(name="zlib", version="1.2.13", proof="deflate"),))
        return BuildInfo(rustc=None, gcc=None, crates=None, found=found)

    monkeypatch.setattr(build_info, "read_build_info", info)
    report = report_on(natives=(path,))
    (zlib,) = [item for item in report.components if item.parent == "application"]
    assert (zlib.kind, zlib.name, zlib.version, zlib.forms) == (Kind.LIBRARY, "zlib", "1.2.13", (Form.STATIC,))
    assert read == [b"\x7fELF"]
    assert {item.where for item in zlib.verdict.evidence} >= {"libs/fast.so"}


def test_vendored_packages_in_the_application() -> None:
    report = report_on(
        data={"acme/_vendor/inner/LICENSE": MIT.encode()},
        modules={"acme/__init__.py": b"", "acme/_vendor/inner/__init__.py": b'__version__ = "2.5"\n'},
    )
    (inner,) = [item for item in report.components if item.parent == "application"]
    assert (inner.name, inner.version, inner.verdict.expression) == ("inner", "2.5", "MIT")


def test_the_application_itself_is_no_part_of_itself() -> None:
    report = report_on(
        data={"LICENSE": MIT.encode(), "acme/LICENSE": MIT.encode(), "acme/page.html": b"<p>"},
        modules={"acme/__init__.py": b"", "acme/extern/__init__.py": b"", "acme/extern/own.py": b"x = 1\n"},
    )
    assert [item.id for item in report.components if item.parent == "application"] == []


@pytest.mark.parametrize("path", ["../outside", "/etc/outside", "a/../../outside"])
def test_no_path_leads_out_of_the_folder(path: str) -> None:
    report = report_on(data={path: DEFLATE})
    assert [item.id for item in report.components if item.parent == "application"] == []


def test_what_shared_objects_ask_of_the_machine_is_told() -> None:
    native = Native(path="dep/_jit.so", distribution="dep", soname=None, sha256="0" * 64, size=1)
    own = Native(path="own.so", distribution="", soname=None, sha256="1" * 64, size=1, origin=Origin.APP)
    told = [
        ManifestFinding(code=code, severity=ManifestSeverity.INFO, subject=subject, message="It can.")
        for code, subject in (
            ("makes-code", "dep/_jit.so"),
            ("newer-processor", "own.so"),
            ("foreign-machine", "own.so"),
        )
    ]
    traced = replace(manifest(distribution("dep", "MIT"), natives=(own, native)), findings=tuple(told))
    found = {
        (item.code, item.component, item.message)
        for item in build_report(traced, site=None).findings
        if item.code in ("makes-code", "newer-processor", "foreign-machine")
    }
    assert found == {
        ("makes-code", "distribution/dep", "dep/_jit.so: It can."),
        ("newer-processor", "application", "own.so: It can."),
    }
