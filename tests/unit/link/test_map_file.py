import pytest

from castiron_common.errors import LinkError
from castiron_link.map_file import pieces
from castiron_link.model import Piece

MAP = """\
             VMA              LMA     Size Align Out     In      Symbol
          200120           200120        9     1 .rodata
          200120           200120        1     1         lib/l.a(b.o):(.rodata.x)
          200120           200120        0     1                 dup
          200121           200121        8     1         app.o:(.castiron.payload)
          201124           201124       20     4 .text
          201124           201124        0     4         lib/l.a(c.o):(.text)
          201124           201124       1f     1         lib/l.a(b.o):(.text.start)
          201124           201124        0     1                 _start
          202000           202000        0     1 sym = .
          202000           202000        8     1 .got
          202000           202000        8     1         <internal>:(.got)
               0                0       64     1 .debug_info
               0                0       64     1         lib/l.a(d.o):(.debug_info)
"""


def test_counts_what_is_in_memory() -> None:
    assert pieces(MAP.splitlines(keepends=True)) == (
        Piece(source="app.o", member=None, size=8),
        Piece(source="lib/l.a", member="b.o", size=0x20),
    )


def test_parentheses_in_a_folder_do_not_confuse() -> None:
    text = MAP.replace("lib/l.a(b.o)", "/a (copy)/l.a(b.o)").replace("app.o", "/a (copy)/app.o")
    assert [(piece.source, piece.member) for piece in pieces(text.splitlines())] == [
        ("/a (copy)/app.o", None),
        ("/a (copy)/l.a", "b.o"),
    ]


def test_sizes_that_do_not_fit_their_column() -> None:
    text = MAP.replace(
        "          200121           200121        8     1         app.o:(.castiron.payload)",
        "          300000           300000 123456789  4096 .castiron.payload\n"
        "          300000           300000 123456789  4096         app.o:(.castiron.payload)\n"
        "       200000000        200000000    12345 2097152 .castiron.images\n"
        "       200000000        200000000    12345 2097152         image.o:(.castiron.image.x)\n"
        "       200000000        200000000        0     1                 symbol",
    )
    assert pieces(text.splitlines(keepends=True)) == (
        Piece(source="app.o", member=None, size=0x123456789),
        Piece(source="image.o", member=None, size=0x12345),
        Piece(source="lib/l.a", member="b.o", size=0x20),
    )


@pytest.mark.parametrize("text", ["", "Archive member included\n", "\n"])
def test_unknown_formats_are_refused(text: str) -> None:
    with pytest.raises(LinkError, match="unknown format"):
        pieces(text.splitlines(keepends=True))
