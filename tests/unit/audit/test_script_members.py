"""Packages of npm by names of members in scripts: how these are chosen, and how they are found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from castiron_audit.make_script_members import FEWEST, KEPT, Members, chosen, members_of
from castiron_audit.make_script_strings import DEPENDENTS
from castiron_audit.script_members import NAME, packages_of_members
from castiron_audit.tables import document, table
from tests.unit.audit.test_detection import detect_in, write

if TYPE_CHECKING:
    from pathlib import Path

POPULAR = "moment"
WORDS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel")


def names_of(package: str) -> list[str]:
    names: str = document(NAME)[package]["names"]
    return names.split()


def script(*names: str) -> bytes:
    """Return a script as a minifier leaves it."""
    return "".join(f"e.{name}=t,n.call(e.{name});" for name in names).encode()


OTHERS = {f"other{number}": Members(names=(), version="") for number in range(90)}
"""Among so many packages a word that one has tells enough."""


def members(letter: str, count: int = FEWEST, needs: frozenset[str] = frozenset()) -> Members:
    """Return names of two words that no other letter has."""
    names = (f"{letter}{word}{word[::-1].capitalize()}{letter}" for word in WORDS[:count])
    return Members(names=tuple(name.encode() for name in names), version="1.0", needs=needs)


def test_what_is_looked_for() -> None:
    rows = document(NAME)
    assert len(rows) >= 500
    assert not rows.keys() & {*table("script_packages")["others"], *table("script_packages")["bundles"]}
    assert not rows.keys() & set(table("script_packages")["members_of_others"])
    names = [name for row in rows.values() for name in row["names"].split()]
    assert len(names) == len(set(names)), "each is of one package alone"
    for row in rows.values():
        assert FEWEST <= row["needed"] <= len(row["names"].split()) <= KEPT
        assert row["from"].endswith(" (npm)")


def test_a_large_part_of_the_names_shows_a_package() -> None:
    names, needed = names_of(POPULAR), document(NAME)[POPULAR]["needed"]
    shown = packages_of_members(script(*names[:needed]))
    assert [(item.name, item.count) for item in shown] == [(POPULAR, needed)]
    assert shown[0].proof in names
    assert packages_of_members(script(*names[: needed - 1])) == ()
    assert packages_of_members(" ".join(names).encode()) == (), "words are no members"


def test_a_package_is_found_in_a_bundle(tmp_path: Path) -> None:
    path = write(tmp_path, "d/static/a1b2.js", script(*names_of(POPULAR)).decode())
    assert [(item.name, item.verdict.expression) for item in detect_in(tmp_path, path).components] == [(POPULAR, "MIT")]


def test_names_are_those_of_one_package_alone() -> None:
    everybody = (
        {letter: members(letter) for letter in "ab"} | {f"p{number}": members("q") for number in (1, 2)} | OTHERS
    )
    rows = chosen(everybody, {"b"})
    assert set(rows) == {"a"}, "not b, and not what two have"
    assert rows["a"] == {
        "names": b" ".join(everybody["a"].names).decode(),
        "needed": FEWEST,
        "from": "a 1.0 (npm)",
    }


def test_names_that_two_have_are_those_of_the_one_that_the_other_needs() -> None:
    everybody = {"a": members("a"), "user": Members(names=members("a").names, version="2.0"), **OTHERS}
    assert not chosen(everybody, ())
    everybody["user"] = Members(names=members("a").names, version="2.0", needs=frozenset({"a"}))
    assert set(chosen(everybody, ())) == {"a"}
    everybody["user"] = Members(names=members("a").names, version="2.0", made_with=frozenset({"a"}))
    assert set(chosen(everybody, ())) == {"a"}


def test_names_that_two_have_are_those_of_the_one_that_many_need() -> None:
    everybody = {"a": members("a"), "fork": members("a"), **OTHERS}
    for number in range(DEPENDENTS):
        assert not chosen(everybody, ())
        everybody[f"user{number}"] = Members(names=(), version="1.0", needs=frozenset({"a"}))
    assert set(chosen(everybody, ())) == {"a"}


def test_names_of_the_main_file_are_enough() -> None:
    names = members("a", 8).names
    for main, kept in ((names[:FEWEST], names[:FEWEST]), (names[: FEWEST - 1], names)):
        everybody = {"a": Members(names=names, version="1.0", main=frozenset(main)), **OTHERS}
        assert chosen(everybody, ())["a"]["names"] == b" ".join(kept).decode()


def test_what_is_read(tmp_path: Path) -> None:
    package = tmp_path / "p"
    package.mkdir()
    (package / "package.json").write_text(json.dumps({"version": "3.1", "peerDependencies": {"q": "1"}, "main": "b"}))
    (package / "a.js").write_text("x.firstThing(y.secondThing).z.$third0;other.short")
    (package / "b.js").write_text("x.$third0")
    (package / "a.test.js").write_text("x.ofTests")
    (package / "a.css").write_text(".ofSheets")
    assert members_of(tmp_path, "p") == Members(
        names=(b"firstThing", b"secondThing", b"$third0"),
        version="3.1",
        main=frozenset({b"$third0"}),
        needs=frozenset({"q"}),
    )
