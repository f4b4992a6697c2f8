from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import RuntimePackError
from castiron_runtime.licenses import describe, first_comment, rst_section
from castiron_runtime.recipe import LicenseFacts

if TYPE_CHECKING:
    from pathlib import Path


def facts(**changes: object) -> LicenseFacts:
    values: dict[str, object] = {
        "name": "x",
        "version": "",
        "expression": "MIT",
        "evidence": "LICENSE",
        "files": ("LICENSE",),
        "cpe": "cpe:2.3:a:x:x:{version}:*",
        "purl": "pkg:generic/x@{version}",
        "archives": (),
    }
    return LicenseFacts(**(values | changes))  # type: ignore[arg-type]


def test_a_component_carries_the_text_of_its_own_tree(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("Permission is granted.\n")
    component = describe(facts(), tmp_path, version="1.2", source_sha256="s")
    assert component.purl == "pkg:generic/x@1.2"
    assert component.cpe == "cpe:2.3:a:x:x:1.2:*"
    assert component.texts[0].text == "Permission is granted.\n"


@pytest.mark.parametrize("content", [None, "", "  \n"])
def test_a_component_without_its_text_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "LICENSE").write_text(content)
    with pytest.raises(RuntimePackError, match="LICENSE"):
        describe(facts(), tmp_path, version="1.2", source_sha256="s")


def test_bundled_versions_come_from_the_sbom(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("text")
    (tmp_path / "Misc").mkdir()
    sbom = {"packages": [{"name": "expat", "versionInfo": "2.8.2"}]}
    (tmp_path / "Misc" / "sbom.spdx.json").write_text(json.dumps(sbom))
    assert describe(facts(version="sbom:expat"), tmp_path, version="3", source_sha256="s").version == "2.8.2"
    with pytest.raises(RuntimePackError, match="does not name zlib"):
        describe(facts(version="sbom:zlib"), tmp_path, version="3", source_sha256="s")


def test_versions_from_a_macro(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("text")
    (tmp_path / "x.h").write_text("#define X_VERSION 212   // major + 2 digits minor\n")
    assert describe(facts(version="macro:x.h:X_VERSION"), tmp_path, version="3", source_sha256="s").version == "2.1.2"


def test_the_first_comment_without_its_frame() -> None:
    assert first_comment("/* One\n *\n * Two\n */\nint x; /* not this */") == "One\n\nTwo\n"
    assert first_comment("int x;") == ""


def test_a_section_of_a_document() -> None:
    text = "A\n-\n\nfirst\n\n.. _b:\n\nB\n--\n\nsecond::\n\n    text\n\nC\n-\n\nthird\n"
    assert rst_section(text, "A") == "first\n"
    assert rst_section(text, "B") == "second::\n\n    text\n"
    assert rst_section(text, "C") == "third\n"
    assert rst_section(text, "D") == ""


def test_versions_that_a_file_of_the_tree_says(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("text")
    (tmp_path / "x.h").write_text("#if X_MAJOR > 1\n#define X_MAJOR 2\n#define X_MINOR 5\n")
    version = r"match:x.h:X_MAJOR (\d+)\s.*X_MINOR (\d+)"
    assert describe(facts(version=version), tmp_path, version="3", source_sha256="s").version == "2.5"
    with pytest.raises(RuntimePackError, match=r"x\.h has nothing"):
        describe(facts(version=r"match:x.h:X_MICRO (\d+)"), tmp_path, version="3", source_sha256="s")
    assert describe(facts(version="none"), tmp_path, version="3", source_sha256="s").version == ""


def test_the_comment_that_has_a_word(tmp_path: Path) -> None:
    (tmp_path / "x.c").write_text("/* SHA1 */\n/* LibX, free for all */\n/* LibX again */")
    component = describe(facts(files=("x.c#comment LibX",)), tmp_path, version="1", source_sha256="s")
    assert component.texts[0].text == "LibX, free for all\n"
    with pytest.raises(RuntimePackError, match="empty"):
        describe(facts(files=("x.c#comment LibY",)), tmp_path, version="1", source_sha256="s")
