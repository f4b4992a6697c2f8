"""Libraries by their messages: how these are chosen, and how they are found."""

from __future__ import annotations

import struct
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castiron_audit.catalogue import library_of_name
from castiron_audit.library_strings import RUN, known_strings, shown_libraries
from castiron_audit.make_library_strings import Strings, chosen, dynamic_names, is_message, namespaces, read
from castiron_audit.signatures import find, known_signatures
from castiron_audit.tables import table

if TYPE_CHECKING:
    from pathlib import Path


def strings_of(library: str) -> list[bytes]:
    return [text for text, name in sorted(known_strings().owners.items()) if name == library]


def laid_out(*texts: bytes) -> bytes:
    """Return texts as a compiler lays them out, behind bytes that are no text."""
    return b"\x7fELF" + bytes(60) + b"\0".join(texts) + b"\0\x90\x90"


def test_every_library_is_one_of_the_catalogue() -> None:
    known = known_strings()
    for name in {*known.counts, *known.namespaces.values()}:
        entry = library_of_name(name)
        assert entry is not None, name
        assert entry.name == name
    assert set(known.counts) <= set(table("library_packages")["packages"])
    assert all(RUN.fullmatch(text) for text in known.owners)


def test_several_messages_show_a_library() -> None:
    texts = strings_of("libsixel")[:4]
    (shown,) = shown_libraries(laid_out(*texts))
    assert (shown.library, shown.count) == ("libsixel", 4)
    assert shown.proof.encode() in texts
    assert shown_libraries(laid_out(*texts[:2])) == ()


def test_a_message_counts_as_a_whole_and_once() -> None:
    one, two, three = strings_of("libsixel")[:3]
    assert shown_libraries(laid_out(one, two, b"libsixel says: " + three)) == ()
    assert shown_libraries(laid_out(one, two, three + b" (from libsixel)")) == ()
    assert shown_libraries(laid_out(one, two, two, one)) == ()
    assert [item.library for item in shown_libraries(laid_out(one, two, three))] == ["libsixel"]


def test_the_signatures_tell_more_than_the_messages() -> None:
    messages = strings_of("libsixel")[:5]
    assert [item.name for item in find(laid_out(*messages)).libraries] == ["libsixel"]
    with_version = laid_out(*strings_of("libpng")[:5], b"libpng version 1.6.43 - x")
    assert [(item.name, item.version) for item in find(with_version).libraries] == [("libpng", "1.6.43")]
    # What shows a library to be something else holds for its messages, too.
    row = next(row for row in known_signatures() if row.unless and len(strings_of(row.library)) > 4)
    data = laid_out(*strings_of(row.library))
    assert row.library in {item.name for item in find(data).libraries}
    assert row.library not in {item.name for item in find(data + row.unless[0]).libraries}


def test_namespaces_that_are_not_called_as_the_library() -> None:
    assert [item.name for item in find(b"\0_ZN5CMSat9SATSolverC2Ev\0").libraries] == ["cryptominisat"]
    assert find(b"\0_ZN3foo5CMSat9SATSolverC2Ev\0").libraries == ()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (b"cannot decode the tile of this image: %s", True),
        (b"bad tile", False),  # too short
        (b"frobnicate_image_tile", False),  # a name
        (b"frobnicate 1.2.3 is too old for tiles", False),  # changes with each version
        (b"written by somebody in 2019 and others", False),
        (b"/build/frob-1/tile.c: no tile in there", False),
        (b"%d %d %d %d %d of them %d %d %d %d %d", False),
    ],
)
def test_what_is_a_message(text: bytes, kept: bool) -> None:
    assert is_message(text) is kept


def strings(*messages: bytes, names: tuple[bytes, ...] = (), spaces: frozenset[bytes] = frozenset()) -> Strings:
    return Strings(messages=messages, names=names, namespaces=spaces)


NUMBERS = (b"zero", b"one", b"two", b"three", b"four", b"five", b"six", b"seven", b"eight", b"nine")
COMMON = {f"other{index}": strings(b"cannot open the given file") for index in range(60)}


def messages(word: bytes) -> tuple[bytes, ...]:
    """Return ten messages with words that no other library has."""
    kinds = (b"tile", b"frame", b"shape", b"layer", b"slice")
    return tuple(b" ".join(word + number + kind for kind in kinds) for number in NUMBERS)


def rows(
    found: dict[str, Strings], *others: Strings, spaces: dict[str, list[str]] | None = None
) -> dict[str, list[str]]:
    return {name: row["strings"] for name, row in chosen(COMMON | found, others, spaces or {}).items()}


def test_only_what_one_library_has_is_kept() -> None:
    one, two = messages(b"frob"), messages(b"grok")
    both = b"grokking frobnicators rarely unfrobnicate quuxes"
    made = rows({"frob": strings(*one, both, b"cannot open the given file"), "grok": strings(*two, both)})
    assert {name: set(texts) for name, texts in made.items()} == {
        "frob": {text.decode() for text in one},
        "grok": {text.decode() for text in two},
    }
    assert set(rows({"frob": strings(*one)}, strings(*one[:3]))["frob"]) == {text.decode() for text in one[3:]}


def test_what_a_library_contains_is_not_its_own() -> None:
    inner, outer = messages(b"frob"), messages(b"grok") + messages(b"quux")
    made = rows({"frob": strings(*inner), "grok": strings(*outer, *inner[:6])})
    assert set(made["frob"]) == {text.decode() for text in inner}
    assert set(made["grok"]) == {text.decode() for text in outer}


def test_names_of_functions_where_there_are_few_messages() -> None:
    names = tuple(b"frob_inner_%s_loop" % number for number in NUMBERS)
    made = rows({"frob": strings(*messages(b"frob")[:3], names=names)})
    assert {text for text in made["frob"] if " " not in text} == {name.decode() for name in names}
    assert "frob" not in rows({"frob": strings(*messages(b"frob")[:3])})  # too few


def test_namespaces_must_be_their_librarys_alone() -> None:
    frob = strings(*messages(b"frob"), spaces=frozenset({b"Frob", b"shared"}))
    found = COMMON | {"frob": frob, "grok": strings(spaces=frozenset({b"shared"}))}
    assert chosen(found, (), {"frob": ["Frob"]})["frob"]["namespaces"] == ["Frob"]
    for wrong in ("shared", "unheard"):
        with pytest.raises(ValueError, match=f"frob: {wrong}: not a namespace"):
            chosen(found, (), {"frob": [wrong]})


def test_namespaces_of_classes() -> None:
    classes = [b"N4Frob%d%sE" % (len(number), number) for number in NUMBERS]
    assert namespaces([*classes, b"N4Grok3OneE", b"N99Frob3OneE", b"Nothing"]) == [b"Frob"]


def elf(*names: bytes) -> bytes:
    """Return an ELF file of 64 bits of nothing but the names of its dynamic symbols."""
    text = b"\0" + b"\0".join(names) + b"\0"
    head = bytearray(b"\x7fELF\x02\x01\x01" + bytes(57))
    struct.pack_into("<Q", head, 0x28, 64 + len(text))
    struct.pack_into("<HH", head, 0x3A, 64, 2)
    strings_section = struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, 64, len(text), 0, 0, 1, 0)
    symbols = struct.pack("<IIQQQQIIQQ", 0, 11, 0, 0, 64, 0, 0, 0, 8, 24)
    return bytes(head) + text + strings_section + symbols


def test_names_of_dynamic_symbols() -> None:
    assert set(dynamic_names(elf(b"frob_open", b"frob_close"))) == {b"", b"frob_open", b"frob_close"}
    assert dynamic_names(b"!<arch>\n") == []


@given(st.binary(max_size=300))
def test_any_bytes_may_be_looked_through(data: bytes) -> None:
    assert shown_libraries(data) == ()


def package(folder: Path, name: str, files: dict[str, bytes]) -> Path:
    """Return a package of Debian with files."""
    tree = folder / name
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: 1.0\nArchitecture: all\nMaintainer: x <x@y>\nDescription: x\n"
    )
    for path, data in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(data)
    file = folder / f"{name}_1.0_all.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, file], check=True, capture_output=True)
    return file


def test_what_a_package_has(tmp_path: Path) -> None:
    data = elf(b"frob_public_open_file") + laid_out(
        b"cannot frobnicate the given tile", b"frob_public_open_file", b"frob_inner_tile_loop"
    )
    files = {"usr/lib/libfrob.so.1": data, "usr/share/doc/x": b"cannot read about a tile in this text"}
    found = read([package(tmp_path, "libfrob1", files)])
    assert found.messages == (b"cannot frobnicate the given tile",)
    assert found.names == (b"frob_inner_tile_loop",)


def test_tables_of_characters_and_strings_of_others_show_no_library() -> None:
    owners = known_strings().owners
    assert not any(text.startswith(b"C C!C") for text in owners)
    assert not any(b"google::protobuf" in text for text, name in owners.items() if name == "sentencepiece")
    assert sum(name == "sentencepiece" for name in owners.values()) >= 10
