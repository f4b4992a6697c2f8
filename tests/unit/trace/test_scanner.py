from __future__ import annotations

import ast
import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castiron_trace.analyser.syntax import scanner
from castiron_trace.analyser.syntax.conditions import Conditions
from castiron_trace.analyser.syntax.scan import MAIN_BLOCK, NAME_PLACEHOLDER, Scan, from_plain, to_plain
from castiron_trace.analyser.syntax.scanner import defined_names
from castiron_trace.hints.reader import shipped_hints
from castiron_trace.protocol import Tier

HINTS = shipped_hints().sources
CONDITIONS = Conditions({constant.name: constant.value for constant in HINTS.constants})


def scan_source(source: bytes, *, own: bool) -> Scan:
    return scanner.scan_source(source, own=own, hints=HINTS)


def imports(source: str) -> dict[str, tuple[int, int]]:
    """Return module -> (tier, line)."""
    found = scan_source(source.encode(), own=False).imports
    return {("." * level) + module: (tier, line) for module, level, _names, tier, line in found}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a.b", {"a.b": (Tier.REQUIRED, 1)}),
        ("\nfrom .x import y", {".x": (Tier.REQUIRED, 2)}),
        ("try:\n import a\nexcept ImportError:\n import b", {"a": (Tier.GUARDED, 2), "b": (Tier.GUARDED, 4)}),
        ("try:\n import a\nfinally:\n import b", {"a": (Tier.REQUIRED, 2), "b": (Tier.REQUIRED, 4)}),
        ("try:\n import a\nexcept* ValueError:\n import b", {"a": (Tier.GUARDED, 2), "b": (Tier.GUARDED, 4)}),
        ("with suppress(ImportError):\n import a", {"a": (Tier.GUARDED, 2)}),
        ("with open('x'):\n import a", {"a": (Tier.REQUIRED, 2)}),
        ("match x:\n case 1:\n  import a", {"a": (Tier.GUARDED, 3)}),
        ("if x:\n import a\nelse:\n import b", {"a": (Tier.GUARDED, 2), "b": (Tier.GUARDED, 4)}),
        ("def f():\n import a", {"a": (Tier.LAZY, 2)}),
        ("async def f():\n if x:\n  import a", {"a": (Tier.LAZY, 3)}),
        ("class C:\n import a", {"a": (Tier.REQUIRED, 2)}),
        ("import a\ndef f():\n import a", {"a": (Tier.REQUIRED, 1)}),
        ("if TYPE_CHECKING:\n import a\nelse:\n import b", {"b": (Tier.REQUIRED, 4)}),
        ("if not typing.TYPE_CHECKING:\n import a\nelse:\n import b", {"a": (Tier.REQUIRED, 2)}),
        ("if __name__ == '__main__':\n import a", {"a": (MAIN_BLOCK, 2)}),
        (
            "if __name__ == '__main__':\n try:\n  import a\n except ImportError: 0",
            {"a": (MAIN_BLOCK + Tier.GUARDED, 3)},
        ),
        ("if __name__ == '__main__':\n def f():\n  import a", {"a": (MAIN_BLOCK + Tier.LAZY, 3)}),
        ("if __name__ == '__main__':\n exec('import a')", {"a": (MAIN_BLOCK + Tier.GUARDED, 2)}),
        ("f = lambda: __import__('a')", {"a": (Tier.LAZY, 1)}),
        ("f = lambda a=__import__('a'), *, b=__import__('b'): a", {"a": (Tier.REQUIRED, 1), "b": (Tier.REQUIRED, 1)}),
    ],
)
def test_tiers(source: str, expected: dict[str, tuple[int, int]]) -> None:
    assert imports(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("importlib.import_module('a.b')", {"a.b"}),
        ("import_module(name='a')", {"a"}),
        ("__import__('a.b', fromlist=['c'])", {"a.b"}),
        ("import_module('.x', __package__)", {".x"}),
        ("import_module('.x', package='p.q')", {"p.q.x"}),
        ("import_module('..x', package='p.q')", {"p.x"}),
        ("import_module('.x', __name__)", {f"{NAME_PLACEHOLDER}.x"}),
        ("importlib.util.find_spec('a')", {"a"}),
        ("importlib.resources.files('a.b')", {"a.b"}),
        ("pkgutil.get_data('a', 'x.txt')", {"a"}),
        ("PackageLoader('a')", {"a"}),
        ("subprocess.run([sys.executable, '-m', 'a.b'])", {"a.b"}),
        ("run('-m', 'a')", {"a"}),
        ("run(f'{sys.executable} -m a.b --all')", {"a.b"}),
        ("run(' '.join([python, '-m a']))", {"a"}),
        ("'python -m a', '-m a-b', '-m a=b'", set()),
        ("runpy.run_module('a')", {"a"}),
        ("run([sys.executable, '-c', 'import a, b'])", {"a", "b"}),
    ],
)
def test_dynamic_imports_with_a_literal_name_are_followed(source: str, expected: set[str]) -> None:
    assert set(imports(source)) == expected


@pytest.mark.parametrize(
    "source",
    [
        "importlib.import_module(name)",
        "__import__(f'plugins.{x}')",
        "pkgutil.iter_modules(path)",
        "importlib.import_module('.x', package=other())",
        "import_string(path)",
        "runpy.run_module(x)",
    ],
)
def test_computed_names_are_reported_with_their_line(source: str) -> None:
    assert [item.line for item in scan_source(f"\n{source}".encode(), own=False).computed] == [2]


@pytest.mark.parametrize(
    ("argument", "prefix"),
    [
        ("f'a.b.{x}'", "a.b"),
        ("'a.b.' + x + '.c'", "a.b"),
        ("'a.%s' % x", "a"),
        ("'a.b.{}'.format(x)", "a.b"),
        ("'a.b.x_' + x", "a.b"),
        ("f'{x}.a'", ""),
        ("x", ""),
        ("'a' + x", ""),
    ],
)
def test_the_literal_beginning_of_a_computed_name(argument: str, prefix: str) -> None:
    scan = scan_source(f"importlib.import_module({argument})".encode(), own=False)
    assert scan.computed == ((1, "import_module", prefix, bool(prefix)),)


def test_strings_of_docstrings_and_annotations_are_no_names() -> None:
    source = b'"""pkg.mod"""\ndef f(x: "pkg.a") -> "pkg.b":\n    "pkg.c"\n    y: "pkg.d" = "pkg.e"\n'
    assert scan_source(source, own=False).dotted == (("pkg.e", 4),)


def test_entry_points_written_as_strings_are_names() -> None:
    source = b"CONVERTERS = ['alpha2 = pkg.converters.alpha2:Converter', 'key = value: text', 'a=b']"
    assert scan_source(source, own=False).dotted == (("pkg.converters.alpha2:Converter", 1),)


def test_own_code_keeps_its_short_strings() -> None:
    source = b"x = 'assets/banner.txt'\ny = 'shop'\n"
    assert scan_source(source, own=True).strings == (
        ("assets/banner.txt", 1),
        ("shop", 2),
    )
    assert scan_source(source, own=False).strings == ()


def test_codecs() -> None:
    scan = scan_source(b"a.encode('cp1252'); open('x', encoding='shift_jis'); str(b, 'utf-8')", own=False)
    assert scan.codecs == ("cp1252", "shift_jis", "utf-8")
    assert not scan.dynamic_codec
    assert scan_source(b"a.decode(charset)", own=False).dynamic_codec


@pytest.mark.parametrize(
    "call",
    [
        "codecs.encode(data, 'x')",
        "encode(data, 'x')",
        "codecs.open(path, 'r', 'x')",
        "codecs.EncodedFile(file, 'utf-8', 'x')",
        "getreader('x')",
        "codecs.lookup('x')",
        "open(path, 'r', -1, 'x')",
        "io.open(path, 'r', -1, 'x')",
        "os.fdopen(1, 'w', 1, 'x')",
        "io.TextIOWrapper(raw, 'x')",
        "path.open('r', -1, 'x')",
        "path.read_text('x')",
        "path.write_text(data, 'x')",
        "data.decode('x', 'replace')",
    ],
)
def test_places_of_encodings(call: str) -> None:
    scan = scan_source(call.encode(), own=False)
    assert "x" in scan.codecs
    assert not scan.dynamic_codec


@pytest.mark.parametrize(
    ("call", "dynamic"),
    [
        ("codecs.encode(data, name)", True),
        ("codecs.lookup(name)", True),
        ("open(path, 'r', -1, name)", True),
        ("io.TextIOWrapper(raw, name)", True),
        ("encode(data, name)", False),
        ("open(path, mode)", False),
        ("resources.read_text(package, name)", False),
        ("server.open(a, b, c)", False),
        ("lookup(name)", False),
    ],
)
def test_computed_encodings(call: str, dynamic: bool) -> None:
    assert scan_source(call.encode(), own=False).dynamic_codec is dynamic


@pytest.mark.parametrize(("source", "line"), [(b"x = (\n", 1), (b"\nprint 'a'\n", 2), (b"a\0b", 0)])
def test_a_syntax_error_has_a_line_and_nothing_else(source: bytes, line: int) -> None:
    scan = scan_source(source, own=False)
    assert scan.error is not None
    assert scan.error[0] in {line, 0, 1}
    assert scan == Scan(error=scan.error)


def test_deep_nesting_does_not_exhaust_the_stack() -> None:
    source = "x = " + "+".join(["1"] * 900) + "\nimport a\n"
    assert imports(source) == {"a": (Tier.REQUIRED, 2)}


@pytest.mark.parametrize(
    ("test", "value"),
    [
        ("sys.version_info >= (3, 8)", True),
        ("sys.version_info[0] == 2", False),
        ("sys.version_info[:2] < (3, 0)", False),
        ("sys.platform == 'win32'", False),
        ("sys.platform.startswith(('win', 'cygwin'))", False),
        ("os.name == 'nt' or sys.platform == 'darwin'", False),
        ("os.name == 'nt' and unknown()", False),
        ("os.name == 'posix' or unknown()", True),
        ("unknown() or os.name == 'nt'", None),
        ("not six.PY2", True),
        ("platform.system() == 'Linux'", True),
        ("0", False),
        ("name", None),
        ("sys.version_info < 'x'", None),
    ],
)
def test_conditions_of_the_target(test: str, value: bool | None) -> None:
    assert CONDITIONS.decided(ast.parse(test, mode="eval").body) is value


def test_defined_names() -> None:
    names, open_ended = defined_names(b"import os.path as p, sys\ndef main(): pass\nif x:\n  y = 1\nclass C: z = 2\n")
    assert {"p", "sys", "main", "y", "C"} <= names
    assert "z" not in names
    assert not open_ended
    assert defined_names(b"from x import *")[1]
    assert defined_names(b"def __getattr__(n): ...")[1]


@pytest.mark.parametrize(
    "source",
    [
        "pkg_resources.resource_filename('a.b', 'x')",
        "resource_string('a.b', 'x')",
        "pkg_resources.resource_listdir('a.b', 'x')",
        "importlib_resources.open_text('a.b', 'x')",
        "importlib.resources.files('a.b')",
        "jinja2.PackageLoader('a.b')",
        "PackageLoader('a.b')",
    ],
)
def test_packages_whose_data_files_are_read_are_imported(source: str) -> None:
    assert imports(source) == {"a.b": (Tier.GUARDED, 1)}


@pytest.mark.parametrize("source", ["resource_listdir('a.b', 'x')", "self.open_text('a.b', 'x')", "path('a.b')"])
def test_functions_of_common_names_count_only_with_their_module(source: str) -> None:
    assert imports(source) == {}


def test_functions_that_hints_name() -> None:
    assert scan_source(b"find_modules('a.b')", own=False).computed == ((1, "find_modules", "a", False),)
    assert scan_source(b"symbol_by_name('a.b')", own=False).computed == ()
    assert scan_source(b"symbol_by_name(name)", own=False).computed == ((1, "symbol_by_name", "", False),)
    assert scan_source(b"iter_entry_points('a')", own=False).entry_points == ("a",)
    assert scan_source(b"pkg_resources.declare_namespace(__name__)", own=False).extends_path


SOURCE_OF_ALL = b"""
from a import b
import_module(x)
def load(name): import_module(name)
CDLL("libx.so.1")
entry_points(group="group.")
open(p, encoding="utf-8")
open(p, encoding=e)
run_path("\xc3\xa4.py")
extend_path()
import os as o
o.system("ls")
open("read.txt")
open("written.txt", "w")
open(Path(__file__).parent / "changed.txt", "w")
sqlite3.connect(Path(__file__).parent / "own.db")
os.chdir(Path(__file__).parent / f"x{n}.y")
__path__.append("sub")
__path__.extend(places(__name__))
__getattr__, __dir__ = attach("a")
__all__ = ["b"]
sys.modules["c"] = b
sys.meta_path.append(b)
os.chdir(Path(sys.argv[0]).parent)
os.getenv("PARTS", "a.b")
DEFAULT = "shop_conf"
try: import b
except ImportError: import c
"""


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("source", [SOURCE_OF_ALL, b"", b"x ="])
def test_a_scan_is_the_same_after_the_cache(source: bytes, own: bool) -> None:
    scan = scan_source(source, own=own)
    assert from_plain(json.loads(json.dumps(to_plain(scan)))) == scan


def test_the_source_of_all_has_something_for_each_field() -> None:
    scans = [scan_source(SOURCE_OF_ALL, own=own) for own in (True, False)]
    names = {field.name for field in dataclasses.fields(scans[0])}
    empty = {name for name in names if not any(getattr(scan, name) for scan in scans)}
    assert empty == {"error", "packed", "beginning", "placed"}  # two are of compiled modules, the last needs a hint


@given(st.binary(max_size=200))
def test_no_bytes_break_the_scan(data: bytes) -> None:
    scan_source(data, own=True)


@given(st.text(alphabet="importfrx._ \n():'=[]", max_size=120))
def test_no_text_breaks_the_scan(text: str) -> None:
    scan = scan_source(text.encode(), own=True)
    assert from_plain(json.loads(json.dumps(to_plain(scan)))) == scan


def test_code_in_a_literal_may_have_what_no_source_has() -> None:
    scan = scan_source(b"exec('x = \\'\\ud800\\'')\nimport colorsys\n", own=False)
    assert (scan.error, [item.module for item in scan.imports]) == (None, ["colorsys"])
