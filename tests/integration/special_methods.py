"""Makes random classes with special methods, changes them, and prints what their instances can do.

Arguments: how many classes, and optionally "searched": each class then has a key that is no string, so that its bases
are searched for each special method (docs/decisions/046-changes-of-the-interpreter.md).  What is printed is the same.
"""

from __future__ import annotations

import operator
import random
import sys
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BINARY = {
    **{name: getattr(operator, f"__{name}__") for name in ("add", "sub", "mul", "matmul", "truediv", "floordiv")},
    **{name: getattr(operator, f"__{name}__") for name in ("mod", "pow", "lshift", "rshift", "and", "xor", "or")},
    "divmod": divmod,
}
IN_PLACE = {name: getattr(operator, f"__i{name}__") for name in BINARY if name != "divmod"}
COMPARISONS = {name: getattr(operator, name) for name in ("lt", "le", "eq", "ne", "gt", "ge")}
UNARY = (
    *(len, iter, next, bool, repr, str, hash, int, float, abs, operator.index),
    *(operator.neg, operator.pos, operator.inv, aiter, anext),
)
OTHER = (
    *("hash", "repr", "str", "bool", "len", "iter", "next", "contains", "getitem", "setitem", "delitem", "call"),
    *("int", "float", "index", "abs", "neg", "pos", "invert", "await", "aiter", "anext", "get", "set", "delete"),
    *("getattr", "getattribute", "setattr", "delattr", "init", "new", "del"),
)
NAMES = [
    *(f"__{prefix}{name}__" for name in BINARY for prefix in ("", "r")),
    *(f"__i{name}__" for name in IN_PLACE),
    *(f"__{name}__" for name in (*COMPARISONS, *OTHER)),
]
RESULTS = {"__len__": 3, "__hash__": 7, "__bool__": False, "__int__": 5, "__index__": 4, "__float__": 2.5}
BUILT_IN: tuple[type, ...] = (object, int, str, list, dict, tuple, set, float, bytes, Exception)
NEW = object.__new__


class Odd:
    """A key that is no string, and is equal to one."""

    def __hash__(self) -> int:
        return hash("__len__")

    def __eq__(self, other: object) -> bool:
        return other == "__len__"


def nothing(*_: object) -> None:
    pass


def ends(*arguments: object) -> None:
    raise IndexError if len(arguments) > 1 else StopIteration


def new(cls: type, *_: object) -> object:
    return NEW(cls)


def returning(result: object) -> Callable[..., object]:
    def method(*_: object) -> object:
        return result

    return method


def method(chance: random.Random, name: str) -> object:
    kind = chance.randrange(8)
    if name == "__del__":
        return nothing
    if kind == 0:
        return None
    if kind == 1:
        return getattr(chance.choice(BUILT_IN), name, None)
    if name in ("__getitem__", "__next__"):
        return ends
    if name == "__new__":
        return new
    if name in ("__getattribute__", "__init__", "__setattr__", "__delattr__"):
        return nothing
    return returning(RESULTS.get(name, name))


def namespace(chance: random.Random, names: Sequence[str], *, searched: bool) -> dict[Any, object]:
    methods: dict[Any, object] = {name: method(chance, name) for name in names}
    kind = chance.randrange(10)
    if kind == 1:
        methods[Odd()] = None
    if searched:
        return {**methods, 1: 2}
    if kind == 2:
        # A dictionary that shares its keys with others.
        holder = type("Holder", (), {})()
        for name, value in methods.items():
            holder.__dict__[name] = value
        return dict.copy(holder.__dict__)
    return methods


def described(action: Callable[[], object]) -> str:
    try:
        result = action()
    except RecursionError:
        return "RecursionError"
    except BaseException as error:
        return type(error).__name__
    # Neither addresses nor hashes that are made of them.
    small = type(result) is int and abs(result) < 1000
    text = type(result) is str and not result.startswith("<")
    return repr(result) if small or text or type(result) in (bool, float) else type(result).__name__


def uses(one: Any) -> Iterator[Callable[[], object]]:
    for function in UNARY:
        yield partial(function, one)
    yield partial(operator.call, one)
    yield partial(operator.getitem, one, 0)
    yield partial(operator.setitem, one, 0, 1)
    yield partial(operator.delitem, one, 0)
    yield partial(operator.contains, one, 1)
    yield partial(getattr, one, "nothing")
    yield partial(setattr, one, "x", 1)
    yield partial(delattr, one, "x")
    yield partial(getattr, type("Owner", (), {"x": one})(), "x")
    yield partial(setattr, type("Owner", (), {"x": one})(), "x", 1)
    for function in BINARY.values():
        yield partial(function, one, one)
        yield partial(function, one, 1)
        yield partial(function, 1, one)
    for function in (*IN_PLACE.values(), *COMPARISONS.values()):
        yield partial(function, one, 1)


def show(number: int, changed: str, cls: type) -> None:
    made = described(cls)
    try:
        one = cls()
    except BaseException:
        print(number, changed, made)
        return
    print(number, changed, made, *(described(action) for action in uses(one)))


def main(count: int, *, searched: bool) -> None:
    chance = random.Random(20)
    classes = list(BUILT_IN)
    for number in range(count):
        bases = tuple(dict.fromkeys(chance.choice(classes) for _ in range(chance.choice((1, 1, 1, 2, 3)))))
        names = chance.sample(NAMES, chance.choice((0, 0, 1, 2, 5, 12)))
        try:
            made = type(f"C{number}", bases, namespace(chance, names, searched=searched))
        except TypeError:
            print(number, "TypeError")
            continue
        show(number, "-", made)
        for _ in range(chance.randrange(3)):
            name = chance.choice(NAMES)
            if chance.randrange(3):
                setattr(made, name, method(chance, name))
            elif name in vars(made):
                delattr(made, name)
            show(number, name, made)
        classes.append(made)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(int(sys.argv[1]), searched=sys.argv[2:] == ["searched"])
