"""Source files that say whose they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castiron_audit.model import Kind
from castiron_audit.origins import head_of, origins, projects_in
from tests.unit.audit.making import MIT
from tests.unit.audit.test_detection import by_name, detect_in, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("head", "names"),
    [
        ("Taken from https://github.com/one/frob/blob/main/frob.py", ["frob"]),
        ("This code was adapted from the frob project\n(https://github.com/one/frob.git)", ["frob"]),
        ("Vendored from https://pypi.org/project/frob/1.0/", ["frob"]),
        ("Originally from: http://code.google.com/p/frob/", ["frob"]),
        ("A port of https://bitbucket.org/one/frob.", ["frob"]),
        ("Source: https://raw.githubusercontent.com/one/frob/master/x.py", ["frob"]),
        ("based on https://frob.readthedocs.io/en/latest/x.html", ["frob"]),
        ("This file is part of Frob.\n\nFrob is free software", ["Frob"]),
        ("This module is part of the 'frob' package and is released under MIT", ["frob"]),
        ("This file is part of a larger work.", []),
        ("See https://github.com/one/frob for details.", []),
        ("Adapted from something.\n\nSee also https://github.com/one/frob", []),
        ("Taken from Knuth, volume 2", []),
        ("A minimal fork of frob-lxml code", ["frob-lxml"]),
        ("Copied from the 2.7.7 FROB distribution.\nThis file is part of PyFROB.", ["FROB"]),
        ("Borrowed from the `frob` 1.2 package", ["frob"]),
        ("Taken from the original project", []),
        ("A version of this module", []),
    ],
)
def test_words_that_tell_it(head: str, names: list[str]) -> None:
    assert [origin.name for origin in origins(head)] == names


def test_versions_stand_before_or_behind_the_name() -> None:
    (before,) = origins("Copied from the 2.7.7 FROB distribution.")
    (behind,) = origins("Copied from frob 2.7 library.")
    assert (before.version, behind.version) == ("2.7.7", "2.7")


def test_the_head_of_a_source_file() -> None:
    source = b'#!/usr/bin/python\n# One.\n\n"""Two.\n\nThree.\n"""\n# Four.\nimport x  # Five\n# Six\n'
    assert head_of(source).split() == ["!/usr/bin/python", "One.", "Two.", "Three.", "Four."]
    assert head_of(b"from __future__ import x\n# Two.\n").endswith("Two.")
    assert head_of(b"x = 1\n# Taken from somewhere\n") == ""
    assert head_of(b"r'''never ends\n") == "never ends"


@given(st.binary(max_size=300))
def test_any_file_may_be_read(source: bytes) -> None:
    assert all(origin.name for origin in origins(head_of(source)))


def test_projects_in_metadata() -> None:
    assert projects_in("Home-page: https://github.com/one/Frob\nProject-URL: x, https://gitlab.com/a/grok") == {
        "Frob",
        "grok",
    }


def detected(folder: Path, files: dict[str, str]) -> tuple[dict[str, str | None], list[str]]:
    for path, text in files.items():
        write(folder, path, text)
    detection = detect_in(folder, *files)
    components = by_name(detection)
    assert all(item.kind is Kind.VENDORED for item in components.values())
    told = [item.message for item in detection.findings if item.code == "copied-source"]
    return {name: item.verdict.expression for name, item in components.items()}, told


def test_a_copied_file_with_its_license(tmp_path: Path) -> None:
    files = {
        "d/frob.py": f'"""Taken from https://github.com/one/frob\n\n{MIT}\n"""\n',
        "d/part.py": "# This file is part of Grok.\n#\n# Grok is under the Apache License, Version 2.0\n",
    }
    assert detected(tmp_path, files) == ({"frob": "MIT", "Grok": "Apache-2.0"}, [])


def test_a_copied_file_whose_license_nothing_tells_is_a_finding(tmp_path: Path) -> None:
    found, (message,) = detected(tmp_path, {"d/frob.py": "# Copied from https://github.com/one/frob\n"})
    assert found == {}
    assert message == (
        "1 source file says that it or a part of it comes from another project, but not under which license: "
        "d/frob.py (frob)."
    )


def test_a_notice_above_the_words_is_the_distributions(tmp_path: Path) -> None:
    text = "# Licensed under the Apache License, Version 2.0\n#\n# Based on https://github.com/one/frob\n"
    found, told = detected(tmp_path, {"d/frob.py": text})
    assert (found, len(told)) == ({}, 1)


def test_a_project_that_the_catalogue_knows(tmp_path: Path) -> None:
    found, told = detected(tmp_path, {"d/x.py": "# Adapted from https://github.com/pallets/click\n"})
    assert (found, told) == ({"click": "BSD-3-Clause"}, [])


@pytest.mark.parametrize(
    "files",
    [
        {"d/x.py": "# This file is part of d.\n# License: MIT\n"},  # the distribution's own name
        {f"d/{name}.py": "# This file is part of Suite.\n# License: MIT\n" for name in "abcde"},  # its other name
        {"d/tests/x.py": "# Taken from https://github.com/one/frob, MIT License\n"},
        {"d/_vendor/x.py": "# Taken from https://github.com/one/frob\n"},  # another detector's
        {"d/x.py": "import y\n# Taken from https://github.com/one/frob, MIT License\n"},
    ],
)
def test_what_is_no_copy(files: dict[str, str], tmp_path: Path) -> None:
    found, told = detected(tmp_path, files)
    assert not {"frob", "Suite", "d"} & set(found)
    assert told == []
