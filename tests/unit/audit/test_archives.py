"""Wheels and Java archives among the files of a distribution are parts of it."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from castiron_audit.detection import from_archives
from tests.unit.audit.making import MIT
from tests.unit.audit.test_detection import by_name, detect_in, write

if TYPE_CHECKING:
    from pathlib import Path


def archive(site: Path, path: str, **members: str) -> str:
    write(site, path)
    with zipfile.ZipFile(site / path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in members.items():
            made.writestr(name, text)
    return path


def wheel(site: Path, path: str, name: str = "Inner.Parts", more: str = "License-Expression: ISC\n") -> str:
    metadata = f"Metadata-Version: 2.4\nName: {name}\nVersion: 2.5\n{more}"
    return archive(
        site,
        path,
        **{
            "inner/__init__.py": "",
            "inner_parts-2.5.dist-info/METADATA": metadata,
            "inner_parts-2.5.dist-info/licenses/LICENSE": MIT,
            "inner/_vendor/other/LICENSE": "somebody else's",
        },
    )


def test_a_wheel_in_a_distribution(tmp_path: Path) -> None:
    path = wheel(tmp_path, "d/embed/inner_parts-2.5-py3-none-any.whl")
    inner = by_name(detect_in(tmp_path, path))["inner.parts"]
    assert (inner.version, inner.purl) == ("2.5", "pkg:pypi/inner-parts@2.5")
    assert inner.verdict.expression == "ISC"
    assert [text.path for text in inner.texts] == [f"{path}: inner_parts-2.5.dist-info/licenses/LICENSE"]
    assert inner.copyrights == ("Copyright (c) 2020 The Authors of It",)


def test_a_wheel_without_metadata_of_its_license_has_the_license_of_its_text(tmp_path: Path) -> None:
    path = wheel(tmp_path, "d/inner_parts-2.5-py3-none-any.whl", more="")
    assert by_name(detect_in(tmp_path, path))["inner.parts"].verdict.expression == "MIT"


def test_a_distribution_is_no_part_of_itself(tmp_path: Path) -> None:
    path = wheel(tmp_path, "d/d-2.5-py3-none-any.whl", name="d")
    assert by_name(detect_in(tmp_path, path)) == {}


def test_java_archives(tmp_path: Path) -> None:
    pom = "META-INF/maven/org.example/frob/pom.properties"
    other = "META-INF/maven/org.other/shaded/pom.properties"
    paths = [
        archive(
            tmp_path,
            "d/jars/frob-2.1.jar",
            **{
                pom: "artifactId=frob\ngroupId=org.example\nversion=2.1.3\n",
                other: "version=9\n",
                "META-INF/LICENSE.txt": MIT,
            },
        ),
        archive(
            tmp_path,
            "d/jars/knob.jar",
            **{"META-INF/MANIFEST.MF": "Bundle-License: https://www.apache.org/licenses/LICENS\r\n E-2.0.txt\r\n"},
        ),
        archive(tmp_path, "d/jars/bare-1.0-jar-with-dependencies.jar", **{"A.class": "x"}),
    ]
    found = by_name(detect_in(tmp_path, *paths))
    frob, knob, bare = found["frob"], found["knob"], found["bare"]
    assert (frob.version, frob.purl) == ("2.1.3", "pkg:maven/org.example/frob@2.1.3")
    assert frob.verdict.expression == "MIT"
    assert knob.verdict.expression == "Apache-2.0"
    assert (bare.version, bare.verdict.expression) == ("1.0", None)
    assert (found["shaded"].version, found["shaded"].purl) == ("9", "pkg:maven/org.other/shaded@9")


def test_the_projects_of_a_shaded_java_archive_are_parts(tmp_path: Path) -> None:
    apache = "<!--\n  Licensed under the Apache License, Version 2.0 (the &quot;License&quot;)\n-->\n"
    members = {
        "META-INF/LICENSE": MIT,
        "META-INF/licenses/LICENSE-knob.txt": MIT,
        "META-INF/DEPENDENCIES": "// list\n  - Logs (https://logs.example) org.example:logs:jar:3.1\n"
        "    License: Apache License, Version 2.0  (https://www.apache.org/licenses/LICENSE-2.0)\n",
    }
    poms = {
        "org.example/frob": "<project><licenses><license><name>MIT License</name></license></licenses></project>",
        "org.example/either": "<project><licenses><license><name>MIT</name></license>"
        "<license><name>EPL-2.0</name></license></licenses></project>",
        "org.example/headed": f"<?xml version='1.0'?>\n{apache}<project/>",
        "org.example/knob": "<project/>",
        "org.example/logs": "<project/>",
        "org.example/plugged": "<project><build><x><license><name>MIT</name></license></x></build></project>",
    }
    for place, pom in poms.items():
        members[f"META-INF/maven/{place}/pom.properties"] = "version=1.2\n"
        members[f"META-INF/maven/{place}/pom.xml"] = pom
    path = archive(tmp_path, "d/all-1.0-jar-with-dependencies.jar", **members)
    found = by_name(detect_in(tmp_path, path))
    assert {name: item.verdict.expression for name, item in found.items()} == {
        "all": "MIT",
        "frob": "MIT",
        "either": "MIT OR EPL-2.0",
        "headed": "Apache-2.0",
        "knob": "MIT",
        "logs": "Apache-2.0",
        "plugged": None,
    }
    assert {item.purl for name, item in found.items() if name != "all"} == {f"pkg:maven/{place}@1.2" for place in poms}
    assert [text.path for text in found["knob"].texts] == [f"{path}: META-INF/licenses/LICENSE-knob.txt"]


@pytest.mark.parametrize("cut", [0, 10, 100, -30])
def test_damaged_archives_are_a_finding(tmp_path: Path, cut: int) -> None:
    path = wheel(tmp_path, "d/inner_parts-2.5-py3-none-any.whl")
    data = (tmp_path / path).read_bytes()
    (tmp_path / path).write_bytes(data[:cut])
    detection = detect_in(tmp_path, path)
    assert by_name(detection) == {}
    (finding,) = detection.findings
    assert finding.code == "unreadable-archive"
    assert finding.message.startswith(f"{path} cannot be read as a zip archive: ")


def test_flipped_bytes_are_no_error(tmp_path: Path) -> None:
    path = wheel(tmp_path, "d/inner_parts-2.5-py3-none-any.whl")
    data = (tmp_path / path).read_bytes()
    for place in range(0, len(data), 23):
        (tmp_path / path).write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        detect_in(tmp_path, path)


def test_no_member_is_read_that_is_larger_than_any_license(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_archives, "_LARGEST_MEMBER", len(MIT) - 1)
    path = wheel(tmp_path, "d/inner_parts-2.5-py3-none-any.whl")
    inner = by_name(detect_in(tmp_path, path))["inner.parts"]
    assert inner.texts == ()
    with zipfile.ZipFile(io.BytesIO((tmp_path / path).read_bytes())) as made:
        assert len(made.infolist()) == 4
