import pytest
from hypothesis import given
from hypothesis import strategies as st

from castiron_audit.copyrights import copyright_notices
from castiron_audit.license_files import is_own_license, licensed_software, split_license_file
from castiron_audit.license_texts import closest, license_references, recognise
from castiron_audit.spdx_list import license_list, license_text
from tests.unit.audit.making import MIT

COMMON = [
    "MIT",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSD-4-Clause",
    "Apache-2.0",
    "ISC",
    "0BSD",
    "MPL-2.0",
    "GPL-2.0-only",
    "GPL-3.0-only",
    "LGPL-2.1-only",
    "AGPL-3.0-only",
    "PSF-2.0",
    "Zlib",
    "Unlicense",
    "CC0-1.0",
    "BSL-1.0",
    "OFL-1.1",
    "EPL-2.0",
]


@pytest.mark.parametrize("name", COMMON)
def test_recognises_the_texts_of_the_list(name: str) -> None:
    matches = recognise(license_text(name) or "")
    assert (matches[0].license, matches[0].whole) == (name, True)


@pytest.mark.parametrize("name", COMMON)
def test_layout_and_comment_signs_do_not_count(name: str) -> None:
    words = (license_text(name) or "").split()
    lines = [" ".join(words[index : index + 9]) for index in range(0, len(words), 9)]
    matches = recognise("/*\n" + "\n".join(f" * {line}" for line in lines) + "\n */\n")
    assert matches[0].license == name


def test_several_licenses_in_one_file() -> None:
    text = f"{MIT}\n\n{'-' * 40}\n\n{license_text('Apache-2.0')}\n\n{license_text('BSD-3-Clause')}"
    assert {match.license for match in recognise(text)} == {"MIT", "Apache-2.0", "BSD-3-Clause"}


def test_no_license_is_no_license() -> None:
    assert recognise("All rights reserved. You may not use this.") == ()
    assert recognise("") == ()
    assert recognise("Permission is hereby granted to look at it. " * 30) == ()


@given(st.text(max_size=400))
def test_never_fails(text: str) -> None:
    recognise(text)
    license_references(text)
    copyright_notices([text])
    split_license_file(text)


def test_most_of_the_list_is_recognised_as_itself_or_a_twin() -> None:
    rows = {name: row for name, row in license_list()["licenses"].items() if not row["deprecated"]}
    names = [name for name in sorted(rows)[::12] if len(rows[name]["text"]) > 200]
    missed = [name for name in names if not recognise(rows[name]["text"])]
    assert len(missed) <= len(names) * 0.05, missed


def test_short_notices() -> None:
    gpl = "GNU General Public License as published by the Free Software Foundation; either version 2 of the License, "
    assert license_references(f"under the terms of the {gpl}or (at your option) any later version.") == (
        "GPL-2.0-or-later",
    )
    assert license_references(
        "GNU Lesser General Public License as published by the FSF; version 3 of the License."
    ) == ("LGPL-3.0-only",)
    assert license_references("# SPDX-License-Identifier: MIT OR Apache-2.0\n") == ("MIT OR Apache-2.0",)
    assert license_references(
        "This Source Code Form is subject to the terms of the Mozilla Public\nLicense, v. 2.0."
    ) == ("MPL-2.0",)


def test_copyright_notices_are_kept_as_they_are() -> None:
    text = (
        "// Copyright (c) 2020, A. Nobody <a@b.c>\n * © 2021 B\nthe above copyright notice\nCopyright [yyyy] [name]\n"
    )
    assert copyright_notices([text])[-1] == "© 2021 B"
    assert not any("notice" in line or "yyyy" in line for line in copyright_notices([text]))


def test_a_changed_text_decides_between_few() -> None:
    text = (
        (license_text("PSF-2.0") or "")
        .replace("Python Software Foundation", "Matplotlib Development Team")
        .replace("PSF", "MDT")
    )
    assert closest(text, ("PSF-2.0", "Python-2.0")) == "PSF-2.0"
    assert closest(MIT, ("PSF-2.0", "Python-2.0")) is None


def test_lists_of_third_parties() -> None:
    first = "Name: X\nFiles: d.libs/x*.so\nDescription: a\n  b\nLicense: ISC\n  Copyright (c) 2020 X\n"
    text = f"{MIT}\n----\n\n{first}\nName: Y\nFiles: d/y.py\nLicense: Zlib\n  text\n"
    sections = split_license_file(text)
    assert "Permission" in sections.own_license
    assert [(item.name, item.files, item.license) for item in sections.third_party] == [
        ("X", ("d.libs/x*.so",), "ISC"),
        ("Y", ("d/y.py",), "Zlib"),
    ]
    assert sections.third_party[0].text == "Copyright (c) 2020 X"
    titled = split_license_file(f"head\n\n----\n\nBROTLI\n\n{MIT}\n\n----\n\nZLIB\n\nother\n")
    assert [item.name for item in titled.third_party] == ["BROTLI", "ZLIB"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("x-1.dist-info/LICENSE", True),
        ("x-1.dist-info/licenses/LICENSE.txt", True),
        ("x-1.dist-info/licenses/LICENSE-APACHE", True),
        ("x-1.dist-info/licenses/COPYING.rst", True),
        ("x-1.dist-info/licenses/LICENSE.libsodium.txt", False),
        ("x-1.dist-info/licenses/vendor/llhttp/LICENSE", False),
        ("x-1.dist-info/licenses/NOTICE", False),
    ],
)
def test_whose_license_a_file_is(path: str, expected: bool) -> None:
    assert is_own_license(path) is expected


VENDORED_METADATA = "d/_vendor/jaraco.text-4.0.0.dist-info"


@pytest.mark.parametrize(
    ("folder", "name", "expected"),
    [
        ("licenses/vendor/llhttp", "LICENSE", ("llhttp", "", "vendor/llhttp")),
        (
            "licenses/subprojects/fast_float-8.2.10",
            "LICENSE-MIT",
            ("fast_float", "8.2.10", "subprojects/fast_float-8.2.10"),
        ),
        (f"licenses/{VENDORED_METADATA}", "LICENSE", ("jaraco.text", "4.0.0", VENDORED_METADATA)),
        ("licenses", "LICENSE.libsodium.txt", ("libsodium", "", "")),
        ("licenses/LICENSES", "HAVEN_LICENSE", ("haven", "", "")),
        ("licenses", "LICENSE-third-party", ("third-party parts", "", "")),
        ("licenses", "NOTICE", None),
    ],
)
def test_the_software_that_a_license_file_is_about(
    folder: str, name: str, expected: tuple[str, str, str] | None
) -> None:
    software = licensed_software(folder, name)
    assert (software and (software.name, software.version, software.source_folder)) == expected
