"""``try: import a`` whose handler imports another module, raises or exits: which modules are surely needed."""

from __future__ import annotations

import ast

import pytest

from castiron_trace.analyser.syntax.alternatives import alternatives
from castiron_trace.analyser.syntax.conditions import Conditions

A = "try:\n import a\nexcept ImportError:\n"


def found(source: str) -> list[tuple[str, ...]]:
    node = ast.parse(source).body[-1]
    assert isinstance(node, ast.Try | ast.TryStar)
    return alternatives(node, Conditions({}))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (f"{A} import b", [("a", "b")]),
        (f"{A} from .b.c import x", [("a", ".b.c")]),
        ("try:\n import a, c\nexcept ImportError:\n import b", [("a", "b"), ("c", "b")]),
        (f"{A} try:\n  import b\n except ModuleNotFoundError:\n  import c", [("a", "b", "c")]),
        (f"{A} try:\n  import b\n except ImportError:\n  raise RuntimeError", [("a", "b")]),
        (f"{A} with open('x'):\n  import b", [("a", "b")]),
        (f"{A} if x:\n  import b\n else:\n  import c", [("a", "b", "c")]),
        (f"{A} if sys.platform == 'win32':\n  x = 1\n else:\n  import b", [("a", "b")]),
        (f"{A} raise", [("a",)]),
        (f"{A} raise SystemExit('install a')", [("a",)]),
        (f"{A} print('install a')\n sys.exit(1)", [("a",)]),
        (f"{A} print('install a')\n exit()", [("a",)]),
        (f"{A} sys.exit('install {{}}'.format(x))", [("a",)]),
        ("try:\n import a\nexcept OSError:\n pass", [("a",)]),
        ("try:\n import a\nexcept (OSError, Exception) as e:\n raise ValueError from e", [("a",)]),
        ("try:\n import a\nexcept unknown:\n raise\nexcept ImportError:\n import b", [("a", "b")]),
        (
            "try:\n try:\n  import a\n except ImportError:\n  import b\nexcept ImportError:\n import c",
            [("a", "b", "c")],
        ),
        ("try:\n try:\n  import a\n except ImportError:\n  raise\nexcept ImportError:\n raise", [("a",)]),
    ],
)
def test_one_of_them_is_needed(source: str, expected: list[tuple[str, ...]]) -> None:
    assert found(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        f"{A} a = None",
        f"{A} pass",
        f"{A} from . import b",  # may be an attribute
        f"{A} if x:\n  import b",
        f"{A} if x:\n  raise",
        f"{A} def f():\n  import b",
        f"{A} for x in y:\n  import b",
        f"{A} with suppress(ImportError):\n  import b",
        f"{A} try:\n  import b\n except ImportError:\n  b = None",
        f"{A} sys.path.append('x')\n import b",
        f"{A} sys.modules['b'] = x\n import b",
        f"{A} sys.exit(other_main())",
        f"{A} raise SystemExit(other_main())",
        f"{A} other_main()\n sys.exit(0)",
        "while True:\n pass\ntry:\n import a\nexcept unknown:\n pass\nexcept ImportError:\n raise",
        "try:\n x = y()\n import a\nexcept ImportError:\n raise",  # another exception may come first
        "try:\n import a\nexcept* ImportError:\n raise",
        "try:\n try:\n  import a\n except ImportError:\n  raise OSError\nexcept OSError:\n pass",
        "try:\n x = 1\nexcept ImportError:\n import b",
        "try:\n import a\nexcept ImportError:\n while x:\n  continue\n",
    ],
)
def test_the_program_may_go_on_without_it(source: str) -> None:
    assert found(source) == []


def test_a_return_a_break_or_a_continue_leaves_the_rest_out() -> None:
    for word in ("break", "continue"):
        loop = ast.parse(f"while x:\n try:\n  import a\n except ImportError:\n  {word}\n  raise").body[0]
        assert isinstance(loop, ast.While)
        node = loop.body[0]
        assert isinstance(node, ast.Try)
        assert alternatives(node, Conditions({})) == []


def test_too_many_ways_say_nothing() -> None:
    many = ", ".join(f"a{number}" for number in range(20))
    assert found(f"try:\n import {many}\nexcept ImportError:\n import b") == []
