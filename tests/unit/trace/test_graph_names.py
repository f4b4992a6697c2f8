"""Modules that no import statement names: computed imports, strings, pickled data, compiled code."""

from __future__ import annotations

import email.charset
import pickle
import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.trace.making import install, site_of
from tests.unit.trace.tracing import codes, of, own

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.trace.tracing import Tracer


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
    ("code", "taken"),
    [
        ('MODULE = "shop_conf"\ndef load(n=None):\n    return importlib.import_module(n or MODULE)', True),
        ('class Finder:\n    MODULE = "shop_conf"\n    def find(self, n):\n        return __import__(n)', True),
        ('MODULE = "shop_conf"\n', False),
        ('kind = "shop_conf"\ndef load(n):\n    return importlib.import_module(n)', False),
    ],
)
def test_the_constant_of_a_library_names_the_applications_module(
    tracer: Tracer, tmp_path: Path, code: str, taken: bool
) -> None:
    site = site_of(tmp_path, install(tmp_path, "d", {"d/__init__.py": f"import importlib\n{code}"}))
    reached = tracer({"app.py": "import d", "shop_conf.py": "", "other.py": ""}, site)
    assert own(reached) == {"__main__", *(("shop_conf",) if taken else ())}


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


@pytest.mark.parametrize(
    "source",
    [
        "from tool import plugins\nfor m in pkgutil.iter_modules(plugins.__path__): load(m.name)",
        "import tool.plugins as found\nfor m in pkgutil.iter_modules(found.__path__, 'x'): load(m.name)",
        "import tool.walk",
    ],
)
def test_a_package_under_a_name_of_the_source_is_listed(tracer: Tracer, source: str) -> None:
    files = {
        "tool/__init__.py": "",
        "tool/walk.py": "import pkgutil\nfrom . import plugins\nfound = list(pkgutil.walk_packages(plugins.__path__))",
        "tool/plugins/__init__.py": "",
        "tool/plugins/a.py": "",
        "plugins/b.py": "",
    }
    start = "import pkgutil\nfrom importlib import import_module as load\n"
    reached = tracer({"app.py": start + source, **files})
    assert "tool.plugins.a" in own(reached)
    assert "plugins.b" not in own(reached)
    assert {finding.severity for finding in reached.findings} == {"info"}


def test_a_package_of_a_distribution_under_a_name_of_the_source_is_listed(tracer: Tracer, tmp_path: Path) -> None:
    files = {"lib/__init__.py": "", "lib/parts/__init__.py": "", "lib/parts/a.py": "", "lib/other.py": ""}
    source = "import pkgutil\nfrom lib import parts\nprint([m.name for m in pkgutil.iter_modules(parts.__path__)])"
    reached = tracer({"app.py": source}, site_of(tmp_path, install(tmp_path, "lib", files)))
    assert of(reached, "lib") == {"lib", "lib.parts", "lib.parts.a"}
    assert codes(reached) == []


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


@pytest.mark.parametrize("place", ["conf/model/net.yaml", "shop/conf/net.json", "net.ini"])
def test_configuration_names_modules(tracer: Tracer, tmp_path: Path, place: str) -> None:
    dist = install(tmp_path, "lib", {"lib/__init__.py": "", "lib/part.py": "", "lib/other.py": ""})
    text = "_target_: models.net.Net\n- lib.part.Part\n'logging.handlers.QueueHandler'\nwww.example.org lib.txt"
    reached = tracer(
        {
            "app.py": "import frame, lib, shop\nframe.main('conf', 'net.ini')",
            "frame.py": "",
            "shop/__init__.py": "",
            "models/__init__.py": "",
            "models/net.py": "import colorsys",
            place: text,
            "unnamed/more.yaml": "lib.other",
        },
        site_of(tmp_path, dist),
    )
    assert {"models.net", "colorsys", "logging.handlers"} <= reached.modules.keys()
    assert of(reached, "lib") == {"lib", "lib.part"}


@pytest.mark.parametrize(
    "name",
    [
        "f'shop.settings.{stage}'",
        "'shop.settings.' + stage",
        "'shop.settings.%s' % stage",
        "'shop.settings.{}'.format(stage)",
        "f'shop.settings.for_{stage}_now'",
    ],
)
def test_packages_that_the_beginning_of_a_name_gives_go_in_whole(tracer: Tracer, name: str) -> None:
    reached = tracer(
        {
            "app.py": f"import os\nstage = os.environ['STAGE']\nos.environ['SETTINGS'] = {name}\n'Very other.{{}}'",
            "shop/__init__.py": "",
            "shop/views.py": "",
            "shop/settings/__init__.py": "",
            "shop/settings/for_test_now.py": "import colorsys",
            "other/__init__.py": "",
        }
    )
    assert own(reached) == {"__main__", "shop", "shop.settings", "shop.settings.for_test_now"}
    assert "colorsys" in reached.modules


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


def test_dotted_strings_count_from_the_own_package(tracer: Tracer, tmp_path: Path) -> None:
    """A registry of plug-ins is given ``__name__``, and what lies below for each plug-in."""
    names = "'readers.csv_file.Reader', 'os.path', 'single.Part', 'data.json'"
    files = {
        "host/__init__.py": "",
        "host/plugins/__init__.py": f"from host import Chain\nChain(__name__).add({names})",
        "host/plugins/readers/__init__.py": "",
        "host/plugins/readers/csv_file.py": "import colorsys",
        "host/plugins/readers/other.py": "",
        "host/plugins/os.py": "",
        "host/plugins/single.py": "",
        "host/plugins/data.py": "",
        "host/readers/__init__.py": "",
    }
    reached = tracer({"app.py": "import host.plugins"}, site_of(tmp_path, install(tmp_path, "host", files)))
    inner = {"host.plugins.readers", "host.plugins.readers.csv_file", "host.plugins.single"}
    assert of(reached, "host") == {"host", "host.plugins", *inner}
    assert "colorsys" in reached.modules


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


def test_what_sources_import_for_their_compiler(tracer: Tracer, tmp_path: Path) -> None:
    """Cython's pure Python mode: the compiled module does without; the same source that is not compiled needs it."""
    suffix = f".cpython-3{sys.version_info[1]}-x86_64-linux-gnu.so"
    source = "import cython\nimport cython.cimports.libc as c\nimport colorsys"
    files = {"made/__init__.py": "import made.core", "made/core.py": source}
    reached = tracer({"app.py": "import made"}, site_of(tmp_path, install(tmp_path, "made", files)))
    assert "cython" in reached.missing
    files[f"made/core{suffix}"] = b"\x7fELF cython_runtime\0"
    reached = tracer({"app.py": "import made"}, site_of(tmp_path, install(tmp_path, "made", files)))
    assert "cython" not in reached.missing
    assert "colorsys" in reached.modules


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


TABLE = """from importlib import import_module
_LAZY = {"One": ".one", "Two": ".sub.two"}
def __getattr__(name):
    return getattr(import_module(_LAZY[name], __name__), name)
"""


def test_a_table_of_names_takes_these_and_no_more(tracer: Tracer, tmp_path: Path) -> None:
    files = {"lazy/__init__.py": TABLE, "lazy/one.py": "", "lazy/sub/__init__.py": "", "lazy/sub/two.py": ""}
    dist = install(tmp_path, "lazy", files | {"lazy/other.py": "", "lazy/sub/other.py": ""})
    reached = tracer({"app.py": "import lazy"}, site_of(tmp_path, dist))
    assert of(reached, "lazy") == {"lazy", "lazy.one", "lazy.sub", "lazy.sub.two"}
    assert "computed-import" not in codes(reached)


@pytest.mark.parametrize("name", ["f'grammar_{x}'", "'grammar_' + x", "'grammar_%s' % x"])
def test_a_computed_name_that_begins_with_a_word_takes_top_level_modules(
    name: str, tracer: Tracer, tmp_path: Path
) -> None:
    source = f"from importlib import import_module\ndef load(x): return import_module({name})\n"
    library = install(tmp_path, "library", {"library/__init__.py": source})
    grammars = install(tmp_path, "grammar-go", {"grammar_go/__init__.py": "", "grammar_go/inner.py": ""})
    reached = tracer({"app.py": "import library"}, site_of(tmp_path, library, grammars))
    assert of(reached, "grammar-go") == {"grammar_go"}


def test_a_lazy_loader_takes_what_its_last_argument_names(tracer: Tracer, tmp_path: Path) -> None:
    source = "from .tools import LazyLoader\nfast = LazyLoader('alias', globals(), 'driver')\n"
    library = install(tmp_path, "library", {"library/__init__.py": source, "library/tools.py": "class LazyLoader: ..."})
    driver = install(tmp_path, "driver", {"driver.py": ""})
    reached = tracer({"app.py": "import library"}, site_of(tmp_path, library, driver))
    assert of(reached, "driver") == {"driver"}
    assert "alias" not in reached.missing


@pytest.mark.parametrize(
    "call",
    ["import_module(f'wide.plugins.{x}')", "import_module('.' + x, __name__ + '.plugins')"],
)
def test_a_computed_name_below_a_package_takes_that_package_and_no_more(
    tracer: Tracer, tmp_path: Path, call: str
) -> None:
    source = f"from importlib import import_module\ndef load(x):\n    return {call}\n"
    files = {"wide/__init__.py": source, "wide/other.py": "", "wide/plugins/__init__.py": "", "wide/plugins/a.py": ""}
    below = {"wide/plugins/sub/__init__.py": "", "wide/plugins/sub/b.py": "", "wide/plugins/tests/__init__.py": ""}
    dist = install(tmp_path, "wide", files | below | {"wide/plugins/tests/test_a.py": ""})
    reached = tracer({"app.py": "import wide"}, site_of(tmp_path, dist))
    plugins = {"wide.plugins", "wide.plugins.a", "wide.plugins.sub", "wide.plugins.sub.b"}
    assert plugins <= of(reached, "wide")
    assert not {"wide.other", "wide.plugins.tests.test_a"} & of(reached, "wide")
    (finding,) = (finding for finding in reached.findings if finding.code == "computed-import")
    assert "all modules of wide.plugins go in" in finding.message


def test_a_table_that_somebody_may_change_takes_the_whole_distribution(tracer: Tracer, tmp_path: Path) -> None:
    source = TABLE + "def register(name, module):\n    _LAZY[name] = module\n"
    dist = install(tmp_path, "lazy", {"lazy/__init__.py": source, "lazy/one.py": "", "lazy/other.py": ""})
    reached = tracer({"app.py": "import lazy"}, site_of(tmp_path, dist))
    assert "lazy.other" in of(reached, "lazy")


def test_functions_that_the_executables_library_lacks_are_told(tracer: Tracer, tmp_path: Path) -> None:
    lib = {"lib.py": "def load(c):\n    if hasattr(c, 'enable_load_extension'):\n        c.enable_load_extension(True)"}
    site = site_of(tmp_path, install(tmp_path, "lib", lib))
    assert not tracer({"app.py": "import lib, sqlite3\nlib.load(sqlite3.connect(':memory:'))"}, site).findings
    reached = tracer({"app.py": "import shop.store", "shop/store.py": "def f(c): c.enable_load_extension(True)"}, site)
    (told,) = (item for item in reached.findings if item.code == "absent-function")
    assert (told.subject, told.severity) == ("shop/store.py", "warning")
    assert "AttributeError" in told.message


def test_own_modules_that_a_literal_begins_are_taken_for_own_code_alone(tracer: Tracer, tmp_path: Path) -> None:
    files = {"jobs_sum.py": "", "jobs_all/__init__.py": "", "jobs_all/x.py": "", "jobs_data/x.txt": "", "other.py": ""}
    code = "import importlib, sys\nimportlib.import_module('jobs_' + sys.argv[1])"
    reached = tracer({"app.py": code, **files})
    assert own(reached) == {"__main__", "jobs_sum", "jobs_all"}
    assert [finding.severity for finding in reached.findings] == ["info"]
    dist = install(tmp_path, "wide", {"wide/__init__.py": code})
    assert own(tracer({"app.py": "import wide", **files}, site_of(tmp_path, dist))) == {"__main__"}
