import base64
import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castiron_audit.detection.from_fonts import family_title
from castiron_audit.font_faces import FontFace, font_faces
from castiron_audit.fonts import TABLE_OF_ALL, fonts_within, read_font
from tests.unit.audit.making import font_file


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


def within(data: bytes) -> list[tuple[str, str]]:
    places = [match.start() for match in re.finditer(TABLE_OF_ALL, data)]
    return [(font.family, font.license) for font in fonts_within(data, places)]


def test_fonts_in_the_data_of_a_program() -> None:
    one, two = (whole_font({1: name, 5: "Version 1", 13: "OFL"}) for name in ("One", "Two"))
    assert within(b"\x7fELF" + bytes(99) + two + b"between" + one + one + bytes(7)) == [("One", "OFL"), ("Two", "OFL")]
    assert within(b"maxp in a text, and head, cmap, maxp") == []
    assert within(bytes(99) + one[:-1]) == []  # cut
    assert within(b"\0\1\0\0\0\1" + bytes(6) + b"maxp" + b"\xff" * 12) == []


@given(st.binary(max_size=80), st.integers(0, 200), st.binary(max_size=6))
def test_damaged_fonts_within_are_no_fonts(noise: bytes, place: int, damage: bytes) -> None:
    font = whole_font({1: "One", 13: "OFL"})
    data = noise + font[:place] + damage + font[place + len(damage) :] + noise
    assert all(family for family, _ in within(data))  # nothing is raised, and nothing is found that has no name


def whole_font(names: dict[int, str]) -> bytes:
    """Return a font with a directory of two tables: ``maxp``, which is empty, and ``name``."""
    data = font_file(names)
    table = data[struct.unpack_from(">I", data, 12 + 8)[0] :]
    start = 12 + 2 * 16
    entries = struct.pack(">4sIII", b"maxp", 0, start, 0) + struct.pack(">4sIII", b"name", 0, start, len(table))
    return b"\0\1\0\0" + struct.pack(">HHHH", 2, 0, 0, 0) + entries + table


def test_a_family_has_its_own_name_without_weights() -> None:
    assert [family_title(name) for name in ("Open Sans", "Inconsolata Medium", "Roboto Mono SemiBold Italic")] == [
        "Open Sans",
        "Inconsolata",
        "Roboto Mono",
    ]
    assert [family_title(name) for name in ("DejaVu Sans Mono", "MathJax_Main")] == ["DejaVu", "MathJax"]


def faces(sheet: str) -> list[FontFace]:
    return list(font_faces(sheet.encode()))


def file_of(family: str, file: str) -> FontFace:
    return FontFace(family=family, file=file, data=b"")


@pytest.mark.parametrize(
    ("sheet", "found"),
    [
        (
            '@font-face{font-family:Inter;src:url(../media/07c7.woff2)format("woff2")}',
            [file_of("Inter", "../media/07c7.woff2")],
        ),
        (
            "a{}@font-face { font-family: 'Fira Sans'; src: url('a.woff2') , url(\"b%20c.woff?v=4#iefix\") }",
            [file_of("Fira Sans", "a.woff2"), file_of("Fira Sans", "b c.woff")],
        ),
        (
            "x='@font-face{src:url(./a.ttf);font-family:\\'Geist Mono\\'}@font-face{font-family:B-C;src:local(Arial)}'",
            [file_of("Geist Mono", "a.ttf")],
        ),
        ("@font-face{src:url(a.ttf)}", []),
        ("@font-face{font-family:A;src:url(a.ttf)", []),
        ("@font-face{font-family:AB;src:url(data:font/woff2,x)}", []),
        ("@font-face{font-family:AB;src:url(data:font/woff2;base64,x)}", []),
    ],
)
def test_rules_that_name_files_of_fonts(sheet: str, found: list[FontFace]) -> None:
    assert faces(sheet) == found


def test_a_font_in_a_rule() -> None:
    data = font_file({1: "Some Sans"})
    sheet = f"@font-face{{font-family:X;src:url(data:font/ttf;charset=utf-8;base64,{base64.b64encode(data).decode()})}}"
    assert faces(sheet.replace("X", "Some Sans")) == [FontFace(family="Some Sans", file="", data=data)]
