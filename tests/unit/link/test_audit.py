from pathlib import Path

import pytest

from castiron_audit.linked import Linked
from castiron_audit.model import Form, Overhead
from castiron_common.errors import LinkError
from castiron_elf.sections import FileLayout
from castiron_link.audit import Contribution, OwnObjects, linked
from castiron_link.model import Piece, Taken
from castiron_runtime.model import LinkInputs
from tests.unit.link.making import component

MIT = "Permission is hereby granted ..."
SITE = "lib/python3.13/site-packages"


def inputs() -> LinkInputs:
    return LinkInputs(
        archives=(),
        components=(component("cpython", "PSF"), component("musl", MIT), component("openssl", "Apache")),
        owners={
            Path("/p/libpython.a"): ("cpython",),
            Path("/p/libc.a"): ("musl",),
            Path("/p/libssl.a"): ("openssl",),
        },
        extensions=(),
    )


def content(pieces: list[Piece], *, size: int | None = None, merged: int = 0) -> Linked:
    """Return what is in a file that has these pieces, 64 bytes of headers and 5 of padding between sections."""
    whole = sum(piece.size for piece in pieces) + merged + 64 + 5
    return linked(
        contributions=[
            Contribution(owner="app", inclusion=Form.BYTECODE, size=10, path="app/app.py"),
            Contribution(owner="stdlib", inclusion=Form.BYTECODE, size=100, path="lib/python3.13/json.py"),
            Contribution(owner="d", inclusion=Form.BYTECODE, size=5, path=f"{SITE}/d/m.py"),
            Contribution(owner="d", inclusion=Form.DATA, size=6, path=f"{SITE}/d/m.py"),
        ],
        taken=Taken(pieces=tuple(pieces), merged=merged, padding=0),
        layout=FileLayout(parts=(("", 0, 64),), padding=5, size=whole if size is None else size),
        inputs=inputs(),
        stub=Path("/p/libcastiron.a"),
        stub_components={"allocator.o": component("mimalloc", MIT)},
        own=OwnObjects(
            payload_size=130,
            payload_padding=3,
            app=Path("/w/app.o"),
            images={Path("/w/x.o"): ("d", "d/_x.so")},
            tables=(Path("/w/tables.o"),),
        ),
        images=("d/_x.so",),
        feature="3.13",
    )


PIECES = [
    Piece(source="/w/app.o", member=None, size=150),
    Piece(source="/w/x.o", member=None, size=4096),
    Piece(source="/w/tables.o", member=None, size=11),
    Piece(source="/p/libpython.a", member="a.o", size=1000),
    Piece(source="/p/libpython.a", member="b.o", size=1000),
    Piece(source="/p/libcastiron.a", member="main.o", size=7),
    Piece(source="/p/libc.a", member="printf.o", size=30),
]


def test_counts_what_is_in_and_nothing_else() -> None:
    found = content(PIECES)
    rows = [(part.component.name, part.size, part.members, part.forms) for part in found.components]
    assert rows == [
        ("castiron", 7, ("main.o",), (Form.STATIC,)),
        ("cpython", 2100, ("a.o", "b.o"), (Form.STATIC, Form.BYTECODE)),
        ("musl", 30, ("printf.o",), (Form.STATIC,)),
    ]
    assert found.sizes == {"app": {Form.BYTECODE: 10}, "d": {Form.BYTECODE: 5, Form.DATA: 6, Form.STATIC: 4096}}
    assert found.images == {"d/_x.so"}
    assert found.files["d/m.py"] == 11
    assert found.files["d/_x.so"] == 4096


def test_what_belongs_to_no_component_has_a_name() -> None:
    assert dict(content(PIECES, merged=40).overhead) == {
        # Of the payload what is no content: 130 - 121 - 3; of its object what is no payload: 20; the other tables: 11.
        Overhead.INDEX: 6 + 20 + 11,
        Overhead.MERGED: 40,
        Overhead.HEADERS: 64,
        Overhead.PADDING: 3 + 5,
    }


def test_sizes_that_do_not_add_up_are_an_error() -> None:
    with pytest.raises(LinkError, match="add up to"):
        content(PIECES, size=10_000)


def test_the_code_of_others_in_the_stub_is_theirs() -> None:
    found = content([*PIECES, Piece(source="/p/libcastiron.a", member="allocator.o", size=50)])
    rows = {part.component.name: (part.size, part.members) for part in found.components}
    assert rows["mimalloc"] == (50, ("allocator.o",))
    assert rows["castiron"] == (7, ("allocator.o", "main.o"))


def test_a_piece_without_owner_is_an_error() -> None:
    with pytest.raises(LinkError, match="no component owns it"):
        content([*PIECES, Piece(source="/p/libmystery.a", member="x.o", size=1)])
