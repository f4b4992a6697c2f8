"""Packages of npm by strings in scripts: how these are chosen, and how they are found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castiron_audit.make_script_strings import (
    FEW,
    KEPT,
    KEPT_OF_FILES,
    Scripts,
    chosen,
    is_message,
    is_name,
    read,
    strings_in,
)
from castiron_audit.page_bundles import page_bundle
from castiron_audit.script_strings import NAME, _known, shown_packages
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
    assert len(rows) >= 1500
    assert not rows.keys() & set(table("script_packages")["others"])
    strings = [text for row in rows.values() for text in row["strings"]]
    assert len(strings) == len(set(strings)), "each is of one package alone"
    for row in rows.values():
        assert FEW <= row["needed"] <= len(row["strings"]) <= KEPT + KEPT_OF_FILES
        assert row["from"].endswith(" (npm)")


@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_several_strings_show_a_package(quote: str) -> None:
    texts = strings_of("leaflet")
    needed = document(NAME)["leaflet"]["needed"]
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
        (b"useFrob() may be used only within a <Frob> component.", True),
        (b"return a(b, c) of something else or not", False),  # the code between two strings
        (b"Copyright by the authors of this thing", False),
    ],
)
def test_what_is_a_message(text: bytes, kept: bool) -> None:
    assert is_message(text) is kept


def test_what_a_template_begins_with(tmp_path: Path) -> None:
    texts = strings_of("leaflet")
    data = "".join(f"a(`{text}${{b}} and more`)," for text in texts).encode()
    assert [item.name for item in shown_packages(data)] == ["leaflet"]
    assert shown_packages(data.replace(b"${", b"$")) == ()
    script = b"x(`there is no frobnicator in ${here} or ${there}`); y('nothing of it is there')"
    assert list(strings_in(script)) == [b"there is no frobnicator in ", b"nothing of it is there"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (b"leaflet-control-zoom-in", True),
        (b"onBeforeLayoutMeasure", True),
        (b"__REACT_DND_CONTEXT_INSTANCE__", True),
        (b"leaflet-control", False),  # two words
        (b"application/vnd.ms-excel.sheet", False),  # what standards list
        (b"America/Argentina/San_Juan", False),
        (b"Access-Control-Allow-Origin", False),
        (b"Temporal.PlainDateTime", False),
    ],
)
def test_what_is_a_name(text: bytes, kept: bool) -> None:
    assert is_name(text) is kept


def scripts(
    *messages: bytes, names: tuple[bytes, ...] = (), files: tuple[bytes, ...] = (), needs: tuple[str, ...] = ()
) -> Scripts:
    return Scripts(bundle=(*messages, *names), files=files, version="1.0", needs=frozenset(needs))


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
    many = chosen(COMMON | {"frob": scripts(*messages(b"frob", 26) * 3, names=names)}, others=())
    assert all(" " in text for text in many["frob"]["strings"])


def test_strings_of_the_bundle_are_first_and_those_of_the_files_more() -> None:
    bundle, files = messages(b"frob", 6), messages(b"grok", 6)
    (row,) = chosen(COMMON | {"frob": scripts(*bundle, files=files)}, others=()).values()
    assert {text.encode() for text in row["strings"]} == {*bundle, *files}
    assert row["needed"] == 3
    many = messages(b"frob", 26) + messages(b"grok", 26) + messages(b"brill", 26)
    (row,) = chosen(COMMON | {"frob": scripts(*many, files=messages(b"tove", 26))}, others=()).values()
    assert len(row["strings"]) == KEPT + KEPT_OF_FILES
    assert row["needed"] == 4


def test_a_package_that_no_bundler_takes_is_looked_for_if_it_is_wanted() -> None:
    found = COMMON | {"theme": scripts(files=messages(b"frob", 5))}
    assert chosen(found, others=()) == {}
    assert set(chosen(found, others=(), wanted=("theme",))) == {"theme"}


def test_what_a_package_and_a_needed_one_have_is_the_needed_ones() -> None:
    one, two = messages(b"frob", 9), messages(b"grok", 9)
    found = {"frob": scripts(*one), "grok": scripts(*two, *one[:2], needs=("frob",))}
    made = chosen(COMMON | found, others=())
    assert {text.encode() for text in made["frob"]["strings"]} == set(one)
    apart = chosen(COMMON | found | {"grok": scripts(*two, *one[:2])}, others=())
    assert {text.encode() for text in apart["frob"]["strings"]} == set(one[2:])


def test_messages_that_two_have_are_those_of_the_one_that_many_need() -> None:
    one, two = messages(b"frob", 9), messages(b"grok", 9)
    name = b"frob-tile-pane"
    found = COMMON | {"frob": scripts(*one, names=(name,)), "grok": scripts(*two, *one[:2], names=(name,))}
    found |= {f"user{index}": scripts(b"the given argument is none", needs=("frob",)) for index in range(9)}
    made = chosen(found, others=())
    assert {text.encode() for text in made["frob"]["strings"]} == {*one, name}
    assert not {text.encode() for text in made["grok"]["strings"]} & {*one, name}
    # Of a package that is published with others inside many may need it, and its strings are theirs all the same.
    assert {*one[:2]}.isdisjoint(
        text.encode() for text in chosen(found, others=(), bundles=("frob",))["frob"]["strings"]
    )


def test_one_message_with_the_packages_name_shows_one_whose_bundle_has_few(monkeypatch: pytest.MonkeyPatch) -> None:
    more = COMMON | {f"more{index}": scripts(b"the given argument is none") for index in range(900)}
    said = b"[Frob] minified error number "
    made = chosen(more | {"frob": scripts(said, files=messages(b"grok", 3))}, others=())
    assert (made["frob"]["needed"], made["frob"]["sure"]) == (3, [said.decode()])
    assert "sure" not in chosen(more | {"frob": scripts(said, *messages(b"grok", 3))}, others=())["frob"]
    assert "sure" not in chosen(more | {"@x/frob": scripts(said, files=messages(b"grok", 3))}, others=())["@x/frob"]
    monkeypatch.setattr("castiron_audit.script_strings.document", lambda _: made)
    _known.cache_clear()
    try:
        assert [item.name for item in shown_packages(script(said.decode()))] == ["frob"]
        assert shown_packages(script(*(text.decode() for text in messages(b"grok", 3)[:2]))) == ()
    finally:
        _known.cache_clear()


def test_what_a_fork_and_its_original_have_is_the_originals() -> None:
    one, two = messages(b"frob", 5), messages(b"grok", 3)
    found = COMMON | {"frob": scripts(*one), "frob-next": scripts(*one, *two)}
    made = chosen(found, others=(), forks={"frob-next": "frob"})
    assert {name: {text.encode() for text in row["strings"]} for name, row in made.items()} == {
        "frob": set(one),
        "frob-next": set(two),
    }


def test_of_a_package_that_consists_of_copies_half_must_be_there() -> None:
    one, two = messages(b"frob", 8), messages(b"grok", 18)
    made = chosen(COMMON | {"frob": scripts(*one), "grok": scripts(*one, *two)}, others=())
    assert (made["frob"]["needed"], made["grok"]["needed"]) == (3, 9)


def test_two_rare_strings_that_are_all_show_a_package() -> None:
    made = chosen(COMMON | {"frob": scripts(b"frobnicator brillig toves", b"mimsy borogove wabe")}, others=())
    assert made == {}, "words among few packages tell little"
    more = COMMON | {f"more{index}": scripts(b"the given argument is none") for index in range(900)}
    (row,) = chosen(more | {"frob": scripts(b"frobnicator brillig toves", b"mimsy borogove wabe")}, others=()).values()
    assert (len(row["strings"]), row["needed"]) == (2, 2)


def test_what_a_folder_of_packages_has(tmp_path: Path) -> None:
    def package(name: str, files: dict[str, str]) -> None:
        folder = tmp_path / name
        for path, content in {"package.json": json.dumps({"name": name, "version": "2.0"}), **files}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)

    package("@x/frob", {"dist/a.js": 'throw Error("cannot frobnicate the given tile")+"frob-tile-pane"'})
    package("frob-es", {"a.mjs": "x('there is no frobnicator in here')", "test/t.js": "x('only a test says so here')"})
    package("frob-es/node_modules/inner", {"i.js": "x('what lies within is of another one')"})
    found = dict(read(tmp_path, {"frob-es": "@x/frob"}, ["@x/frob", "frob-es"]))
    assert found == {
        "@x/frob": Scripts(
            bundle=(),  # no bundler is there
            files=(b"cannot frobnicate the given tile", b"frob-tile-pane", b"there is no frobnicator in here"),
            version="2.0",
        )
    }


def test_a_bundle_is_that_of_a_page(tmp_path: Path) -> None:
    """The bundler is asked for all entries that pages import, then for the main one, then for programs of Node.js."""
    bundler = tmp_path / "esbuild"
    (tmp_path / "node_modules").mkdir()
    bundler.write_text(
        '#!/bin/sh\necho "$@" >> calls\ncat >> calls\ncase "$*" in *platform=node*) ;; *) exit 1;; esac\n'
        'echo "made()"\n'
    )
    bundler.chmod(0o755)
    manifest = {"exports": {".": "./a.js", "./more": "./b.js", "./package.json": "./p", "./x/*": "./x"}}
    manifest |= {"dependencies": {"need": "1"}, "peerDependencies": {"react": "*"}}
    assert page_bundle(bundler, tmp_path / "node_modules", "frob", manifest) == b"made()\n"
    calls = (tmp_path / "calls").read_text()
    assert calls.count("--minify") == 3
    assert calls.count('export * as n1 from "frob/more"') == 2
    assert "frob/package.json" not in calls
    assert "frob/x" not in calls
    for option in ('NODE_ENV="production"', "--external:need", "--external:react", "--platform=browser"):
        assert option in calls
    bundler.write_text("#!/bin/sh\nexit 1\n")
    assert page_bundle(bundler, tmp_path / "node_modules", "frob", {}) is None
