from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from castiron_common.progress import RichReporter, SilentReporter
from castiron_manifest.model import Native
from castiron_trace import observe
from castiron_trace.analyser.scans import ScanStore
from castiron_trace.entry import resolve_plan
from castiron_trace.hints.model import SourceHints
from castiron_trace.model import NO_SITE, Site
from castiron_trace.observations import Observed
from castiron_trace.observe import foreign_libraries
from castiron_trace.plan import read_plan
from tests.support.targets import TARGET
from tests.unit.trace.conftest import options
from tests.unit.trace.making import write

if TYPE_CHECKING:
    from castiron_trace.model import TargetPython


def run(folder: Path, python: TargetPython, files: dict[str, str | bytes], *arguments: str) -> Observed:
    write(folder, files)
    wanted = options(folder, "app.py", run=arguments)
    entry = resolve_plan(read_plan(wanted), NO_SITE)
    return observe.run(wanted, entry, NO_SITE, reporter=SilentReporter(), interpreter=python.interpreter)


def test_what_a_run_imports_reads_and_writes(tmp_path: Path, python: TargetPython) -> None:
    seen = run(
        tmp_path,
        python,
        {
            "app.py": "import importlib, sys\nimportlib.import_module(sys.argv[1])\nopen('read.txt').close()\n"
            "open('written.txt', 'w').close()\nassert sys.argv[0].endswith('app.py')\nassert __name__ == '__main__'\n",
            "plug.py": "import colorsys",
            "read.txt": "",
            "other.txt": "",
        },
        "plug",
    )
    assert {"plug", "colorsys"} <= set(seen.modules)
    assert {file.path.name for file in seen.files} == {"app.py", "plug.py", "read.txt"}


def test_the_prefix_is_that_of_the_distributions(tmp_path: Path, python: TargetPython) -> None:
    place = tmp_path / "prefix/lib/python3.13/site-packages"
    place.mkdir(parents=True)
    write(tmp_path / "prefix/share/thing", {"data.txt": ""})
    code = "import os, subprocess as s, sys\nif not sys.argv[1:]: sys.exit(s.call([sys.executable, __file__, 'x']))\n"
    folder = write(
        tmp_path / "app", {"app.py": f"{code}open(os.path.join(sys.prefix, 'share/thing/data.txt')).close()"}
    )
    wanted = options(folder, "app.py", run=())
    site = Site(path=(place,))
    entry = resolve_plan(read_plan(wanted), site)
    seen = observe.run(wanted, entry, site, reporter=SilentReporter(), interpreter=python.interpreter)
    assert "data.txt" in {file.path.name for file in seen.files}


def test_files_above_the_applications_folder_are_told(tmp_path: Path, python: TargetPython) -> None:
    folder = write(
        tmp_path / "project/src/tool", {"app.py": "open('../../shared.csv').close()\nopen('own.txt').close()"}
    )
    write(folder, {"own.txt": ""})
    write(tmp_path / "project", {"shared.csv": ""})
    wanted = options(folder, "app.py", run=())
    entry = resolve_plan(read_plan(wanted), NO_SITE)
    told = io.StringIO()
    reporter = RichReporter(Console(file=told, width=500))
    observe.run(wanted, entry, NO_SITE, reporter=reporter, interpreter=python.interpreter)
    _start, line, _end = told.getvalue().splitlines()
    assert line == (
        "watched run: the run read 1 file above the application's folder, not included (../../shared.csv): what a "
        "program needs must lie beside its code, or be named by its user"
    )


def test_modules_of_the_standard_library_by_computed_names(tmp_path: Path, python: TargetPython) -> None:
    source = "import importlib\nfor name in ('xml.dom.domreg', 'colorsys'):\n    importlib.import_module(name)\n"
    seen = run(tmp_path, python, {"app.py": source})
    assert {"colorsys", "xml.dom", "xml.dom.domreg"} <= set(seen.modules)
    assert [file.path.name for file in seen.files] == ["app.py"]


def test_children_that_end_at_once_are_seen(tmp_path: Path, python: TargetPython) -> None:
    source = "import os\nif os.fork() == 0:\n    import plug\n    os._exit(0)\nos.wait()\n"
    assert "plug" in run(tmp_path, python, {"app.py": source, "plug.py": ""}).modules


def test_the_hook_bears_any_event(tmp_path: Path) -> None:
    hook = Path(observe.__file__).parent / "analyser" / "observer.py"
    source = (
        "import os, sys; sys.audit('open', b'/x', 'r', 0); sys.audit('open', 3, None, 0); sys.audit('exec', 1)\n"
        "os.closerange(3, 64); open('/dev/null').close(); print('alive')"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"exec(open({str(hook)!r}).read())\n{source}"],
        env={"CASTIRON_OBSERVE": str(tmp_path / "log")},
        capture_output=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == (b"alive\n", 0)


def test_libraries_of_the_machine_are_reported() -> None:
    native = Native(path="d.libs/libz.so.1", distribution="d", soname="libz.so.1", sha256="0" * 64, size=1)
    seen = Observed(libraries=("libc.so.6", "libz.so.1", "/usr/lib/libfoo.so"))
    assert [finding.subject for finding in foreign_libraries(seen, [native], TARGET.libc)] == ["/usr/lib/libfoo.so"]


def test_a_file_that_cannot_be_read_is_an_unreadable_source(tmp_path: Path) -> None:
    error = ScanStore(None, "", SourceHints()).of_file(str(tmp_path / "gone.py"), own=True).error
    assert error is not None
    assert error[0] == 0
    assert "cannot be read" in error[1]


def test_a_cache_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("")
    source = tmp_path / "a.py"
    source.write_text("import b")
    store = ScanStore(tmp_path / "blocked", "", SourceHints())
    assert [item[0] for item in store.of_file(str(source), own=True).imports] == ["b"]
    store.save()
