"""Our frozen dataclasses behave as the standard library's, but for assignments at run time."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from castiron_common import frozen

MAKERS: tuple[Any, ...] = (dataclasses.dataclass, frozen.dataclass)


def classes(maker: Any) -> list[Any]:
    """Return the same three classes, made by one of the two."""

    @maker(frozen=True, slots=True, kw_only=True)
    class Base:
        name: str
        seen: dict[str, int] = dataclasses.field(default_factory=dict, hash=False)

    @maker(frozen=True, slots=True, kw_only=True)
    class Derived(Base):
        note: str = dataclasses.field(default="", compare=False, repr=False)

    @maker(frozen=True)
    class Own:  # noqa: PLW1641  # what becomes of its hash is the question
        value: int

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own) and self.value % 10 == other.value % 10

    @maker(frozen=True, slots=True)
    class Empty:
        pass

    return [Base, Derived, Own, Empty]


@pytest.mark.parametrize("maker", MAKERS)
def test_values_are_compared_shown_and_copied_as_the_standard_librarys(maker: Any) -> None:
    base, derived, own, empty = classes(maker)
    one, same = derived(name="a", note="x"), derived(name="a", note="y")
    assert one == same
    assert hash(one) == hash(same)
    assert one != derived(name="b")
    assert one != base(name="a")
    assert base(name="a", seen={"x": 1}) != base(name="a")
    assert hash(base(name="a", seen={"x": 1})) == hash(base(name="a"))
    assert repr(one) == "classes.<locals>.Derived(name='a', seen={})"
    assert dataclasses.replace(one, name="c") == derived(name="c")
    assert copy.deepcopy(one) == one
    assert dataclasses.asdict(one) == {"name": "a", "seen": {}, "note": "x"}
    assert derived.__match_args__ == ()
    assert [field.name for field in dataclasses.fields(derived)] == ["name", "seen", "note"]
    assert not hasattr(one, "__dict__")
    assert own(1) == own(11)
    assert repr(own(1)) == "own"
    assert own.__match_args__ == ("value",)
    assert empty() == empty()
    assert repr(empty()) == "classes.<locals>.Empty()"
    with pytest.raises(TypeError):
        derived(name="a", other=1)
    with pytest.raises((AttributeError, TypeError)):  # the latter by a mistake of CPython 3.11's
        one.other = 1


@frozen.dataclass(frozen=True, slots=True)
class Pickled:
    """A class that pickle finds by its name."""

    value: tuple[int, ...]


def test_values_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Pickled((1, 2)))) == Pickled((1, 2))


def test_others_than_frozen_ones_are_refused() -> None:
    with pytest.raises(TypeError, match="not frozen"):
        frozen.dataclass(frozen=False)
