"""The closure over small applications and installed distributions; the host's interpreter analyses them."""

from __future__ import annotations

import email.charset
import pickle
import sys
from typing import TYPE_CHECKING

import pytest

from castiron_trace.entry import resolve_plan
from castiron_trace.graph import analyse, chain
from castiron_trace.hints.reader import shipped_hints
from castiron_trace.model import NO_SITE
from castiron_trace.plan import read_plan
from tests.unit.trace.conftest import options
from tests.unit.trace.making import install, site_of, write

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import Reached, Site, TargetPython
    from castiron_trace.stdlib_graph import StdlibGraph


class Tracer:
    """Traces a script over an optional environment."""

    def __init__(self, folder: Path, python: TargetPython, stdlib: StdlibGraph) -> None:
        self.folder = folder
        self._python = python
        self._stdlib = stdlib

    def __call__(self, files: dict[str, str], site: Site = NO_SITE, **more: object) -> Reached:
        app = write(self.folder / "app", files)
        wanted = options(app, "app.py", **more)
        entry = resolve_plan(read_plan(wanted), site)
        return analyse(
            self._python, self._stdlib, entry, site, wanted, hints=shipped_hints(), cache=self.folder / "scans"
        )


@pytest.fixture
def tracer(tmp_path: Path, python: TargetPython, stdlib: StdlibGraph) -> Tracer:
    return Tracer(tmp_path, python, stdlib)


def own(reached: Reached) -> set[str]:
    return {name for name, module in reached.modules.items() if module.owner == "(app)"}


def of(reached: Reached, distribution: str) -> set[str]:
    return {name for name, module in reached.modules.items() if module.owner == distribution}


def codes(reached: Reached) -> list[str]:
    return [finding.code for finding in reached.findings]


def test_hello_is_small(tracer: Tracer) -> None:
    reached = tracer({"app.py": "print('hello')"})
    assert own(reached) == {"__main__"}
    assert {"encodings.utf_8", "os", "traceback"} <= reached.modules.keys()
    assert not {"ssl", "sqlite3", "unittest", "asyncio", "inspect"} & reached.modules.keys()
    assert reached.modules["sys"].kind == "builtin"


def test_own_modules_by_every_kind_of_import(tracer: Tracer) -> None:
    reached = tracer(
        {
            "app.py": "import a, pkg.sub\ndef f():\n    import lazy\ntry:\n    import maybe\nexcept ImportError: pass\n"
            "import importlib\nimportlib.import_module('dyn')\nif TYPE_CHECKING:\n    import typed\n",
            "a.py": "from pkg import other as o",
            "pkg/__init__.py": "",
            "pkg/sub.py": "from . import rel",
            "pkg/rel.py": "",
            "pkg/other.py": "",
            "pkg/unused.py": "",
            "lazy.py": "",
            "maybe.py": "",
            "dyn.py": "",
            "typed.py": "",
        }
    )
    assert own(reached) == {"__main__", "a", "pkg", "pkg.sub", "pkg.rel", "pkg.other", "lazy", "maybe", "dyn"}
    assert reached.modules["lazy"].tier == 2
    assert reached.modules["maybe"].tier == 1


def test_the_chain_names_files_and_lines(tracer: Tracer) -> None:
    reached = tracer({"app.py": "\nimport a", "a.py": "\n\ndef f():\n    import b", "b.py": ""})
    assert [(m.name, m.line, m.tier) for m in chain(reached, "b")] == [("__main__", 0, 0), ("a", 2, 0), ("b", 4, 2)]


def test_nothing_of_what_is_analysed_runs(tracer: Tracer, tmp_path: Path) -> None:
    trap = f"import sys, pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\nsys.exit(3)\n"
    dist = install(tmp_path, "trap", {"trap/__init__.py": trap, "trap/inner.py": trap})
    reached = tracer({"app.py": "import trap.inner", "helper.py": trap}, site_of(tmp_path, dist))
    assert of(reached, "trap") == {"trap", "trap.inner"}
    assert not (tmp_path / "ran").exists()


def test_a_computed_import_widens_a_distribution_but_not_its_tests(tracer: Tracer, tmp_path: Path) -> None:
    dist = install(
        tmp_path,
        "wide",
        {
            "wide/__init__.py": "import importlib\ndef load(n):\n    return importlib.import_module(n)",
            "wide/plug.py": "",
            "wide/0001_first.py": "",
            "wide/g++.py": "",
            "wide/tests/__init__.py": "",
            "wide/tests/test_x.py": "",
        },
    )
    reached = tracer({"app.py": "import wide"}, site_of(tmp_path, dist))
    assert of(reached, "wide") == {"wide", "wide.plug", "wide.0001_first", "wide.g++"}
    assert reached.modules["wide.plug"].tier == 3
    assert ("computed-import", "wide/__init__.py:3") in [(f.code, f.subject) for f in reached.findings]


@pytest.mark.parametrize(
    "source",
    [
        "import importlib, sys\nimportlib.import_module('plugins.' + sys.argv[1])",
        "import importlib, sys\nimportlib.import_module('.' + sys.argv[1], 'plugins')",
        "import pkgutil, plugins\nfor m in pkgutil.iter_modules(plugins.__path__): __import__(m.name)",
        "import plugins.load",
    ],
)
def test_a_computed_import_of_the_application_takes_its_packages(tracer: Tracer, source: str) -> None:
    files = {
        "plugins/__init__.py": "",
        "plugins/load.py": "import importlib\ndef load(n):\n    importlib.import_module(f'.{n}', __package__)",
        "plugins/a.py": "",
        "plugins/tests/__init__.py": "",
        "plugins/tests/test_a.py": "",
        "other.py": "",
    }
    reached = tracer({"app.py": source, **files})
    assert own(reached) == {"__main__", "plugins", "plugins.a", "plugins.load"}
    assert {finding.severity for finding in reached.findings} == {"info"}


def test_a_computed_import_of_the_application_is_a_warning(tracer: Tracer) -> None:
    reached = tracer({"app.py": "import importlib, sys\nimportlib.import_module(sys.argv[1])", "plugins/a.py": ""})
    assert own(reached) == {"__main__"}
    (finding,) = reached.findings
    assert (finding.code, finding.severity, finding.subject) == ("computed-import", "warning", "app.py:2")
    assert "--run" in finding.message


def test_a_computed_name_with_a_literal_beginning(tracer: Tracer, tmp_path: Path) -> None:
    one = install(
        tmp_path, "one", {"space/plug/one/__init__.py": "", "space/plug/one/deep.py": "", "space/other.py": ""}
    )
    two = install(tmp_path, "two", {"space/plug/two.py": "", "use_two.py": ""})
    source = "import importlib, sys, use_two, space.other\nimportlib.import_module(f'space.plug.{sys.argv[1]}')"
    reached = tracer({"app.py": source}, site_of(tmp_path, one, two))
    assert {"space.plug.one", "space.plug.two"} <= reached.modules.keys()
    assert "space.plug.one.deep" not in reached.modules


def test_words_of_a_module_that_imports_by_computed_names(tracer: Tracer) -> None:
    assert "colorsys" not in tracer({"app.py": "x = 'colorsys'"}).modules
    source = "import importlib\nfor name in ('colorsys', 'chunk_'):\n    importlib.import_module(name)"
    assert "colorsys" in tracer({"app.py": source}).modules


def test_included_modules_go_in(tracer: Tracer) -> None:
    files = {"app.py": "", "plugins/__init__.py": "", "plugins/a.py": "import colorsys", "plugins/b.py": ""}
    reached = tracer(files, include=("plugins.a",))
    assert own(reached) == {"__main__", "plugins", "plugins.a"}
    assert "colorsys" in reached.modules
    assert own(tracer(files, include=("plugins.*",))) == {"__main__", "plugins", "plugins.a", "plugins.b"}
    assert tracer(files, include=("nowhere",)).unknown_includes == ("nowhere",)


def test_excluded_modules_stay_out(tracer: Tracer) -> None:
    reached = tracer({"app.py": "import a, json", "a.py": "import b", "b.py": ""}, exclude=("a",))
    assert own(reached) == {"__main__"}


def test_packages_named_by_strings_go_in_whole(tracer: Tracer) -> None:
    reached = tracer(
        {
            "app.py": "INSTALLED = ['shop', 'logging.handlers.RotatingFileHandler']",
            "shop/__init__.py": "",
            "shop/models.py": "",
            "shop/migrations/__init__.py": "",
            "shop/migrations/0001_initial.py": "",
        }
    )
    assert own(reached) == {
        "__main__", "shop", "shop.models", "shop.migrations", "shop.migrations.0001_initial"
    }  # fmt: skip
    assert "logging.handlers" in reached.modules


def test_dotted_strings_reach_the_distribution_and_what_it_requires(tracer: Tracer, tmp_path: Path) -> None:
    base = install(tmp_path, "base", {"base/__init__.py": "", "base/engine.py": "", "base/idle.py": ""})
    front = install(
        tmp_path,
        "front",
        {"front/__init__.py": "A = 'base.engine:Engine', 'third.thing', 'lone.Plugin', 'far.Plugin'"},
        requires=("base", "lone"),
    )
    lone = install(tmp_path, "lone", {"lone.py": ""}, requires=("far",), direct=False)
    far = install(tmp_path, "far", {"far.py": ""}, direct=False)
    third = install(tmp_path, "third", {"third/__init__.py": "", "third/thing.py": ""})
    user = install(tmp_path, "user", {"user.py": "import third"}, requires=("third",))
    reached = tracer({"app.py": "import front, user"}, site_of(tmp_path, base, front, third, user, lone, far))
    assert of(reached, "base") == {"base", "base.engine"}
    assert (of(reached, "lone"), of(reached, "far")) == ({"lone"}, set())
    assert of(reached, "third") == {"third"}


def test_compiled_code_names_modules_beside_its_source(tracer: Tracer, tmp_path: Path) -> None:
    # As Cython does: `fast` was made from fast.py and imports what only its machine code names.
    suffix = f".cpython-3{sys.version_info[1]}-x86_64-linux-gnu.so"
    made = install(
        tmp_path / "site",
        "made",
        {
            "made/__init__.py": "",
            "made/fast.py": "import made.plain",
            f"made/fast{suffix}": b"\x7fELF cython_runtime\0made._shared\0made.helper.Class\0json.tool\0/made.path\0",
            f"made/_shared{suffix}": b"\x7fELF",
            "made/_shared.py": "",
            "made/plain.py": "",
            "made/helper.py": "",
            "made/path.py": "",
            "made/other.py": "",
        },
    )
    reached = tracer({"app.py": "import made.fast"}, site_of(tmp_path / "site", made))
    assert of(reached, "made") == {"made", "made.fast", "made.plain", "made._shared", "made.helper"}
    assert "json.tool" in reached.modules


def test_entry_points_are_loaded_if_their_group_is_asked_for(tracer: Tracer, tmp_path: Path) -> None:
    host = install(
        tmp_path, "host", {"host.py": "from importlib.metadata import entry_points\nentry_points(group='host.plug')"}
    )
    plugin = install(
        tmp_path,
        "plugin",
        {"plugin_a.py": "import colorsys", "plugin_b.py": ""},
        entry_points="[host.plug]\na = plugin_a:Main\n[other]\nb = plugin_b\n",
        direct=False,
    )
    other = install(
        tmp_path, "other", {"other_a.py": ""}, entry_points="[unrelated]\na = other_a\n", requires=(), direct=False
    )
    reached = tracer({"app.py": "import host"}, site_of(tmp_path, host, plugin, other))
    assert {"plugin_a", "colorsys"} <= reached.modules.keys()
    assert of(reached, "other") == set()


def test_a_requirement_that_nothing_imports_goes_in_whole(tracer: Tracer, tmp_path: Path) -> None:
    lone = install(tmp_path, "lone", {"lone/__init__.py": "", "lone/x.py": ""})
    reached = tracer({"app.py": ""}, site_of(tmp_path, lone))
    assert of(reached, "lone") == {"lone", "lone.x"}
    assert "unused-requirement" in codes(reached)


def test_namespace_packages_join_folders(tracer: Tracer, tmp_path: Path) -> None:
    one = install(tmp_path, "one", {"space/one/__init__.py": ""})
    two = install(tmp_path, "two", {"space/two.py": ""})
    reached = tracer({"app.py": "import space.one, space.two"}, site_of(tmp_path, one, two))
    assert reached.modules["space"].kind == "namespace"
    assert reached.modules["space.one"].kind == "package"
    assert reached.modules["space.two"].owner == "two"


def test_extended_paths_join_folders(tracer: Tracer, tmp_path: Path) -> None:
    old = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    one = install(tmp_path, "one", {"space/__init__.py": old, "space/one.py": ""})
    reached = tracer(
        {"app.py": "import space.one, space.mine", "space/__init__.py": old, "space/mine.py": ""},
        site_of(tmp_path, one),
    )
    assert reached.modules["space.one"].owner == "one"
    assert reached.modules["space.mine"].owner == "(app)"


def test_vendored_modules_are_found(tracer: Tracer, tmp_path: Path) -> None:
    dist = install(
        tmp_path,
        "fat",
        {
            "fat/__init__.py": "import sys, os\nsys.path.append(os.path.dirname(__file__) + '/_vendor')\nimport slim",
            "fat/_vendor/slim/__init__.py": "",
            "fat/inner/__init__.py": "",
            "fat/use.py": "import inner.deep",
            "fat/inner/deep.py": "",
        },
    )
    reached = tracer({"app.py": "import fat.use"}, site_of(tmp_path, dist))
    assert str(reached.modules["slim"].file).endswith("fat/_vendor/slim/__init__.py")
    assert "fat.inner.deep" in reached.modules


def test_six_moves(tracer: Tracer, tmp_path: Path) -> None:
    six = install(tmp_path, "six", {"six.py": ""})
    reached = tracer(
        {"app.py": "from six.moves import configparser\nfrom six.moves.urllib.parse import quote"},
        site_of(tmp_path, six),
    )
    assert {"configparser", "urllib.parse"} <= reached.modules.keys()


def test_codecs_go_in_by_need(tracer: Tracer) -> None:
    assert "encodings.cp1252" not in tracer({"app.py": "'x'.encode('ascii')"}).modules
    assert "encodings.cp1252" in tracer({"app.py": "'x'.encode('windows-1252')"}).modules
    reached = tracer({"app.py": "import sys\n'x'.encode(sys.argv[1])"})
    assert {"encodings.cp1252", "encodings.shift_jis"} <= reached.modules.keys()
    assert not {"encodings.mbcs", "bz2"} & reached.modules.keys()
    reached = tracer({"app.py": "import codecs\ncodecs.decode(b'x', 'zip')"})
    assert {"encodings.zlib_codec", "zlib"} <= reached.modules.keys()
    assert "encodings.bz2_codec" not in reached.modules
    reached = tracer({"app.py": "import zlib\n'x'.encode(zlib.x)"})
    assert "encodings.zlib_codec" in reached.modules


@pytest.mark.parametrize("module", ["email", "email.parser", "xml.etree.ElementTree", "tokenize", "mailbox"])
def test_what_decodes_by_names_in_data_needs_every_codec(tracer: Tracer, module: str) -> None:
    assert {"encodings.koi8_r", "encodings.gb18030"} <= tracer({"app.py": f"import {module}"}).modules.keys()


@pytest.mark.parametrize("module", ["email.utils", "xml.sax.saxutils", "http.client", "importlib.metadata", "inspect"])
def test_what_does_not_decode_needs_none(tracer: Tracer, module: str) -> None:
    assert "encodings.koi8_r" not in tracer({"app.py": f"import {module}"}).modules


def test_lazy_parts_of_the_standard_library_need_a_reason(tracer: Tracer) -> None:
    assert "subprocess" not in tracer({"app.py": "import os"}).modules
    assert "subprocess" in tracer({"app.py": "import os\nos.popen('ls')"}).modules
    assert "doctest" not in tracer({"app.py": "import pickle, difflib"}).modules
    assert "unittest.case" in tracer({"app.py": "import doctest"}).modules


def test_missing_modules_and_their_importers(tracer: Tracer) -> None:
    reached = tracer(
        {"app.py": "import a\ntry:\n    import nowhere\nexcept ImportError: pass", "a.py": "import gone.deep"}
    )
    assert reached.missing["gone"] == ("a", 1, 0)
    assert reached.missing["nowhere"] == ("__main__", 3, 1)


def test_syntax_errors_are_kept_apart(tracer: Tracer, tmp_path: Path) -> None:
    dist = install(tmp_path, "old", {"old/__init__.py": "from . import bad", "old/bad.py": "print 'x'\n"})
    reached = tracer({"app.py": "import old"}, site_of(tmp_path, dist))
    assert "old.bad" not in reached.modules
    (invalid,) = reached.invalid
    assert (invalid.name, invalid.owner, invalid.line) == ("old.bad", "old", 1)
    assert invalid.file in reached.files
    assert "syntax-error" in codes(reached)


def test_bytecode_without_a_source_is_reported(tracer: Tracer, tmp_path: Path) -> None:
    dist = install(tmp_path, "d", {"d/__init__.py": "from . import old", "d/old.pyc": b""})
    reached = tracer({"app.py": "import d"}, site_of(tmp_path, dist))
    assert "d.old" not in reached.modules
    assert "bytecode-only" in codes(reached)


def test_a_module_that_hides_the_standard_librarys_is_reported(tracer: Tracer) -> None:
    reached = tracer({"app.py": "import calendar", "calendar.py": ""})
    assert reached.modules["calendar"].owner == "(app)"
    assert "shadows-stdlib" in codes(reached)


def test_scans_are_kept_and_a_damaged_cache_is_made_again(tracer: Tracer, tmp_path: Path) -> None:
    dist = install(tmp_path, "d", {"d.py": "import colorsys"})
    site = site_of(tmp_path, dist)
    first = tracer({"app.py": "import d"}, site)
    files = list((tmp_path / "scans").rglob("*.json"))
    assert len(files) == 2
    for path in files:
        path.write_text("{broken", encoding="utf-8")
    assert tracer({"app.py": "import d"}, site) == first


def test_equal_inputs_give_equal_results_in_any_folder(
    tmp_path: Path, python: TargetPython, stdlib: StdlibGraph
) -> None:
    files = {"app.py": "import a, json\nx = 'b'", "a.py": "from b import *", "b.py": ""}
    results = [Tracer(tmp_path / name, python, stdlib)(files) for name in ("one", "two")]
    assert list(results[0].modules) == list(results[1].modules)
    assert [(m.importer, m.line, m.tier) for m in results[0].modules.values()] == [
        (m.importer, m.line, m.tier) for m in results[1].modules.values()
    ]


def test_a_script_that_a_distribution_names_goes_in_with_what_it_imports(tracer: Tracer, tmp_path: Path) -> None:
    hooks = install(
        tmp_path,
        "hooks",
        {
            "hooks/__init__.py": "HERE, TEMPLATE = '_run.py', 'data/t.py'",
            "hooks/_run.py": "if __name__ == '__main__':\n    import hooks.helper",
            "hooks/helper.py": "",
            "hooks/other.py": "",
            "hooks/data/t.py": "",
        },
    )
    reached = tracer({"app.py": "import hooks"}, site_of(tmp_path, hooks))
    assert of(reached, "hooks") == {"hooks", "hooks._run", "hooks.helper", "hooks.data", "hooks.data.t"}


def test_a_module_that_a_package_hides_and_loads_by_its_path_goes_in(tracer: Tracer, tmp_path: Path) -> None:
    # As python-multipart does for the distribution multipart.
    first = install(tmp_path / "site", "first", {"parts.py": "import first_needs"} | {"first_needs.py": ""})
    loads = "import sys, pathlib\nfor p in sys.path: pathlib.Path(p, 'parts.py').is_file()"
    second = install(tmp_path / "site", "second", {"parts/__init__.py": loads})
    reached = tracer({"app.py": "import parts"}, site_of(tmp_path / "site", first, second))
    assert [file.name for file in reached.files] == ["parts.py"]
    assert "first_needs" in of(reached, "first")


def test_a_script_that_is_no_module_goes_in_as_a_file(tracer: Tracer, tmp_path: Path) -> None:
    tool = install(tmp_path, "tool", {"tool/__init__.py": "T = 'a@b/run.py'", "tool/a@b/run.py": ""})
    reached = tracer({"app.py": "import tool"}, site_of(tmp_path, tool))
    assert [file.relative_to(tmp_path).as_posix() for file in reached.files] == [
        "lib/python3.13/site-packages/tool/a@b/run.py"
    ]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_what_pickled_data_of_a_distribution_names_goes_in(tracer: Tracer, tmp_path: Path, protocol: int) -> None:
    data = pickle.dumps(email.charset.Charset(), protocol)
    old, new = (b"email.charset", b"d.stored.x__") if protocol < 4 else (b"email.charset", b"d.stored.x___")
    dist = install(
        tmp_path,
        "d",
        {
            "d/__init__.py": "",
            "d/stored/__init__.py": "",
            "d/stored/x__.py": "",
            "d/stored/x___.py": "",
            "d/other.py": "",
            "d/state.dat": data.replace(old, new),
        },
    )
    reached = tracer({"app.py": "import d"}, site_of(tmp_path, dist))
    assert of(reached, "d") == {"d", "d.stored", new.decode()}


@pytest.mark.parametrize("call", ["ExtensionManager(namespace='osc.plug')", "Loader('osc.' + sys.argv[1])"])
def test_entry_points_that_another_distribution_looks_up(tracer: Tracer, tmp_path: Path, call: str) -> None:
    stevedore = install(tmp_path, "stevedore", {"stevedore.py": "import importlib.metadata as m\nm.entry_points"})
    host = install(tmp_path, "host", {"host.py": f"import stevedore, sys\nstevedore.{call}"}, requires=("stevedore",))
    plugin = install(
        tmp_path, "plugin", {"plug_a.py": ""}, entry_points="[osc.plug]\na = plug_a\n", requires=("host",), direct=False
    )
    other = install(
        tmp_path, "other", {"plug_b.py": ""}, entry_points="[oscar]\na = plug_b\n", requires=("host",), direct=False
    )
    reached = tracer({"app.py": "import host"}, site_of(tmp_path, stevedore, host, plugin, other))
    assert "plug_a" in reached.modules
    assert "plug_b" not in reached.modules


def test_what_a_host_s_user_may_name_as_plug_ins(tracer: Tracer, tmp_path: Path) -> None:
    """A configuration file names them; one of their modules is imported for something else."""
    host = install(tmp_path, "markdown", {"markdown/__init__.py": "", "markdown/core.py": ""})
    more = {
        "more/__init__.py": "",
        "more/util.py": "",
        "more/boxes.py": "import more.parts\ndef makeExtension(**settings): pass\n",
        "more/parts.py": "",
        "more/other.py": "def helper():\n    def makeExtension(): pass\n",
    }
    site = site_of(tmp_path, host, install(tmp_path, "more", more, requires=("markdown",), direct=False))
    assert of(tracer({"app.py": "import markdown.core, more.util"}, site), "more") == {
        "more", "more.util", "more.boxes", "more.parts",
    }  # fmt: skip
    assert of(tracer({"app.py": "import more.util"}, site), "more") == {"more", "more.util"}


def test_shared_libraries_of_the_machine_are_reported(tracer: Tracer, tmp_path: Path) -> None:
    dist = install(
        tmp_path,
        "d",
        {
            "d/__init__.py": "from ctypes import *; from ctypes.util import find_library as f\n"
            "_dlopen(ffi, 'm1', 'libmagic.so.1'); CDLL('kernel32'); find_library('usb-1.0'); CDLL('libmine.so.2')\n"
            "util.find_library('c'); CDLL('libm.so.6'); util.find_library(x); util.find_library('mine')\n"
            "_find_library('sndfile')",
            "d.libs/libmine-0123abcd.so.2": "",
        },
    )
    reached = tracer({"app.py": "import d"}, site_of(tmp_path, dist))
    found = [(item.severity, item.subject, item.message.split()[0]) for item in reached.findings]
    assert found == [
        ("warning", "d/__init__.py:2", "libmagic.so.1"),
        ("warning", "d/__init__.py:2", "usb-1.0"),
        ("warning", "d/__init__.py:4", "sndfile"),
    ]


def test_site_brings_the_line_editor_only_if_that_is_asked_for(tracer: Tracer) -> None:
    assert "readline" not in tracer({"app.py": "import site\nprint(site.getsitepackages())"}).modules
    assert "readline" in tracer({"app.py": "import site\nsite.enablerlcompleter()"}).modules
