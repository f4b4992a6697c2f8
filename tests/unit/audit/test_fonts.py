import pytest

from castiron_audit.fonts import read_font
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
