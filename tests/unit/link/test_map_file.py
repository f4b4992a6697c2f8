import pytest

from castiron_common.errors import LinkError
from castiron_link.map_file import functions, taken
from castiron_link.model import Piece, Taken

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


IN_FILE = {".rodata", ".text", ".got", ".debug_info", ".castiron.payload", ".castiron.images"}


def pieces(text: str) -> tuple[Piece, ...]:
    return taken(text.splitlines(keepends=True), IN_FILE).pieces


def test_counts_the_bytes_of_the_file() -> None:
    assert taken(MAP.splitlines(keepends=True), IN_FILE) == Taken(
        pieces=(
            Piece(source="app.o", member=None, size=8),
            Piece(source="lib/l.a", member="b.o", size=0x20),
            Piece(source="lib/l.a", member="d.o", size=0x64),
        ),
        merged=8,
        padding=1,
    )


def test_memory_that_is_filled_with_zeros_has_no_bytes_but_its_owner_is_known() -> None:
    text = MAP.replace(" .got", " .bss").replace("<internal>:(.got)", "lib/z.a(zeros.o):(.bss)")
    found = taken(text.splitlines(keepends=True), IN_FILE)
    assert Piece(source="lib/z.a", member="zeros.o", size=0) in found.pieces
    assert found.merged == 0


def test_no_byte_counts_twice_and_none_is_lost() -> None:
    # Two pieces that overlap, a gap before a third, and room behind the last.
    text = (
        MAP.splitlines()[0]
        + """
          1000             1000       40     8 .text
          1000             1000       10     1         a.o:(.text)
          1008             1008       10     1         b.o:(.text)
          1020             1020       10     1         c.o:(.text)
""".replace("\n          ", "\n            ").rstrip(" ")
    )
    found = taken(text.splitlines(keepends=True), IN_FILE)
    assert [(piece.source, piece.size) for piece in found.pieces] == [("a.o", 16), ("b.o", 8), ("c.o", 16)]
    assert found.padding == 8 + 16
    assert sum(piece.size for piece in found.pieces) + found.padding == 0x40


def test_parentheses_in_a_folder_do_not_confuse() -> None:
    text = MAP.replace("lib/l.a(b.o)", "/a (copy)/l.a(b.o)").replace("app.o", "/a (copy)/app.o")
    assert [(piece.source, piece.member) for piece in pieces(text)][:2] == [
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
    assert pieces(text)[:3] == (
        Piece(source="app.o", member=None, size=0x123456789),
        Piece(source="image.o", member=None, size=0x12345),
        Piece(source="lib/l.a", member="b.o", size=0x20),
    )


@pytest.mark.parametrize("text", ["", "Archive member included\n", "\n"])
def test_unknown_formats_are_refused(text: str) -> None:
    with pytest.raises(LinkError, match="unknown format"):
        pieces(text)


def test_functions_are_told_by_address_each_once_and_nothing_but_code() -> None:
    text = MAP.replace(
        "          202000           202000        0     1 sym = .\n",
        """\
          201143           201143        1     1         lib/l.a(d.o):(.text.static)
          201143           201143        1     1                 of a file
          201143           201143        1     1                 _alias
          201144           201144        1     1         lib/l.a(e.o):(.text.static)
          201144           201144        1     1                 of a file
          201145           201145        1     1         lib/l.a(e.o):(.text.last)
          201145           201145        1     1                 last
          202000           202000        0     1 sym = .
          202000           202000        8     1 .data
          202000           202000        8     1         lib/l.a(e.o):(.data.value)
          202000           202000        8     1                 value
""",
    )
    assert functions(text.splitlines(keepends=True)) == ["_start", "of a file", "last"]
