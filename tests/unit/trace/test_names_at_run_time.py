"""Names that only a run makes: entries of ``sys.modules``, import hooks, attributes that import, changed paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import ModuleMissingError
from castiron_manifest.model import Severity
from castiron_trace.analyser.syntax import scanner
from castiron_trace.analyser.syntax.scan import Literal, PackagePath
from castiron_trace.certain_failures import missing_findings, refuse_certain_failures
from castiron_trace.checks import check_reached
from castiron_trace.entry import resolve_plan
from castiron_trace.hints.reader import shipped_hints
from castiron_trace.model import NO_SITE
from castiron_trace.plan import read_plan
from tests.unit.trace.conftest import options
from tests.unit.trace.making import install, site_of
from tests.unit.trace.tracing import codes, of, own

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.analyser.syntax.scan import Scan
    from castiron_trace.model import TargetPython
    from tests.unit.trace.tracing import Tracer


def scan_source(source: bytes) -> Scan:
    return scanner.scan_source(source, own=False, hints=shipped_hints().sources)


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("import a.b as c\nsys.modules['x'] = c", [("x", "a.b")]),
        ("from a import b\nsys.modules['x.y'] = b", [("x.y", "a.b")]),
        ("from . import b\nsys.modules[__name__ + '.x'] = b", [("{__name__}.x", ".b")]),
        ("from .a import b\nsys.modules.setdefault('x', b)", [("x", ".a.b")]),
        ("import a\nsys.modules.update({'x': a.b})", [("x", "a.b")]),
        ("sys.modules[f'{__name__}.moves.{name}'] = m", [("{__name__}.moves.*", "")]),
        ("sys.modules['x'] = importlib.import_module('a.b')", [("x", "a.b")]),
        ("sys.modules[__name__] = Lazy()", []),
        ("sys.modules[name] = m", []),
    ],
)
def test_entries_of_sys_modules(source: str, made: list[tuple[str, str]]) -> None:
    assert [(item.name, item.target) for item in scan_source(source.encode()).made] == made


def test_the_module_under_a_second_name_goes_in(tracer: Tracer) -> None:
    reached = tracer(
        {
            "app.py": "import sys, real\nsys.modules['second'] = real\nfrom second import part\nimport second.other",
            "real/__init__.py": "",
            "real/part.py": "",
            "real/other.py": "",
        }
    )
    assert {"real.part", "real.other"} <= own(reached)
    assert not reached.missing


def test_vendored_modules_under_the_names_of_an_import_hook(tracer: Tracer, tmp_path: Path) -> None:
    dist = install(
        tmp_path,
        "tool",
        {
            "tool/__init__.py": "import tool.extern\nfrom tool.extern.inner import x",
            "tool/extern/__init__.py": "import sys\nsys.meta_path.append(Importer(__name__))",
            "tool/_vendor/__init__.py": "",
            "tool/_vendor/inner.py": "",
        },
    )
    reached = tracer({"app.py": "import tool"}, site_of(tmp_path, dist))
    assert "tool._vendor.inner" in of(reached, "tool")
    assert "tool.extern.inner" not in reached.missing


def test_what_an_own_import_hook_may_make_is_no_error(tracer: Tracer, python: TargetPython) -> None:
    files = {"app.py": "import sys\nsys.meta_path.insert(0, Finder())\nimport virtual"}
    reached = tracer(files)
    entry = resolve_plan(read_plan(options(tracer.folder / "app", "app.py")), NO_SITE)
    check_reached(reached, entry)
    refuse_certain_failures(reached, python, ())
    assert reached.import_hook == "app.py:2"
    reached = tracer({"app.py": "import virtual"})
    with pytest.raises(ModuleMissingError):
        refuse_certain_failures(reached, python, ())


@pytest.mark.parametrize(
    ("file", "severity"), [("rules/tax.rule", Severity.INFO), ("rules/other.rule", Severity.WARNING)]
)
def test_a_file_that_an_own_import_hook_may_read(tracer: Tracer, file: str, severity: Severity) -> None:
    files = {
        "app.py": "import sys\nsys.meta_path.append(Finder())\nimport rules.tax",
        "rules/__init__.py": "",
        file: "",
    }
    (finding,) = missing_findings(tracer(files), ())
    assert finding.severity == severity
    assert ("tax.rule goes in, and app.py:2 adds a hook" in finding.message) == (severity == Severity.INFO)


@pytest.mark.parametrize("call", ["runpy.run_module(name, run_name='__main__')", "runpy.run_module('plain')"])
def test_programs_that_are_run_by_names_of_a_table(tracer: Tracer, tmp_path: Path, call: str) -> None:
    files = {"tool/__init__.py": "", "tool/__main__.py": "import colorsys", "plain.py": ""}
    source = f"import runpy\nTOOLS = {{'tool': 1, 'plain': 2}}\nfor name in TOOLS:\n    {call}"
    reached = tracer({"app.py": source}, site_of(tmp_path, install(tmp_path, "tool", files)))
    assert ("tool.__main__" in of(reached, "tool")) == ("name" in call)


@pytest.mark.parametrize(
    ("hook", "source", "place"),
    [
        ("builtins.__import__ = Hook().load", "plugins.Base(package='app.made')", "app.py:2"),
        ("sys.meta_path.append(Finder())", "plugins.Base(package='app.made')", "app.py:2"),
        ("sys.meta_path.append(Finder())", "plugins.Base(package='app.other')", ""),
        ("builtins.__import__", "plugins.Base(package='app.made')", ""),
    ],
)
def test_what_a_distribution_s_import_hook_makes_under_a_name_that_it_is_given(
    tracer: Tracer, tmp_path: Path, hook: str, source: str, place: str
) -> None:
    plugins = install(tmp_path, "plugins", {"plugins.py": f"import builtins, sys\n{hook}"})
    files = {"app.py": f"import plugins\n{source}\nfrom app.made import thing"}
    found = tracer(files, site_of(tmp_path, plugins))
    assert dict(found.given_names) == ({"app.made": place} if place else {})
    # It may bring that module, and no other.
    assert not found.import_hook


LAZY = {
    "table": "_T = {'Thing': 'things'}\ndef __getattr__(n): return getattr(load(_T[n]), n)",
    "relative": "_T = {'Thing': (__package__, '.things')}\ndef __getattr__(n): ...",
    "attach": "__getattr__, __dir__, __all__ = lazy.attach(__name__, submod_attrs={'things': ['Thing']})",
    "replaced": "sys.modules[__name__] = Lazy(__name__, {'things': ['Thing']})",
    "stub": "__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)",
}


@pytest.mark.parametrize("kind", LAZY)
def test_modules_that_attributes_import(tracer: Tracer, tmp_path: Path, kind: str) -> None:
    files = {
        "lib/__init__.py": LAZY[kind],
        "lib/__init__.pyi": "from .things import Thing",
        "lib/things.py": "",
        "lib/other.py": "",
    }
    reached = tracer({"app.py": "import lib"}, site_of(tmp_path, install(tmp_path, "lib", files)))
    assert of(reached, "lib") == {"lib", "lib.things"}
    assert {"pkg", "pkg.things"} <= own(
        tracer({"app.py": "import pkg", **{name.replace("lib/", "pkg/"): text for name, text in files.items()}})
    )


def test_strings_of_a_module_that_imports_on_attribute_access() -> None:
    scan = scan_source(b"def __getattr__(n): ...\nT = ['.a', 'b.c:d', 'two words']")
    assert scan.lazy == (Literal(".a", 2), Literal("b.c:d", 2))
    assert not scan.stub
    assert scan_source(b"class C:\n  def __getattr__(self, n): ...\n  x = 'a'").lazy == ()


@pytest.mark.parametrize(
    ("source", "added"),
    [
        ("__path__.append(os.path.join(os.path.dirname(__file__), 'a', 'b'))", [("a/b", False)]),
        ("__path__.insert(0, str(Path(__file__).parent / 'a'))", [("a", True)]),
        ("__path__ += [os.path.join(here, '..', 'b')]", [("../b", False)]),
        ("__path__ = extend_path(__path__, __name__)", []),
    ],
)
def test_folders_that_a_package_adds(source: str, added: list[tuple[str, bool]]) -> None:
    assert list(scan_source(source.encode()).package_paths) == [PackagePath(*item) for item in added]


def test_modules_in_folders_that_a_package_adds(tracer: Tracer) -> None:
    reached = tracer(
        {
            "app.py": "from pkg import b, c",
            "pkg/__init__.py": "import os\n__path__.insert(0, os.path.join(os.path.dirname(__file__), 'first'))\n"
            "__path__.append(os.path.join(os.path.dirname(__file__), '..', 'graft'))",
            "pkg/b.py": "",
            "pkg/first/b.py": "",
            "graft/c.py": "",
        }
    )
    files = [reached.modules[name].file for name in ("pkg.b", "pkg.c")]
    app = tracer.folder / "app"
    assert files == [app / "pkg/first/b.py", app / "graft/c.py"]


def test_names_that_a_package_takes_from_its_folder(tracer: Tracer) -> None:
    reached = tracer(
        {
            "app.py": "from pkg import *",
            "pkg/__init__.py": "import glob\n__all__ = [f[:-3] for f in glob.glob('*.py')]",
            "pkg/one.py": "",
        }
    )
    assert "pkg.one" in own(reached)


@pytest.mark.parametrize("name", ["my-plugin", "0001_initial", "pkg.sub-mod"])
def test_modules_whose_names_are_no_identifiers(tracer: Tracer, name: str) -> None:
    file = f"{name.replace('.', '/')}.py"
    assert name in own(tracer({"app.py": f"import importlib\nimportlib.import_module({name!r})", file: ""}))


def test_imports_in_code_that_is_executed(tracer: Tracer) -> None:
    files = {"app.py": "exec('import a')\neval('__import__(\"b\")')\nexec('no python at all')", "a.py": "", "b.py": ""}
    assert {"a", "b"} <= own(tracer(files))


@pytest.mark.parametrize(
    "group", ["f'{__name__}.readers'", "'.'.join([PREFIX, 'readers'])", "PREFIX + '.' + KIND", "'%s.readers' % PREFIX"]
)
def test_groups_of_entry_points_whose_names_are_joined(tracer: Tracer, tmp_path: Path, group: str) -> None:
    source = (
        f"from importlib.metadata import entry_points\nPREFIX, KIND = 'host', 'readers'\nentry_points(group={group})"
    )
    host = install(tmp_path, "host", {"host.py": source})
    points = "[host.readers]\na = extra\n[host.unrelated]\na = other\n"
    extra = install(tmp_path, "extra", {"extra.py": "", "other.py": ""}, entry_points=points, direct=False)
    assert "extra" in tracer({"app.py": "import host"}, site_of(tmp_path, host, extra)).modules


@pytest.mark.parametrize(
    "source",
    [
        "import registries\nregistries.create('host', 'readers', entry_points=True)",
        "import registries\nregistries.load(group='host_readers')",
        "import registries\nregistries.load_plugins('host_readers')",
        "import registries\nclass Readers(registries.Registry):\n    namespace = 'host_readers'",
        "import registries\nclass Readers(registries.Registry):\n    entry_point: str = 'host_readers'",
        "import registries\nclass Readers:\n    def load(self, *, group='host_readers'):\n        pass",
        "import registries\nclass Readers:\n    def load(self):\n        self.group = 'host_readers'",
        "import registries\nGROUPS = ('host_readers', 'host_writers')\nfor name in GROUPS:\n    registries.load(name)",
    ],
)
def test_groups_of_entry_points_that_a_registry_of_another_distribution_loads(
    tracer: Tracer, tmp_path: Path, source: str
) -> None:
    library = "from importlib.metadata import entry_points\ndef load(group):\n    return entry_points(group=group)"
    registries = install(tmp_path, "registries", {"registries.py": library})
    host = install(tmp_path, "host", {"host.py": source}, requires=("registries",))
    points = "[host_readers]\na = extra\n[host_unrelated]\na = other\n"
    extra = install(tmp_path, "extra", {"extra.py": "", "other.py": ""}, entry_points=points, direct=False)
    more = install(tmp_path, "more", {"more.py": ""}, entry_points="[host_unrelated]\na = more\n", direct=False)
    reached = tracer({"app.py": "import host"}, site_of(tmp_path, registries, host, extra, more))
    assert "extra" in reached.modules
    assert "more" not in reached.modules


@pytest.mark.parametrize("value", ["{'host_readers': ['a = extra']}", "['x']", "False", "None", "''"])
def test_declarations_of_entry_points_look_none_up(value: str) -> None:
    assert scan_source(f"setup(name='host', entry_points={value})".encode()).entry_points is None


def test_declared_encodings_are_codecs() -> None:
    assert scan_source(b"#!/usr/bin/python\n# -*- coding: iso-8859-15 -*-\n").codecs == ("iso-8859-15",)


def test_made_modules_and_lazy_exports_are_empty_for_plain_sources() -> None:
    scan = scan_source(b"import sys\nsys.path.append('x')\nx = sys.modules['y']")
    assert (scan.made, scan.import_hook, scan.lazy) == ((), 0, ())


def test_modules_that_a_star_imports(tracer: Tracer) -> None:
    files = {
        "app.py": "from pkg import *",
        "pkg/__init__.py": "__all__ = ['one', 'name']",
        "pkg/one.py": "",
        "pkg/two.py": "",
    }
    assert own(tracer(files)) == {"__main__", "pkg", "pkg.one"}


@pytest.mark.parametrize(
    "source",
    [
        "sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'plugs'))\nload = importlib.import_module",
        "for p in (Path(__file__).parent / 'plugs').glob('*.py'): SourceFileLoader(p.stem, str(p))",
        "pkgutil.get_importer(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'plugs'))",
    ],
)
def test_folders_of_sources_that_are_found_by_their_place(tracer: Tracer, source: str) -> None:
    head = "import os, sys, pkgutil, importlib\nfrom pathlib import Path\n"
    files = {"app.py": head + source, "plugs/a.py": "import helper", "plugs/helper.py": "", "plugs/p/__init__.py": ""}
    reached = tracer(files)
    assert {"plugs.a", "plugs.helper", "plugs.p"} <= own(reached)
    assert "helper" not in reached.missing
    assert len([module for module in reached.modules.values() if module.file and module.file.name == "helper.py"]) == 1


def test_a_folder_that_is_only_read_is_no_folder_of_sources(tracer: Tracer) -> None:
    files = {"app.py": "from pathlib import Path\nlist((Path(__file__).parent / 'texts').iterdir())", "texts/a.py": ""}
    assert own(tracer(files)) == {"__main__"}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"texts/a.py": "import helper", "texts/helper.py": ""}, {"texts.a", "texts.helper"}),
        ({"texts/a.txt": ""}, set()),
    ],
)
def test_a_folder_of_loose_sources_that_a_distribution_is_given(
    tracer: Tracer, tmp_path: Path, files: dict[str, str], found: set[str]
) -> None:
    host = install(tmp_path, "host", {"host.py": ""})
    app = "import host\nfrom pathlib import Path\nhost.Manager([Path(__file__).parent / 'texts']).load()"
    reached = tracer({"app.py": app, **files}, site_of(tmp_path, host))
    assert own(reached) - {"texts", "__main__"} == found
    assert not reached.missing


@pytest.mark.parametrize(("folder", "taken"), [("plugs/greeter", True), ("plugs/deep/est", True), ("other", False)])
def test_a_folder_whose_folders_have_loose_sources(tracer: Tracer, tmp_path: Path, folder: str, taken: bool) -> None:
    """Each plug-in has a folder of its own, with data beside its source: what that imports goes in."""
    host = install(tmp_path, "host", {"host.py": ""})
    app = "import host\nfrom pathlib import Path\nhost.Manager([Path(__file__).parent / 'plugs']).load()"
    files = {f"{folder}/part.py": "import colorsys, helper", f"{folder}/part.plug": "", "plugs/a.txt": ""}
    reached = tracer({"app.py": app, "helper.py": "", **files}, site_of(tmp_path, host))
    assert ({"colorsys", "helper"} <= reached.modules.keys()) == taken
    assert not reached.missing


def test_own_modules_that_a_configuration_file_names(tracer: Tracer) -> None:
    files = {
        "app.py": "open('conf.json')",
        "conf.json": '{"run": "acts.go", "x": "other.thing"}',
        "acts/__init__.py": "",
    }
    assert "acts.go" in own(tracer({**files, "acts/go.py": ""}))


def test_what_a_folder_from_outside_may_have_is_no_error(tracer: Tracer, python: TargetPython) -> None:
    reached = tracer({"app.py": "import sys\nsys.path.append(sys.argv[1])\nimport fresh"})
    refuse_certain_failures(reached, python, ())
    assert reached.import_hook == "app.py:2"


@pytest.mark.parametrize(
    ("call", "found"), [("iter_modules", {"lib.a", "lib.p"}), ("walk_packages", {"lib.a", "lib.p", "lib.p.b"})]
)
def test_packages_that_are_listed(tracer: Tracer, tmp_path: Path, call: str, found: set[str]) -> None:
    files = {"lib/__init__.py": "", "lib/a.py": "", "lib/p/__init__.py": "", "lib/p/b.py": ""}
    source = f"import pkgutil, lib\nlist(pkgutil.{call}(lib.__path__))"
    reached = tracer({"app.py": source}, site_of(tmp_path, install(tmp_path, "lib", files)))
    assert of(reached, "lib") == {"lib", *found}
    assert "computed-import" not in codes(reached)


@pytest.mark.parametrize(
    "source",
    [
        "import timeit\ntimeit.timeit('x()', 'from parts.one import x')",
        "TEMPLATE = '''\nimport parts.one\nprint(parts.one)\n'''",
        "names = {}\nexec('from parts.%s import x' % 'one', names)",
        "exec(f'import parts.{name}')",
        "exec('from parts.{} import x'.format('one'))",
    ],
)
def test_imports_in_strings_of_the_application(tracer: Tracer, source: str) -> None:
    reached = tracer({"app.py": source, "parts/__init__.py": "", "parts/one.py": ""})
    assert "parts.one" in own(reached)


def test_prose_in_strings_imports_nothing(tracer: Tracer) -> None:
    source = "x = 'from parts import what you like'\ny = 'import parts.one into your mind'\nz = 'import'"
    assert "parts.one" not in own(tracer({"app.py": source, "parts/__init__.py": "", "parts/one.py": ""}))


def test_a_name_for_a_function_that_imports_what_it_is_told(tracer: Tracer) -> None:
    helper = "import importlib\ndef optional(name):\n    return importlib.import_module(name)"
    files = {"app.py": "from helper import optional\nprint(optional('colorsys'))"}
    assert "colorsys" in tracer({**files, "helper.py": helper}).modules
    assert "colorsys" not in tracer({**files, "helper.py": "def optional(name): ..."}).modules
