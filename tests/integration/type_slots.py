"""Prints each slot of each type that is made ready in another way than its methods say, and how many were looked at.

A type that has a function in a slot (``nb_add``) has the methods of that slot (``__add__``, ``__radd__``), by itself or
from a base; and one that has such a method as a wrapper of C code has a function in the slot.  Strings that C code
interns are the ones that ``sys.intern`` knows.  Sources: Include/typeslots.h; https://docs.python.org/3/c-api/type.html
"""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

METHODS = """
    3 setitem delitem, 4 len, 5 getitem, 6 abs, 7 add radd, 8 and rand, 9 bool, 10 divmod rdivmod, 11 float,
    12 floordiv rfloordiv, 13 index, 14 iadd, 15 iand, 16 ifloordiv, 17 ilshift, 18 imul, 19 ior, 20 ipow, 21 imod,
    22 irshift, 23 isub, 24 itruediv, 25 ixor, 26 int, 27 invert, 28 lshift rlshift, 29 mul rmul, 30 neg,
    31 or ror, 32 pos, 33 pow rpow, 34 mod rmod, 35 rshift rrshift, 36 sub rsub, 37 truediv rtruediv, 38 xor rxor,
    39 setitem delitem, 40 add, 41 contains, 42 iadd, 43 imul, 44 getitem, 45 len, 46 mul rmul, 75 matmul rmatmul,
    76 imatmul, 77 await, 78 aiter, 79 anext
"""
"""Numbers of slots, and the methods that each has, without their underscores."""
SLOTS = {int(number): names for number, *names in (row.split() for row in METHODS.split(","))}
IMMUTABLE = 1 << 8
"""Of ``__flags__``: a type that is written in C (``Py_TPFLAGS_IMMUTABLETYPE``)."""
WRAPPER = type(int.__add__)
STRINGS = ("", "x", "\xe9", "ab", "__init__", "caf\xe9", "\u4e2d\u6587", "a" * 63, "b" * 64, "word " * 50)


def types() -> Iterator[type]:
    """Yield every class there is, but those that are in no list of subclasses."""
    seen: set[type] = set()
    waiting: list[type] = [object]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            yield one
            waiting += type.__subclasses__(one)


def main() -> None:
    """Print what is wrong."""
    get_slot = ctypes.pythonapi.PyType_GetSlot
    get_slot.argtypes, get_slot.restype = (ctypes.py_object, ctypes.c_int), ctypes.c_void_p
    filled = missing = 0
    for one in types():
        methods = {name: value for base in reversed(one.__mro__) for name, value in vars(base).items()}
        named: dict[str, bool] = {}
        for slot, words in SLOTS.items():
            has = get_slot(one, slot) is not None
            names = [f"__{word}__" for word in words]
            named |= {name: named.get(name, False) or has for name in names}
            filled += has
            there = [name in methods for name in names]
            # A class that is written in Python has the slot with one of its methods.
            if has and not (all(there) if one.__flags__ & IMMUTABLE else any(there)):
                print(one, slot, "without", *names)
        for name, has in named.items():
            if isinstance(methods.get(name), WRAPPER) and not has:
                print(one, name, "without a slot")
            missing += not has
    print(filled > 500, missing > 5000)

    intern = ctypes.pythonapi.PyUnicode_InternFromString
    intern.argtypes, intern.restype = (ctypes.c_char_p,), ctypes.py_object
    for number, text in enumerate(STRINGS):
        for unknown in ("", f"{number}not yet known"):
            first = intern((text + unknown).encode())
            if not (first == text + unknown and first is sys.intern(text + unknown) is intern(first.encode())):
                print("interned twice:", ascii(first))
            if hash(first) != hash("".join([text, unknown])) or {first: 1}.get("".join([text, unknown])) != 1:
                print("another hash:", ascii(first))
            del first
    print(len([intern(b"again and again") for _ in range(1000)]), sys.getrefcount(intern(b"nobody else's")) < 4)


if __name__ == "__main__":
    main()
