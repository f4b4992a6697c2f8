"""Packages of npm by strings in scripts: how these are chosen, and how they are found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castiron_audit.make_script_strings import KEPT, Scripts, chosen, is_message, read
from castiron_audit.script_strings import NAME, shown_packages
from castiron_audit.tables import document, table
from tests.unit.audit.test_detection import detect_in, write

if TYPE_CHECKING:
    from pathlib import Path


def strings_of(package: str) -> list[str]:
    strings: list[str] = document(NAME)[package]["strings"]
    return strings


def script(*texts: str, quote: str = '"') -> bytes:
    """Return a script as a minifier leaves it."""
    return "".join(f"a(1,{quote}{text}{quote}),b=" for text in texts).encode() + b'"";'


def test_what_is_looked_for() -> None:
    rows = document(NAME)
    assert len(rows) >= 300
    assert not rows.keys() & set(table("script_packages")["others"])
    strings = [text for row in rows.values() for text in row["strings"]]
    assert len(strings) == len(set(strings)), "each is of one package alone"
    assert all(len(row["strings"]) <= KEPT and row["from"].endswith(" (npm)") for row in rows.values())


@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_several_strings_show_a_package(quote: str) -> None:
    texts = strings_of("leaflet")
    needed = max(3, -(-len(texts) // 6))
    shown = shown_packages(script(*texts[:needed], quote=quote))
    assert [(item.name, item.count) for item in shown] == [("leaflet", needed)]
    assert shown[0].proof in texts
    assert shown_packages(script(*texts[: needed - 1], quote=quote)) == ()
    # One of them, as often as it may be there, is one.
    assert shown_packages(script(*texts[:1] * 9, quote=quote)) == ()


def test_strings_count_as_a_whole() -> None:
    texts = strings_of("leaflet")
    assert shown_packages(script(*(f"see: {text}" for text in texts))) == ()
    assert shown_packages("\n".join(texts).encode()) == ()


@given(st.binary(max_size=300))
def test_any_bytes_may_be_looked_through(data: bytes) -> None:
    assert shown_packages(data) == ()


def test_a_bundle_without_a_list_or_a_banner(tmp_path: Path) -> None:
    data = script(*strings_of("leaflet"), *strings_of("maplibre-gl")).decode()
    paths = [write(tmp_path, "d/chunk-4fa3.js", data), write(tmp_path, "d/tests/t.js", data)]
    detection = detect_in(tmp_path, *paths)
    found = {item.name: (item.version, item.verdict.expression) for item in detection.components}
    assert found == {"leaflet": ("", "BSD-2-Clause"), "maplibre-gl": ("", "BSD-3-Clause")}
    (says,) = [item.says for item in detection.components[0].verdict.evidence if item.expression is None]
    assert says.endswith(", as leaflet does")
    # The distribution's own, and what a list names already, is not named once more.
    assert detect_in(tmp_path, paths[1]).components == ()
    (own,) = detect_in(tmp_path, paths[0], name="leaflet").components
    assert own.name == "maplibre-gl"
    banner = write(tmp_path, "d/v.js", "/*! leaflet v1.9.4 | BSD-2-Clause License */" + data)
    assert {item.name: item.version for item in detect_in(tmp_path, banner).components} == {
        "leaflet": "1.9.4",
        "maplibre-gl": "",
    }


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (b"Map container is already initialized.", True),
        (b"too short", False),
        (b"leaflet-control-zoom-in", False),  # a name
        (b"Use version 1.2.3 of it instead of the other one", False),
        (b"return a(b, c) of something else or not", False),  # the code between two strings
        (b"Copyright by the authors of this thing", False),
    ],
)
def test_what_is_a_message(text: bytes, kept: bool) -> None:
    assert is_message(text) is kept


def scripts(*messages: bytes, names: tuple[bytes, ...] = ()) -> Scripts:
    return Scripts(messages=messages, names=names, version="1.0")


COMMON = {f"other{index}": scripts(b"the given argument is not a function") for index in range(60)}


def messages(word: bytes, count: int) -> tuple[bytes, ...]:
    kinds = (b"tile", b"frame", b"shape", b"layer")
    return tuple(b" ".join(word + bytes([97 + number]) * 3 + kind for kind in kinds) for number in range(count))


def test_only_what_one_package_has_is_kept() -> None:
    one, two = messages(b"frob", 5), messages(b"grok", 9)
    found = {"frob": scripts(*one), "grok": scripts(*two, *one[:4], b"the given argument is not a function")}
    made = chosen(COMMON | found, others=())
    assert {name: {text.encode() for text in row["strings"]} for name, row in made.items()} == {
        "frob": set(one),  # Most of it is in the larger one, which contains it.
        "grok": set(two),
    }
    assert made["frob"]["from"] == "frob 1.0 (npm)"
    assert set(chosen(COMMON | found, others=("grok",))) == {"frob"}


def test_names_where_there_are_few_messages() -> None:
    names = (b"frob-control-zoomer", b"frob-tile-pane", b"frobTileLayerGroup")
    made = chosen(COMMON | {"frob": scripts(*messages(b"frob", 2), names=names)}, others=())
    assert {text for text in made["frob"]["strings"] if " " not in text} == {name.decode() for name in names}
    many = chosen(COMMON | {"frob": scripts(*messages(b"frob", 26), names=names)}, others=())
    assert all(" " in text for text in many["frob"]["strings"])
    assert len(many["frob"]["strings"]) == KEPT


def test_what_a_folder_of_packages_has(tmp_path: Path) -> None:
    def package(name: str, files: dict[str, str]) -> None:
        folder = tmp_path / name
        for path, content in {"package.json": json.dumps({"name": name, "version": "2.0"}), **files}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)

    package("@x/frob", {"dist/a.js": 'throw Error("cannot frobnicate the given tile")+"frob-tile-pane"'})
    package("frob-es", {"a.mjs": "x('there is no frobnicator in here')", "test/t.js": "x('only a test says so here')"})
    package("frob-es/node_modules/inner", {"i.js": "x('what lies within is of another one')"})
    found = dict(read(tmp_path, {"frob-es": "@x/frob"}))
    assert found == {
        "@x/frob": Scripts(
            messages=(b"cannot frobnicate the given tile", b"there is no frobnicator in here"),
            names=(b"frob-tile-pane",),
            version="2.0",
        )
    }
