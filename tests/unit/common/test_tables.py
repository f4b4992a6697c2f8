from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003
from dataclasses import dataclass, field
from enum import StrEnum

import pytest

from castiron_common.tables import TableError, read_table


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, kw_only=True)
class Inner:
    size: int
    colour: Colour | None = None


@dataclass(frozen=True, kw_only=True)
class Outer:
    name: str
    inner: Inner
    words: tuple[str, ...] = ()
    rows: tuple[Inner, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    share: float = 0.5
    wanted: bool = False


def test_a_table_becomes_its_dataclass() -> None:
    table = {
        "name": "n",
        "inner": {"size": 3, "colour": "red"},
        "words": ["a", "b"],
        "rows": [{"size": 1}],
        "texts": {"k": "v"},
        "share": 1,
        "wanted": True,
    }
    assert read_table(Outer, table) == Outer(
        name="n",
        inner=Inner(size=3, colour=Colour.RED),
        words=("a", "b"),
        rows=(Inner(size=1),),
        texts={"k": "v"},
        share=1.0,
        wanted=True,
    )


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"nam": "x"}, "nam: there is no key 'nam'; perhaps name is meant"),
        ({"zzzzzz": "x"}, "zzzzzz: there is no key 'zzzzzz'; there are inner, name"),
        ({"inner": {"sise": 3}}, "inner.sise: there is no key 'sise'; perhaps size is meant"),
        ({"inner": {}}, "inner.size is missing"),
        ({"inner": 3}, "inner is not a table"),
        ({"inner": {"size": "3"}}, "inner.size is not a whole number"),
        ({"inner": {"size": True}}, "inner.size is not a whole number"),
        ({"inner": {"size": 1, "colour": "rad"}}, "inner.colour: there is no value 'rad'; perhaps red is meant"),
        ({"name": 3}, "name is not a text"),
        ({"words": "a"}, "words is not an array"),
        ({"words": ["a", 3]}, r"words\[1\] is not a text"),
        ({"rows": [{"size": 1}, {}]}, r"rows\[1\].size is missing"),
        ({"texts": {"k": 1}}, "texts.k is not a text"),
        ({"wanted": 1}, "wanted is not true or false"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(more: dict[str, object], says: str) -> None:
    with pytest.raises(TableError, match=says):
        read_table(Outer, {"name": "n", "inner": {"size": 3}, **more})


def test_a_missing_table_is_named() -> None:
    with pytest.raises(TableError, match=r"^inner is missing$"):
        read_table(Outer, {"name": "n"})
