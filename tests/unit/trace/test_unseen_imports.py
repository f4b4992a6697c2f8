"""Warnings about computed imports of the application: none if all calls of the function that imports were followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from castiron_trace.model import Reached
    from tests.unit.trace.tracing import Tracer

OPT = "from importlib import import_module\ndef opt(name):\n    return import_module(name)\n"
LAZY = (
    "import importlib\n"
    "class Lazy:\n"
    "    def __init__(self, name): self._name = name\n"
    "    def __getattr__(self, item): return getattr(importlib.import_module(self._name), item)\n"
)


def warned(reached: Reached) -> list[str]:
    return [item.subject for item in reached.findings if item.severity == "warning"]


def reasons(reached: Reached) -> list[str]:
    return [f"{item.subject} {item.message.partition(',')[0]}" for item in reached.findings if item.severity == "info"]


@pytest.mark.parametrize(
    "code",
    [
        "opt('colorsys')",
        "for n in ('colorsys', 'wave'): opt(n)",
        "x = {'c': opt('colorsys')}\nx['c'].rgb_to_hls(1, 1, 1)",
        "def again(what): return opt(what)\nagain('colorsys')",
        "def twice(a, b='wave'): return opt(a), opt(b)\ntwice('colorsys')",
        "print(isinstance(opt('colorsys'), object))",
        "if __name__ == '__main__': opt('colorsys')",
        "try: opt('not_there')\nexcept ImportError: pass\nopt('colorsys')",
    ],
)
def test_calls_that_are_followed_give_no_warning(tracer: Tracer, code: str) -> None:
    reached = tracer({"app.py": OPT + code})
    assert warned(reached) == []
    assert "colorsys" in reached.modules
    assert warned(tracer({"app.py": f"from tools import opt\n{code}", "tools.py": OPT})) == []
    code = code.replace("opt(", "tools.opt(")
    assert warned(tracer({"app.py": f"import tools\n{code}", "tools.py": OPT})) == []


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import sys\nopt('colorsys')\nopt(sys.argv[1])", ":3 opt is called with a computed name"),
        ("names = input().split()\nopt(*names)", ":2 opt is called with a computed name"),
        ("def again(n): return opt(n)\nagain(input())", ":2 again is called with a computed name"),
        ("def again(n): return opt(n.lower())\nagain('colorsys')", ":1 opt is called with a computed name"),
        ("def again(n): return opt(n or input())\nagain('colorsys')", ":1 opt is called with a computed name"),
        ("list(map(opt, input().split()))", ":1 opt is not only called here"),
        ("table = {'x': opt}", ":1 opt is not only called here"),
        ("from functools import partial\nf = partial(opt)", ":2 opt is not only called here"),
        ("x = 'tools:opt'", ":1 opt is named in a text"),
        ("opt()", ":1 opt is called with a computed name"),
    ],
)
def test_a_call_that_is_not_followed_is_told(tracer: Tracer, code: str, why: str) -> None:
    reached = tracer({"app.py": f"from tools import opt\n{code}", "tools.py": OPT})
    assert warned(reached) == ["tools.py:3"]
    line, _, text = why[1:].partition(" ")
    assert reasons(reached) == [f"app.py:{int(line) + 1} {text}"]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("globals()[input()]('x')", "app.py:4 opt may be called by a computed name"),
        ("eval(input())", "app.py:4 opt may be called by a computed name"),
        ("import sys\ngetattr(sys.modules[__name__], input())('x')", "app.py:5 opt may be called by a computed name"),
    ],
)
def test_functions_that_are_called_by_their_names(tracer: Tracer, code: str, why: str) -> None:
    reached = tracer({"app.py": f"{OPT}{code}"})
    assert warned(reached) == ["app.py:3"]
    assert reasons(reached) == [why]


def test_a_module_that_is_passed_on_may_be_called_by_anybody(tracer: Tracer) -> None:
    reached = tracer({"app.py": "import tools\nprint(getattr(tools, input())('x'))", "tools.py": OPT})
    assert reasons(reached) == ["app.py:2 opt is not only called here"]
    reached = tracer(
        {"app.py": "from p import tools\ntools.opt('x')\nx = [tools]", "p/__init__.py": "", "p/tools.py": OPT}
    )
    assert warned(reached) == []  # all of the package goes in


def test_what_a_decorator_may_call(tracer: Tracer) -> None:
    """A command line gives what its user says."""
    source = "from importlib import import_module\n@DECORATOR\ndef opt(name):\n    import_module(name)\nopt('wave')"
    head = "import functools\ncommand = print\n"
    assert warned(tracer({"app.py": head + source.replace("DECORATOR", "command")})) == ["app.py:6"]
    assert warned(tracer({"app.py": head + source.replace("DECORATOR", "functools.cache")})) == []
    assert warned(tracer({"app.py": head + source.replace("DECORATOR", "functools.lru_cache(maxsize=3)")})) == []


def test_classes_that_import_what_their_constructor_gets(tracer: Tracer) -> None:
    assert (
        warned(tracer({"app.py": f"{LAZY}wave = Lazy('wave')\ndef f(x: Lazy) -> Lazy: return isinstance(x, Lazy)"}))
        == []
    )
    assert warned(tracer({"app.py": f"{LAZY}wave = Lazy(input())"})) == ["app.py:4"]
    assert warned(tracer({"app.py": f"{LAZY}class More(Lazy): pass\nMore('wave')"})) == ["app.py:4"]
    again = "    @classmethod\n    def of(cls, name): return cls(name)\nLazy('wave')\nLazy.of(input())"
    assert warned(tracer({"app.py": LAZY + again})) == ["app.py:4"]
    changed = "    def turn(self, name): self._name = name\nLazy('wave').turn(input())"
    assert warned(tracer({"app.py": LAZY + changed})) == ["app.py:4"]


def test_methods(tracer: Tracer) -> None:
    code = "class C:\n    def _load(self, n): return __import__(n)\n    def all(self): self._load('wave')\nC().all()\n"
    assert warned(tracer({"app.py": code})) == []
    assert warned(tracer({"app.py": f"{code}c = C()\nc._load(input())"})) == ["app.py:2"]
    reached = tracer({"app.py": code.replace("_load", "load")})
    assert warned(reached) == ["app.py:2"]
    assert reasons(reached) == ["app.py:2 C.load is a method"]


def test_functions_that_call_each_other_without_end(tracer: Tracer) -> None:
    code = "def one(n):\n    __import__(n)\n    one(n + '.x')\none('wave')"
    assert warned(tracer({"app.py": code})) == ["app.py:2"]
    code = "def one(n):\n    __import__(n)\n    two(n)\ndef two(n):\n    one(n)\ntwo('wave')"
    assert warned(tracer({"app.py": code})) == []


@pytest.mark.parametrize(
    ("text", "severity"), [('modules = ["steps"]', "info"), ('modules = ["pandas.core"]', "warning")]
)
def test_names_out_of_a_file_that_the_same_source_names(tracer: Tracer, text: str, severity: str) -> None:
    source = "import importlib, tomllib\nfrom pathlib import Path\nfile = Path(__file__).parent / 'flow.toml'\n"
    source += "names = tomllib.loads(file.read_text())['modules']\n"
    files = {"app.py": f"{source}[importlib.import_module(name) for name in names]", "flow.toml": text}
    reached = tracer({**files, "steps.py": ""})
    (finding,) = (item for item in reached.findings if item.code == "computed-import")
    assert finding.severity == severity
