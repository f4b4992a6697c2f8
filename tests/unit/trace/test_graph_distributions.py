"""The closure over installed distributions: packages that join, plug-ins, scripts, what is reported."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from castiron_trace.graph import used_site
from castiron_trace.unused_extras import unused_extras_notes
from tests.unit.trace.making import install, site_of
from tests.unit.trace.tracing import codes, of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.trace.tracing import Tracer


def test_nothing_of_what_is_analysed_runs(tracer: Tracer, tmp_path: Path) -> None:
    trap = f"import sys, pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\nsys.exit(3)\n"
    dist = install(tmp_path, "trap", {"trap/__init__.py": trap, "trap/inner.py": trap})
    reached = tracer({"app.py": "import trap.inner", "helper.py": trap}, site_of(tmp_path, dist))
    assert of(reached, "trap") == {"trap", "trap.inner"}
    assert not (tmp_path / "ran").exists()


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


def test_a_distribution_that_requires_itself_with_extras_is_needed_by_no_other(tracer: Tracer, tmp_path: Path) -> None:
    lone = install(tmp_path, "lone", {"lone/__init__.py": "", "lone/x.py": ""}, requires=("lone",))
    reached = tracer({"app.py": ""}, site_of(tmp_path, lone))
    assert of(reached, "lone") == {"lone", "lone.x"}


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


def test_scans_are_kept_and_a_damaged_cache_is_made_again(tracer: Tracer, tmp_path: Path) -> None:
    dist = install(tmp_path, "d", {"d.py": "import colorsys"})
    site = site_of(tmp_path, dist)
    first = tracer({"app.py": "import d"}, site)
    files = list((tmp_path / "scans").rglob("*.json"))
    assert len(files) == 2
    for path in files:
        path.write_text("{broken", encoding="utf-8")
    assert tracer({"app.py": "import d"}, site) == first


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
        ("info", "d/__init__.py:2", "usb-1.0"),
        ("info", "d/__init__.py:4", "sndfile"),
        ("warning", "d/__init__.py:2", "libmagic.so.1"),
    ]


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        ("CDLL(find_library('three') or Path(__file__).parent / 'native' / 'libthree.so')", "info"),
        ("try:\n    CDLL(Path(__file__).with_name('libthree.so'))\nexcept OSError:\n    CDLL('libthree.so.1')", "info"),
        ("CDLL(find_library('three') or Path(__file__).parent / 'gone' / 'libthree.so')", "warning"),
        ("CDLL(find_library('three') or 'libthree.so')", "warning"),
    ],
)
def test_a_library_of_the_machine_beside_one_of_the_application(tracer: Tracer, code: str, severity: str) -> None:
    source = f"from ctypes import CDLL\nfrom ctypes.util import find_library\nfrom pathlib import Path\n{code}\n"
    files = {"app.py": source, "native/libthree.so": "", "libthree.so": ""}
    found = {item.severity for item in tracer(files).findings if item.code == "foreign-library"}
    assert found == {severity}


@pytest.mark.parametrize(
    ("handler", "severity"),
    [
        ("except OSError:\n        return None", "info"),
        ("except (AttributeError, Exception):\n        pass", "info"),
        ("except:\n        return 1", "info"),
        ("except OSError as error:\n        raise RuntimeError('install it') from error", "warning"),
        ("except ValueError:\n        return None", "warning"),
        ("finally:\n        print()", "warning"),
    ],
)
def test_a_function_of_a_distribution_that_does_without_a_library(
    tracer: Tracer, tmp_path: Path, handler: str, severity: str
) -> None:
    source = f"import ctypes\ndef version():\n    try:\n        return ctypes.CDLL('libthree.so').v()\n    {handler}\n"
    site = site_of(tmp_path, install(tmp_path, "d", {"d.py": source}))
    found = [item.severity for item in tracer({"app.py": "import d"}, site).findings]
    assert found == [severity]


def test_what_is_only_installed_beside_stays_out(tracer: Tracer, tmp_path: Path) -> None:
    used = install(tmp_path, "used", {"used.py": ""}, requires=("needed",))
    others = [
        install(tmp_path, name, {f"{name.replace('-', '_')}.py": ""}, direct=False)
        for name in ("needed", "imported", "named-one", "beside", "run-by")
    ]
    site = site_of(tmp_path, used, *others)
    reached = tracer(
        {"app.py": "import used, imported\nfrom importlib.metadata import version\nversion('Named_One')"}, site
    )

    def names(runner: str | None, *, watched: bool) -> set[str]:
        return {item.name for item in used_site(site, reached, runner, watched=watched).distributions}

    assert names(None, watched=False) == {"used", "needed", "imported", "named-one"}
    assert names(None, watched=True) == {"used", *(item.name for item in others)}
    assert names("run-by", watched=True) == {"used", "needed", "imported"}


def test_what_an_extra_brings_and_nothing_imports_is_told(tracer: Tracer, tmp_path: Path) -> None:
    lib = install(tmp_path, "lib", {"lib.py": "try:\n    import used\nexcept ImportError:\n    pass"})
    extras = [
        replace(install(tmp_path, name, {f"{name}.py": ""}, direct=False), extra="lib[all]")
        for name in ("used", "unseen", "also")
    ]
    stubs = replace(install(tmp_path, "stubs", {"stubs/x.pyi": ""}, direct=False), extra="lib[all]")
    site = site_of(tmp_path, replace(lib, requires=("also", "stubs", "unseen", "used")), *extras, stubs)
    reached = tracer({"app.py": "import lib"}, site)
    assert of(reached, "used") == {"used"}
    assert of(reached, "unseen") == set()
    (note,) = unused_extras_notes(site, reached)
    assert note == (
        "not included: 2 distributions that extras ask for and no import leads to (also of lib[all], unseen of "
        "lib[all]); --with takes one, named by itself"
    )
    reached = tracer({"app.py": "import lib, also, unseen"}, site)
    assert list(unused_extras_notes(site, reached)) == []


def test_what_the_user_s_own_project_requires_was_asked_for(tracer: Tracer, tmp_path: Path) -> None:
    shop = install(tmp_path, "shop", {"shop.py": ""}, requires=("driver", "lib"), project=True)
    driver = install(tmp_path, "driver", {"driver/__init__.py": "", "driver/x.py": ""}, direct=False)
    lib = install(tmp_path, "lib", {"lib.py": ""}, requires=("other",), direct=False)
    other = install(tmp_path, "other", {"other.py": ""}, direct=False)
    reached = tracer({"app.py": "import shop, lib"}, site_of(tmp_path, shop, driver, lib, other))
    assert of(reached, "driver") == {"driver", "driver.x"}
    assert of(reached, "other") == set()
