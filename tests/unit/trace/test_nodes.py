"""Our walk over syntax trees finds what `ast.walk` does, in its order, but for contexts."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from castiron_trace.analyser.syntax.nodes import Tree, nodes_of, parents_of

SOURCES = {
    "match": "match x:\n    case {'a': [1, *rest], **more} if y: pass\n    case P(a, b=c) | None: pass\n",
    "names": "b = [a.b[c:d] for a in (yield) if not -a]\n*c, d = e\nasync def f(a, /, *c, d=2, **e): await h\n",
    "texts": "f'{a!r:>{b}}' 'c'\nx: int = (y := 1j)\nwith a as b, c: del d[0]\n",
    "tries": "try: pass\nexcept* E as e: raise F from e\n",
    "this": Path(__file__).read_text(),
    "ast": Path(ast.__file__).read_text(),
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_all_nodes_in_the_order_of_the_standard_librarys_walk(source: str) -> None:
    tree = ast.parse(source)
    expected = [node for node in ast.walk(tree) if not isinstance(node, ast.expr_context)]
    assert nodes_of(tree) == expected
    parents = {child: node for node in expected for child in ast.iter_child_nodes(node)}
    expected_parents = {node: around for node, around in parents.items() if not isinstance(node, ast.expr_context)}
    assert list(parents_of(tree).items()) == list(expected_parents.items())
    assert Tree(tree).calls == [node for node in expected if isinstance(node, ast.Call)]
