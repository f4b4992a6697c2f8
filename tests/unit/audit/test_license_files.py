import pytest
from hypothesis import given
from hypothesis import strategies as st

from castiron_audit.copyrights import copyright_notices
from castiron_audit.license_files import is_own_license, licensed_software, split_license_file, split_notices
from tests.unit.audit.making import MIT


@given(st.text(max_size=400))
def test_never_fails(text: str) -> None:
    copyright_notices([text])
    split_license_file(text)


def test_copyright_notices_are_kept_as_they_are() -> None:
    text = (
        "// Copyright (c) 2020, A. Nobody <a@b.c>\n * © 2021 B\nthe above copyright notice\nCopyright [yyyy] [name]\n"
    )
    assert copyright_notices([text])[-1] == "© 2021 B"
    assert not any("notice" in line or "yyyy" in line for line in copyright_notices([text]))


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
        ("x-1.dist-info/licenses/MIT-LICENSE", True),
        ("x-1.dist-info/licenses/LGPL-2.1-LICENSE.txt", True),
        ("x-1.dist-info/licenses/zlib-LICENSE", False),
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
        ("licenses", "MIT-LICENSE", None),
        ("licenses", "zlib-LICENSE", ("zlib", "", "")),
        ("licenses", "LICENSE-third-party", ("third-party parts", "", "")),
        ("licenses", "NOTICE", None),
    ],
)
def test_the_software_that_a_license_file_is_about(
    folder: str, name: str, expected: tuple[str, str, str] | None
) -> None:
    software = licensed_software(folder, name)
    assert (software and (software.name, software.version, software.source_folder)) == expected


def test_notices_without_titles_are_one_text_and_no_list() -> None:
    assert split_notices("Copyright 2020 A. Uthor\n\nPermission is hereby granted, free of charge ...\n") == ()
    assert split_notices("") == ()


def test_notices_below_underlined_titles() -> None:
    text = """Third-Party Notices for the wheels
==================================

Their licenses are below.

1. OpenBLAS (Linux, Windows wheels)
-----------------------------------

Redistribution and use in source and binary forms ...

2. LLVM OpenMP Runtime (libomp) (macOS wheels)
----------------------------------------------

==============================
The LLVM Project is under this:
==============================

Apache License

libfoo
======

Licensed under the MIT license.
"""
    assert [item.name for item in split_notices(text)] == ["OpenBLAS", "libfoo"]
    assert split_notices(text)[0].text == "Redistribution and use in source and binary forms ..."
