from pathlib import Path

import pytest

from castiron_audit.model import Form
from castiron_common.errors import LinkError
from castiron_link.audit import Contribution, linked
from castiron_link.model import Piece
from castiron_runtime.model import LinkInputs
from tests.unit.link.making import component

MIT = "Permission is hereby granted ..."


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


def content(taken: list[Piece]) -> object:
    return linked(
        contributions=[
            Contribution(owner="app", inclusion=Form.BYTECODE, size=10),
            Contribution(owner="stdlib", inclusion=Form.BYTECODE, size=100),
            Contribution(owner="d", inclusion=Form.BYTECODE, size=5),
            Contribution(owner="d", inclusion=Form.DATA, size=6),
        ],
        taken=taken,
        inputs=inputs(),
        stub=Path("/p/libcastiron.a"),
        stub_components={"allocator.o": component("mimalloc", MIT)},
        own=(Path("/w/app.o"),),
        images=("d/_x.so",),
    )


PIECES = [
    Piece(source="/w/app.o", member=None, size=99),
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
    assert found.sizes == {"app": {Form.BYTECODE: 10}, "d": {Form.BYTECODE: 5, Form.DATA: 6}}
    assert found.images == {"d/_x.so"}


def test_the_code_of_others_in_the_stub_is_theirs() -> None:
    found = content([*PIECES, Piece(source="/p/libcastiron.a", member="allocator.o", size=50)])
    rows = {part.component.name: (part.size, part.members) for part in found.components}
    assert rows["mimalloc"] == (50, ("allocator.o",))
    assert rows["castiron"] == (7, ("allocator.o", "main.o"))


def test_a_piece_without_owner_is_an_error() -> None:
    with pytest.raises(LinkError, match="no component owns it"):
        content([*PIECES, Piece(source="/p/libmystery.a", member="x.o", size=1)])
