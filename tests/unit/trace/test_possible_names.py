from __future__ import annotations

import ast

import pytest

from castiron_trace.analyser.syntax.nodes import Tree
from castiron_trace.analyser.syntax.possible_names import PossibleNames
from castiron_trace.analyser.syntax.scanner import scan_source
from castiron_trace.hints.model import SourceHints


def names(source: str) -> tuple[str, ...] | None:
    """Return what the argument of ``use()`` can be."""
    tree = ast.parse(source)
    call = next(n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "use")
    return PossibleNames(Tree(tree)).of(call.args[0])


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("for x in ('a', 'b'):\n    use(x)", "a b"),
        ("[use(x) for x in sorted(['a', 'b'])]", "a b"),
        ("NAMES = ['a', 'b']\nfor x in NAMES:\n    use(x)", "a b"),
        ("_T = {'x': 'a', 'y': 'b'}\ndef f(k):\n    use(_T[k])", "a b"),
        ("_T = {'x': ('a', 1), 'y': ('b', 2)}\ndef f(k):\n    use(_T[k][0])", "a b"),
        ("_T = {'x': ('a', 'f')}\ndef f(k):\n    module, name = _T[k]\n    use(module)", "a"),
        ("_T = {'x': 'a'}\ndef f(k):\n    use('.' + _T[k])", ".a"),
        ("_T = {'x': 'a'}\ndef f(k):\n    name = _T.get(k, 'c')\n    use(f'p.{name}')", "p.a p.c"),
        ("_T = {'a': ['x'], 'b': ['y']}\nfor m, n in _T.items():\n    use(m)", "a b"),
        ("_T = {'a': ['x'], 'b': ['y']}\nfor m in _T:\n    use(m)", "a b"),
        ("_T: dict = {'a': 'x'}\nfor m in _T.values():\n    use(m)", "x"),
        ("use('a' if x else 'b')", "a b"),
        ("x = None\nx = 'a'\nuse(x or 'b')", "a b"),
        ("for a in ('p', 'q'):\n    for b in ('1', '2'):\n        use(a + '.' + b)", "p.1 p.2 q.1 q.2"),
        ("P = ('a', 'b')\nuse(P[0])", "a"),
    ],
)
def test_what_literals_say(source: str, found: str) -> None:
    assert names(source) == tuple(found.split())


@pytest.mark.parametrize(
    "source",
    [
        "use(x)",
        "def f(x):\n    use(x)",
        "x = 'a'\ndef f(x):\n    use(x)",
        "x = 'a'\nx = other()\nuse(x)",
        "from m import x\nuse(x)",
        "from m import *\nx = 'a'\nuse(x)",
        "T = {'x': 'a'}\nT['y'] = other\nuse(T[k])",
        "T = {'x': 'a'}\nT.update(other)\nuse(T[k])",
        "T = {'x': 'a', **other}\nuse(T[k])",
        "T = ['a']\nT += other\nfor x in T:\n    use(x)",
        "T = ['a', *other]\nfor x in T:\n    use(x)",
        "T = {'x': 'a', 'y': other}\nuse(T[k])",
        "T = {'x': 'a'}\nuse(T.get(k, other))",
        "use(f'{x!r}')",
        "x = x + 'a'\nuse(x)",
        "with f() as x:\n    use(x)",
        "class C:\n    T = {'x': 'a'}\nuse(C.T[k])",
        "use({}[k])",
        "T = {'x': 'a'}\ndef f(k):\n    use(T[k])",
        "NAME = 'a'\ndef f():\n    use(NAME)",
        "_T = {'x': 'a'}\nfill(_T)\nuse(_T[k])",
        "_T = {'x': 'a'}\nother = _T\nuse(_T[k])",
        "_T = {'x': ['a']}\n_T['x'].append(k)\nuse(_T[k][0])",
        "_T = {'x': 'a'}\nadd = _T.update\nuse(_T[k])",
        "_T = {'x': 'a'}\ndef f():\n    return _T\nuse(_T[k])",
        "_N = 'a'\nglobals()['_N'] = k\nuse(_N)",
    ],
)
def test_whatever_could_be_something_else_has_no_answer(source: str) -> None:
    assert names(source) is None


def test_imports_by_tables_are_imports() -> None:
    source = (
        b"from importlib import import_module\n_LAZY = {'A': 'a', 'B': 'sub.b'}\n"
        b"def __getattr__(name):\n    return getattr(import_module('.' + _LAZY[name], __name__), name)\n"
    )
    scan = scan_source(source, own=False, hints=SourceHints())
    assert {item.module for item in scan.imports if item.line == 4} == {"{__name__}.a", "{__name__}.sub.b"}
    assert scan.computed == ()


@pytest.mark.parametrize(
    ("call", "prefix"),
    [
        ("import_module('.' + x, __name__)", "{__name__}"),
        ("import_module(f'.{x}', package=__package__)", "{__package__}"),
        ("import_module(f'.sub.{x}', __spec__.parent)", "{__package__}.sub"),
        ("import_module(f'.{x}', 'pkg')", "pkg"),
        ("import_module(f'{__name__}.{x}')", "{__name__}"),
        ("import_module(__package__ + '.plugins.' + x)", "{__package__}.plugins"),
        ("import_module('%s.%s' % (x, y))", ""),
        ("import_module(f'{type(x).__name__}.{y}')", ""),
        ("import_module(f'{x.__name__}.{y}')", ""),
        ("name = f'.sub.x{y}'; import_module(name, 'pkg')", "pkg.sub"),
        ("name = f'pkg.{y}'; name = y; import_module(name)", ""),
        ("import_module('..' + x, __name__)", ""),
    ],
)
def test_the_package_that_a_computed_name_begins_with(call: str, prefix: str) -> None:
    (computed,) = scan_source(call.encode(), own=False, hints=SourceHints()).computed
    assert (computed.prefix, computed.sure) == (prefix, bool(prefix))
