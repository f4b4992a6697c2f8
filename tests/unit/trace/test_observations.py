from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import InputError
from castiron_common.progress import SilentReporter
from castiron_trace import observe
from castiron_trace.entry import resolve_plan
from castiron_trace.graph import analyse
from castiron_trace.hints.reader import shipped_hints
from castiron_trace.model import NO_SITE
from castiron_trace.observations import Observed, ObservedFile, read_observations, united, write_observations
from castiron_trace.plan import read_plan
from castiron_trace.protocol import ObservedImport
from tests.unit.trace.conftest import options
from tests.unit.trace.making import install, site_of, write

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import Reached, Site, TargetPython
    from castiron_trace.stdlib_graph import StdlibGraph


class Watch:
    """Watches a run of ``app.py`` and prunes."""

    def __init__(self, folder: Path, python: TargetPython, stdlib: StdlibGraph) -> None:
        self.folder, self.python, self._stdlib = folder, python, stdlib

    def seen(self, files: dict[str, str | bytes], *arguments: str, **more: object) -> Observed:
        write(self.folder, files)
        wanted = options(self.folder, "app.py", run=arguments, **more)
        entry = resolve_plan(read_plan(wanted), NO_SITE)
        return observe.run(wanted, entry, NO_SITE, reporter=SilentReporter(), interpreter=self.python.interpreter)

    def pruned(self, seen: Observed, site: Site = NO_SITE, **more: object) -> Reached:
        wanted = options(self.folder, "app.py", **more)
        entry = resolve_plan(read_plan(wanted), site)
        return analyse(
            self.python, self._stdlib, entry, site, wanted, hints=shipped_hints(), cache=None, seen=seen, prune=True
        )

    def __call__(self, files: dict[str, str | bytes], *arguments: str, **more: object) -> set[str]:
        return set(self.pruned(self.seen(files, *arguments, **more)).modules)


@pytest.fixture
def watch(tmp_path: Path, python: TargetPython, stdlib: StdlibGraph) -> Watch:
    return Watch(tmp_path, python, stdlib)


def test_modules_that_every_python_has_loaded_at_its_start_are_kept(watch: Watch) -> None:
    seen = watch.seen({"app.py": "def main():\n    import os, stat\nimport sys\nmain()\n"})
    assert {"os", "stat", "posixpath"} <= set(watch.pruned(seen).modules)
    assert not {"site", "zipimport", "runpy"} & set(seen.modules)


def test_what_the_runner_imports_is_not_what_the_application_imports(watch: Watch) -> None:
    wanted = options(watch.folder, "app", as_module=True, run=())
    write(watch.folder, {"app.py": "import colorsys\n"})
    entry = resolve_plan(read_plan(wanted), NO_SITE)
    seen = observe.run(
        wanted,
        entry,
        NO_SITE,
        reporter=SilentReporter(),
        interpreter=watch.python.interpreter,
    )
    assert "colorsys" in seen.modules
    assert "runpy" not in seen.modules


def test_digests_of_openssl_bring_pythons_own_which_the_link_may_prefer(watch: Watch) -> None:
    modules = watch({"app.py": "import hashlib\nhashlib.sha1()\n"})
    assert {"hashlib", "_hashlib", "_md5", "_sha1", "_sha3", "_blake2"} <= modules


def test_accelerators_of_modules_that_only_an_error_loads_are_kept(watch: Watch) -> None:
    modules = watch({"app.py": "import sys\n"})
    assert {"traceback", "collections", "_collections", "_functools"} <= modules


def test_of_what_machine_code_names_a_run_tells_what_it_imports(watch: Watch, tmp_path: Path) -> None:
    machine_code = b"\0cython_runtime\0"  # which may import statistics, heapq and others
    place = f"fast{watch.python.suffixes[0]}"
    site = site_of(tmp_path / "site", install(tmp_path / "site", "fast", {place: machine_code}))
    write(watch.folder, {"app.py": "import fast\n"})
    seen = Observed(imports=(ObservedImport("fast"), ObservedImport("heapq", "fast")))
    modules = watch.pruned(seen, site).modules
    assert {"fast", "heapq"} <= modules.keys()
    assert "statistics" not in modules
    assert "statistics" in watch.pruned(seen, site, include=("statistics",)).modules


def test_a_module_that_is_only_looked_for_is_kept(watch: Watch) -> None:
    source = "import importlib.util\nassert importlib.util.find_spec('col' + 'orsys')\nimport sys\nsys.exit(0)\n"
    assert "colorsys" in watch({"app.py": source})


def test_modules_of_a_listed_package_are_kept(watch: Watch) -> None:
    source = "import pkgutil, plugins\nassert [m.name for m in pkgutil.iter_modules(plugins.__path__)] == ['a', 'b']\n"
    files = {"app.py": source, "plugins/__init__.py": "", "plugins/a.py": "", "plugins/b/__init__.py": ""}
    assert {"plugins", "plugins.a", "plugins.b"} <= watch(files)


def test_a_package_that_is_only_imported_is_not_kept_whole(watch: Watch) -> None:
    files = {"app.py": "import plugins.a\n", "plugins/__init__.py": "", "plugins/a.py": "", "plugins/b.py": ""}
    assert "plugins.b" not in watch(files)


DRIVEN = {
    "app.py": "import importlib\ndef use(name):\n    return importlib.import_module('plug' + name)\n"
    "def rare():\n    import sqlite3\ndef common():\n    import colorsys\n",
    "plugone.py": "import wave",
    "plugtwo.py": "",
    "driver.py": "import cmd, checks\nchecks.check()\n",
    "checks.py": "import app, helper\ndef check():\n    app.use('one')\n    app.common()\n"
    "    open('data.txt').close()\n",
    "helper.py": "import mailcap_like",
    "mailcap_like.py": "",
    "data.txt": "",
}


def test_what_another_program_uses_for_itself_does_not_count(watch: Watch) -> None:
    seen = watch.seen(DRIVEN, run_by="driver")
    reached = watch.pruned(seen)
    assert {"plugone", "wave", "colorsys"} <= set(reached.modules)
    assert not {"plugtwo", "sqlite3", "cmd", "checks", "helper", "mailcap_like", "driver"} & set(reached.modules)
    assert "data.txt" not in {file.name for file in reached.files}


def test_runs_are_united_and_kept_without_the_folder(watch: Watch, tmp_path: Path) -> None:
    one = watch.seen(DRIVEN | {"app.py": "import sys\nimport_ = __import__\nimport_('plug' + sys.argv[1])\n"}, "one")
    two = watch.seen({}, "two")
    write_observations(tmp_path / "kept", united([one, two]), [watch.folder])
    assert str(tmp_path) not in (tmp_path / "kept").read_text()
    again = read_observations(tmp_path / "kept", [watch.folder])
    assert {"plugone", "plugtwo"} <= set(watch.pruned(again).modules)
    assert again == united([one, two])


def test_files_are_told_from_their_innermost_folder(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    write(inner, {"x": ""})
    seen = Observed(files=(ObservedFile(inner / "x"),), imports=(ObservedImport("a"),))
    write_observations(tmp_path / "kept", seen, [tmp_path, inner])
    assert read_observations(tmp_path / "kept", [tmp_path, inner]) == seen
    (inner / "x").unlink()
    assert read_observations(tmp_path / "kept", [tmp_path, inner]).files == ()


@pytest.mark.parametrize("text", ["", "other", "castiron observations 1\n[]", "castiron observations 1\n{"])
def test_another_file_is_no_observations(tmp_path: Path, text: str) -> None:
    (tmp_path / "kept").write_text(text)
    with pytest.raises(InputError, match="is not the record of a run"):
        read_observations(tmp_path / "kept", [])


def test_no_file_is_no_observations(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Cannot read .*none: No such file"):
        read_observations(tmp_path / "none", [])


def test_a_program_that_traces_itself_does_not_see_the_observer(watch: Watch) -> None:
    source = (
        "import sys\nfiles = set()\nsys.settrace(lambda frame, *rest: files.add(frame.f_code.co_filename))\n"
        "import colorsys\nsys.settrace(None)\nassert not any('sitecustomize' in file for file in files), files\n"
    )
    assert "colorsys" in watch({"app.py": source})
