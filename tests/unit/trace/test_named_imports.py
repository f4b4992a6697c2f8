"""Functions that import what an argument names: ``import_optional("x")``."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import ModuleMissingError
from castiron_trace.analyser.syntax import scanner
from castiron_trace.analyser.syntax.second_reading import read_again, reading_from_plain, reading_to_plain
from castiron_trace.certain_failures import refuse_certain_failures
from castiron_trace.hints.reader import shipped_hints
from castiron_trace.protocol import Tier
from tests.unit.trace.making import install, site_of
from tests.unit.trace.tracing import codes, of

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import Site, TargetPython
    from castiron_wheels.model import ResolvedDistribution
    from tests.unit.trace.tracing import Tracer

OPTIONAL = """
import importlib
def optional(name, extra="", *, errors="raise"):
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        if errors == "raise":
            raise ImportError(extra) from error
        return None
    return module
"""
"""As pandas has it."""


def passers(source: str) -> list[str]:
    """Return the functions that are found in a source, with what they do with their argument."""
    scan = scanner.scan_source(source.encode(), own=False, hints=shipped_hints().sources)
    return [
        f"{item.function}({item.parameter} {item.position}{f' {item.many}' if item.many else ''}) "
        f"{item.prefix}*{item.suffix}{'' if item.exact else ' inexact'}{' sure' if item.sure else ''}"
        for item in scan.passers
    ]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(n):\n    return import_module(n)", "f(n 0) * sure"),
        ("def f(a, *, n='x'):\n    return importlib.import_module(n)", "f(n -1) * sure"),
        ("def f(n):\n    return __import__(n)", "f(n 0) * sure"),
        ("def f(n):\n    import_module(name=n)", "f(n 0) * sure"),
        ("from importlib import import_module as get\ndef f(n):\n    return get(n)", "f(n 0) * sure"),
        ("def f(n):\n    return import_module(f'p.{n}_x')", "f(n 0) p.*_x sure"),
        ("def f(n):\n    return import_module('p.%s' % n)", "f(n 0) p.* sure"),
        ("def f(n):\n    return import_module('p.{}'.format(n))", "f(n 0) p.* sure"),
        ("def f(n):\n    return import_module('.' + n, __package__)", "f(n 0) {__package__}.* sure"),
        ("def f(n):\n    m = n\n    return import_module(m)", "f(n 0) * sure"),
        ("def f(n):\n    return import_module(n.split('.')[0])", "f(n 0) * inexact"),
        ("def f(n):\n    return import_module(T.get(n, n))", "f(n 0) * inexact"),
        ("def f(n):\n    n = g(n)\n    return import_module(n)", "f(n 0) * inexact"),
        ("def f(*names):\n    for n in names:\n        import_module(n)", "f(names 0 rest) *"),
        ("def f(x, names):\n    return [import_module(n) for n in names]", "f(names 1 items) *"),
        ("class C:\n    def f(self, n):\n        import_module(n)", "C.f(n 0) * sure"),
        ("class C:\n    @staticmethod\n    def f(n):\n        import_module(n)", "C.f(n 0) * sure"),
        ("class C:\n    def __init__(self, n):\n        import_module(n)", "C(n 0) * sure"),
        ("class C:\n def __init__(self, a, n):\n  self.n = n\n def f(self):\n  import_module(self.n)", "C(n 1) *"),
        (
            "class C(M):\n def __init__(s, n):\n  super().__init__(n)\n def f(self):\n  import_module(self.__name__)",
            "C(n 0) *",
        ),
        ("@dataclass\nclass C:\n    a: int\n    n: str\n    def f(self):\n        import_module(self.n)", "C(n 1) *"),
        ("def f(n):\n    spec = find_spec(n)\n    return module_from_spec(spec)", "f(n 0) *"),
        ("def f(n):\n    return find_spec(n) is not None", ""),
        ("def f(n):\n    return import_module(g(n))", ""),
        ("def f(n, m):\n    return import_module(n + m)", ""),
    ],
)
def test_what_a_parameter_leads_to(source: str, found: str) -> None:
    assert passers(source) == ([found] if found else [])


SURE = {
    "plain": "import_module(n)",
    "after others": "'''text'''\n    x = 1\n    if x: y = 2\n    return import_module(n)",
    "raises again": "try:\n        return import_module(n)\n    except ImportError:\n        raise",
    "another error": "try:\n        return import_module(n)\n    except ImportError as e:\n        raise Own() from e",
    "another handler": "try:\n        return import_module(n)\n    except AttributeError:\n        return None",
    "by default": "try:\n        return import_module(n)\n    except ImportError:\n        if not quiet: raise",
    "with": "with warnings.catch_warnings():\n        return import_module(n)",
}


@pytest.mark.parametrize("body", SURE.values(), ids=SURE)
def test_what_is_surely_imported(body: str) -> None:
    assert passers(f"def f(n, quiet=False):\n    {body}") == ["f(n 0) * sure"]


NOT_SURE = {
    "hidden": "try:\n        return import_module(n)\n    except ImportError:\n        return None",
    "hidden by all": "try:\n        import_module(n)\n    except Exception:\n        log()",
    "hidden by an outer one": (
        "try:\n        try:\n            import_module(n)\n        except ImportError:\n            raise E\n"
        "    except E:\n        pass"
    ),
    "on a condition": "if x:\n        import_module(n)",
    "after a return": "if n in sys.modules:\n        return\n    import_module(n)",
    "in a part that may not run": "return x and import_module(n)",
    "later": "def g():\n        import_module(n)\n    return g",
    "in a loop": "while x:\n        import_module(n)",
    "suppressed": "with suppress(ImportError):\n        import_module(n)",
    "by default": "try:\n        import_module(n)\n    except ImportError:\n        if quiet: return\n        raise",
    "a generator": "yield\n    import_module(n)",
}


@pytest.mark.parametrize("body", NOT_SURE.values(), ids=NOT_SURE)
def test_what_may_go_on(body: str) -> None:
    assert passers(f"def f(n, quiet=True):\n    {body}") == ["f(n 0) *"]


@pytest.mark.parametrize("other", ["def f(n): pass", "if x:\n    def f(n): pass", "f = g(f)"])
def test_a_function_that_is_bound_twice_is_not_sure(other: str) -> None:
    assert passers(f"def f(n):\n    import_module(n)\n{other}") == ["f(n 0) *"]


def test_signatures_for_type_checkers_are_no_functions() -> None:
    assert passers("@overload\ndef f(n): ...\n@t.overload\ndef f(n): ...\ndef f(n):\n import_module(n)") == [
        "f(n 0) * sure"
    ]


def test_a_second_reading_is_the_same_after_the_cache() -> None:
    source = b"from m import f, B\ndef g(n, *m):\n    f(n, key=1)\n    f(*m)\nclass C(B): pass\ng('x')\nf(['a'], k='b')"
    reading = read_again(source, {"f", "B"}, shipped_hints().sources)
    assert reading.calls
    assert reading.passers
    assert reading.bases == (("C", "m.B"),)
    assert reading_from_plain(json.loads(json.dumps(reading_to_plain(reading)))) == reading


@pytest.mark.parametrize("source", [b"x =", b"", b"\0"])
def test_a_second_reading_of_what_cannot_be_read_is_empty(source: bytes) -> None:
    assert read_again(source, {"f"}, shipped_hints().sources) == reading_from_plain(
        {"calls": [], "passers": [], "bases": [], "uses": []}
    )


def beside(prefix: Path, files: dict[str, str], *others: ResolvedDistribution) -> Site:
    lib = install(prefix, "lib", {"lib/__init__.py": "", "lib/compat.py": OPTIONAL, **files})
    return replace(site_of(prefix, lib, *others), bystanders=frozenset(item.name for item in others))


def extra(prefix: Path) -> ResolvedDistribution:
    return install(prefix, "extra", {"extra.py": "", "extra_more.py": ""}, direct=False)


CALLS = {
    "by name": "from lib.compat import optional\n{}optional('extra')",
    "by another name": "from lib.compat import optional as o\n{}o('extra')",
    "relative": "from .compat import optional\n{}optional('extra')",
    "by keyword": "from lib.compat import optional\n{}optional(extra='text', name='extra')",
    "of a module": "from lib import compat\n{}compat.optional('extra')",
    "of a module by its whole name": "import lib.compat\n{}lib.compat.optional('extra')",
    "of a module by another name": "import lib.compat as c\n{}c.optional('extra')",
    "from a package that has it from elsewhere": "from lib.api import optional\n{}optional('extra')",
    "from a package with a star": "from lib.star import optional\n{}optional('extra')",
    "handed on": "from lib.compat import optional\ndef get(x, n):\n    return optional(n)\n{}get(1, 'extra')",
    "handed on by another module": "from lib.passing import get\n{}get('extra')",
    "the result is used": "from lib.compat import optional\n{}x = optional('extra').y",
}
API = {
    "lib/api.py": "from lib.compat import optional",
    "lib/star.py": "from lib.compat import *",
    "lib/passing.py": "from lib.compat import optional\ndef get(name):\n    return optional(name)",
}


@pytest.mark.parametrize("code", CALLS.values(), ids=CALLS)
def test_what_a_literal_names_is_imported(code: str, tracer: Tracer, tmp_path: Path) -> None:
    """Of an environment that nobody named, too: as an import statement at the same place."""
    site = beside(tmp_path, {**API, "lib/used.py": code.format("")}, extra(tmp_path))
    reached = tracer({"app.py": "import lib.used"}, site)
    assert of(reached, "extra") == {"extra"}
    assert reached.modules["extra"].weakest == Tier.REQUIRED


@pytest.mark.parametrize("code", CALLS.values(), ids=CALLS)
def test_what_a_function_calls_is_optional(code: str, tracer: Tracer, tmp_path: Path) -> None:
    site = beside(tmp_path, {**API, "lib/used.py": code.format("def later(): ")}, extra(tmp_path))
    reached = tracer({"app.py": "import lib.used"}, site)
    assert of(reached, "extra") == set()
    assert [item.distribution for item in reached.left_out] == ["extra"]
    # An environment that was named has it.
    assert of(tracer({"app.py": "import lib.used"}, replace(site, bystanders=frozenset())), "extra") == {"extra"}


GUARDED = {
    "the callee": "optional('missing', errors='ignore')",
    "the callee, for all that is known": "optional('missing', errors=x)",
    "unpacked arguments": "optional('missing', **x)",
    "the caller": "try: optional('missing')\nexcept ImportError: pass",
    "a condition": "if x: optional('missing')",
    "a part of an expression": "y = x or optional('missing')",
    "a loop": "for x in y: optional('missing')",
    "a decorator": "@optional('missing')\ndef f(): pass",
    "another function of the name": "def optional(n): pass\noptional('missing')",
}


@pytest.mark.parametrize("code", GUARDED.values(), ids=GUARDED)
def test_what_may_be_missing_is_no_error(code: str, tracer: Tracer, tmp_path: Path, python: TargetPython) -> None:
    site = beside(tmp_path, {"lib/used.py": f"from lib.compat import optional\n{code}"})
    reached = tracer({"app.py": "import lib.used"}, site)
    refuse_certain_failures(reached, python, ())
    assert "missing-module" not in codes(reached)


def test_what_is_surely_missing_is_an_error(tracer: Tracer, tmp_path: Path, python: TargetPython) -> None:
    site = beside(tmp_path, {"lib/used.py": "from lib.compat import optional\noptional('missing', 'text')"})
    reached = tracer({"app.py": "import lib.used"}, site)
    with pytest.raises(ModuleMissingError, match=r"lib/used\.py:2 imports missing"):
        refuse_certain_failures(reached, python, ())


def test_methods_are_inherited_across_modules(tracer: Tracer, tmp_path: Path) -> None:
    files = {
        "lib/base.py": (
            "class Base:\n    def need(self, *names):\n        for n in names: self._one(n)\n"
            "    def _one(self, n):\n        return __import__(n)\n"
        ),
        "lib/used.py": "from lib.base import Base\nclass Own(Base):\n    def run(self): self.need('extra', 'colorsys')",
    }
    site = replace(beside(tmp_path, files, extra(tmp_path)), bystanders=frozenset())
    reached = tracer({"app.py": "import lib.used"}, site)
    assert of(reached, "extra") == {"extra"}
    assert "colorsys" in reached.modules


def test_functions_that_call_themselves_or_each_other_come_to_an_end(tracer: Tracer, tmp_path: Path) -> None:
    code = (
        "def alone(n):\n    __import__(n)\n    alone(n + '.x')\n"
        "def one(n):\n    __import__(n)\n    other(n + '.x')\n"
        "def other(n):\n    one('a.' + n)\n"
        "alone('colorsys')\none('bz2')\n"
    )
    reached = tracer({"app.py": "import lib.used"}, beside(tmp_path, {"lib/used.py": code}))
    assert {"colorsys", "bz2"} <= reached.modules.keys()


def test_lazy_modules_and_lists_and_defaults(tracer: Tracer, tmp_path: Path) -> None:
    files = {
        "lib/lazy.py": (
            "from importlib import import_module as get\n"
            "class Lazy:\n    def __init__(self, name): self._name = name\n    def load(self): return get(self._name)\n"
            "def several(names):\n    return [get(f'extra_{n}') for n in names]\n"
            "def engine(name='bz2'):\n    return get(name)\n"
        ),
        "lib/used.py": (
            "from lib.lazy import Lazy, several\nx = Lazy('extra')\nseveral(['more'])\n"
            "for name in ('lzma', 'colorsys'):\n    Lazy(name)\n"
        ),
    }
    site = replace(beside(tmp_path, files, extra(tmp_path)), bystanders=frozenset())
    reached = tracer({"app.py": "import lib.used"}, site)
    assert of(reached, "extra") == {"extra", "extra_more"}
    assert {"lzma", "colorsys", "bz2"} <= reached.modules.keys()


def test_a_function_of_the_same_name_may_do_without(tracer: Tracer, tmp_path: Path, python: TargetPython) -> None:
    """`sympy.external.import_module` returns None for what does not exist."""
    code = "def import_module(n):\n    try: return __import__(n)\n    except ImportError: return None\n"
    files = {"lib/own.py": code, "lib/used.py": "from lib.own import import_module\nx = import_module('missing')"}
    reached = tracer({"app.py": "import lib.used"}, beside(tmp_path, files))
    refuse_certain_failures(reached, python, ())


def test_python_s_own_functions_under_other_names(tracer: Tracer, tmp_path: Path, python: TargetPython) -> None:
    files = {"lib/used.py": "import importlib as i\nfrom importlib import import_module as f\n"}
    files["lib/used.py"] += "f('colorsys')\ni.import_module('missing')"
    reached = tracer({"app.py": "import lib.used"}, beside(tmp_path, files))
    assert "colorsys" in reached.modules
    with pytest.raises(ModuleMissingError, match="missing"):
        refuse_certain_failures(reached, python, ())


@pytest.mark.parametrize(
    "call",
    [
        "optional('far.kinds.' + name)",
        "optional(f'far.kinds.{name}')",
        "optional('far.kinds.%s' % name)",
        "full = 'far.kinds.' + name\n    optional(full)",
        "again('far.kinds.' + name)",
    ],
)
def test_an_argument_that_begins_with_a_package_brings_what_is_below(call: str, tracer: Tracer, tmp_path: Path) -> None:
    """eventlet: ``for pkg in dns.rdtypes.__all__: import_patched("dns.rdtypes." + pkg)``, a function of its own."""
    again = "def again(n):\n    optional(n)"
    files = {
        "lib/use.py": f"import os\nfrom lib.compat import optional\n{again}\nfor name in os.environ:\n    {call}\n"
    }
    reached = tracer(
        {"app.py": "import lib.use"}, replace(beside(tmp_path, files, far(tmp_path)), bystanders=frozenset())
    )
    assert of(reached, "far") == {"far", "far.kinds", "far.kinds.a"}


def test_a_function_that_hands_a_name_on_brings_what_its_calls_say(tracer: Tracer, tmp_path: Path) -> None:
    code = "from lib.compat import optional\ndef get(name):\n    return optional('far.' + name)\nget('kinds.a')"
    reached = tracer(
        {"app.py": "import lib.use"},
        replace(beside(tmp_path, {"lib/use.py": code}, far(tmp_path)), bystanders=frozenset()),
    )
    assert of(reached, "far") == {"far", "far.kinds", "far.kinds.a"}


def far(prefix: Path) -> ResolvedDistribution:
    files = {f"far/{name}.py": "" for name in ("__init__", "other", "kinds/__init__", "kinds/a")}
    return install(prefix, "far", files, direct=False)


def test_an_own_package_that_an_argument_begins_with_is_no_warning(tracer: Tracer) -> None:
    files = {
        "app.py": "import sys, tools\ntools.load(f'parts.{sys.argv[1]}')",
        "tools.py": "import importlib\ndef load(name):\n    return importlib.import_module(name)",
        "parts/__init__.py": "",
        "parts/one.py": "",
    }
    reached = tracer(files)
    assert "parts.one" in reached.modules
    unknown = tracer({**files, "app.py": "import sys, tools\ntools.load(f'gone.{sys.argv[1]}')"})
    warned = [[item for item in found.findings if item.severity == "warning"] for found in (reached, unknown)]
    assert [[item.code for item in items] for items in warned] == [[], ["computed-import"]]
