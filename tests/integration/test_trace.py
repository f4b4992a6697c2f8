"""`trace` as a program, with the pack's own interpreter."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from castiron_manifest.codec import decode

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_manifest.model import Manifest
    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

PLUGIN_APP = {
    "app.py": "import importlib, sys\nplug = importlib.import_module('.'.join(['plugins', sys.argv[1]]))\n"
    "print(plug.greet())",
    "plugins/alpha.py": "def greet():\n    import colorsys\n    return colorsys.rgb_to_hsv(1, 0, 0)[1]\n",
    "plugins/beta.py": "def greet():\n    return open('beta.txt').read()\n",
}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def run_trace(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    clean = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    return subprocess.run(
        [sys.executable, "-c", "from castiron_trace.cli import main; main()", *arguments],
        cwd=folder,
        capture_output=True,
        check=False,
        env={**clean, **(environment or {})},
    )


def manifest_of(folder: Path, *arguments: str) -> Manifest:
    done = run_trace(folder, *arguments)
    assert done.returncode == 0, done.stderr.decode()
    return decode(done.stdout)


def names(manifest: Manifest, origin: str) -> set[str]:
    return {module.name for module in manifest.modules if module.origin == origin}


def test_hello_in_two_seconds(pack: Pack, tmp_path: Path) -> None:
    write(tmp_path, {"hello.py": "print('hello')\n"})
    manifest_of(tmp_path, "hello.py")  # makes the standard library's graph if it is not there
    # The processor's time, its children's included: the clock on the wall says how busy the machine is.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    manifest = manifest_of(tmp_path, "hello.py")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime <= 2
    assert manifest.pack == f"cpython-{pack.python_version}"
    assert names(manifest, "app") == {"__main__"}
    assert not {"ssl", "_ssl", "sqlite3", "zlib", "unicodedata", "asyncio"} & names(manifest, "stdlib")


def test_what_is_said_of_a_call_that_is_not_followed(pack: Pack, tmp_path: Path) -> None:
    """Decision 034: no warning where all calls have literals; else, with details, the first call that has none."""
    tools = "import importlib\ndef optional(name):\n    return importlib.import_module(name)\n"
    write(tmp_path, {"tools.py": tools, "app.py": "import tools\ntools.optional('colorsys')\n"})
    said = run_trace(tmp_path, "app.py").stderr.decode()
    assert re.match(r"app: 2 own modules, \d+ of the standard library; 0 data files, 0 native libraries; ", said)
    assert "warning" not in said
    write(tmp_path, {"app.py": "import tools, sys\ntools.optional(sys.argv[1])\n"})
    said = run_trace(tmp_path, "app.py").stderr.decode()
    assert re.findall(r"^warning (\S+): import_module with a computed name", said, re.MULTILINE) == ["tools.py:3"]
    assert "1 note (-v shows it)" in said
    said = run_trace(tmp_path, "-v", "app.py").stderr.decode()
    assert "app.py:2: optional is called with a computed name, so that what tools.py:3 imports is not seen" in said


def test_a_plug_in_by_computed_name_is_missed_by_reading_and_found_by_running(pack: Pack, tmp_path: Path) -> None:
    write(tmp_path, PLUGIN_APP)
    read = manifest_of(tmp_path, "app.py")
    assert "plugins.alpha" not in names(read, "app")
    assert [(f.code, f.subject) for f in read.findings] == [("computed-import", "app.py:2")]
    seen = manifest_of(tmp_path, "--run", "app.py", "--", "alpha")
    assert names(seen, "app") == {"__main__", "plugins", "plugins.alpha"}
    assert "colorsys" in names(seen, "stdlib")
    (module,) = [module for module in seen.modules if module.name == "plugins.alpha"]
    assert module.via is not None
    assert (module.via.importer, module.via.tier) == ("(run)", "observed")


def test_files_that_a_run_reads_go_in(pack: Pack, tmp_path: Path) -> None:
    write(tmp_path, {**PLUGIN_APP, "beta.txt": "data"})
    seen = manifest_of(tmp_path, "--run", "app.py", "--", "beta")
    assert [resource.path for resource in seen.resources] == ["beta.txt"]


def test_a_run_that_fails_is_an_error(pack: Pack, tmp_path: Path) -> None:
    write(tmp_path, PLUGIN_APP)
    done = run_trace(tmp_path, "--run", "app.py", "--", "gamma")
    assert done.returncode == 14
    assert done.stdout == b""


def test_prune_keeps_what_the_run_used(pack: Pack, tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "def rare():\n    import sqlite3\nimport json\n"})
    assert "sqlite3" in names(manifest_of(tmp_path, "--run", "app.py"), "stdlib")
    pruned = names(manifest_of(tmp_path, "--run", "--prune", "app.py"), "stdlib")
    assert "sqlite3" not in pruned
    assert "json.decoder" in pruned


def test_a_run_leaves_the_output_to_the_manifest(pack: Pack, tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "print('from the application')\n"})
    done = run_trace(tmp_path, "-q", "--run", "app.py")
    assert decode(done.stdout).entry.name == "app"
    assert b"from the application" in done.stderr


def test_children_are_watched(pack: Pack, tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "app.py": "import multiprocessing, sys\nimport work\nif __name__ == '__main__':\n"
            "    process = multiprocessing.get_context(sys.argv[1]).Process(target=work.load, args=('other',))\n"
            "    process.start()\n    process.join()\n    sys.exit(process.exitcode)\n",
            "work.py": "import importlib\ndef load(name):\n    importlib.import_module('pl' + name)\n",
            "plother.py": "",
        },
    )
    for method in ("fork", "spawn"):
        assert "plother" in names(manifest_of(tmp_path, "--run", "app.py", "--", method), "app"), method


def test_equal_inputs_give_equal_bytes_in_any_folder_and_cache(pack: Pack, tmp_path: Path) -> None:
    found = []
    for name, seed in (("one", "1"), ("two", "2")):
        folder = tmp_path / name
        write(
            folder,
            {"app.py": "import json, pkg.a\nx = 'data.txt'\n", "pkg/__init__.py": "", "pkg/a.py": "", "data.txt": "d"},
        )
        found.append(run_trace(folder, "app.py", environment={"PYTHONHASHSEED": seed}).stdout)
    assert found[0] == found[1]
    assert str(tmp_path).encode() not in found[0]


def test_explain_prints_the_chain(pack: Pack, tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "import a\n", "a.py": "\ndef f():\n    import colorsys\n"})
    done = run_trace(tmp_path, "-q", "app.py", "--explain", "colorsys")
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "__main__ is the application's entry"
    assert lines[1].startswith("__main__ -> a ")
    assert lines[1].endswith("app.py:1)")
    assert lines[2].startswith("a -> colorsys   (lazy, ")
    assert lines[2].endswith("a.py:3)")


def test_explain_tells_who_imports_what_does_not_exist(pack: Pack, tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "import a\n", "a.py": "import gone\n"})
    assert run_trace(tmp_path, "-q", "app.py", "-o", "m").returncode == 13
    done = run_trace(tmp_path, "-q", "app.py", "--explain", "gone")
    assert done.stdout.decode().splitlines()[1:] == [
        "__main__ -> a   (required, app.py:1)",
        "gone does not exist; a.py:1 imports it",
    ]


def test_syntax_that_the_host_does_not_know(pack: Pack, tmp_path: Path) -> None:
    write(tmp_path, {"app.py": 'type Pair[T] = tuple[T, T]\nprint(f"{"nested"}")\n'})
    assert "typing" in names(manifest_of(tmp_path, "app.py"), "stdlib")


@pytest.mark.network
def test_a_script_with_its_own_requirements(pack: Pack, tmp_path: Path) -> None:
    write(
        tmp_path,
        {"app.py": "# /// script\n# dependencies = ['sqlparse==0.5.3']\n# ///\nimport sqlparse\n"},
    )
    manifest = manifest_of(tmp_path, "app.py")
    (distribution,) = manifest.distributions
    assert (distribution.name, distribution.version, distribution.direct) == ("sqlparse", "0.5.3", True)
    assert distribution.license.files
    assert {"sqlparse", "sqlparse.sql"} <= names(manifest, "distribution")


@pytest.mark.network
def test_a_command_with_its_requirements(pack: Pack, tmp_path: Path) -> None:
    manifest = manifest_of(tmp_path, "http", "--with", "httpie==3.2.4")
    assert (manifest.entry.module, manifest.entry.function) == ("httpie.__main__", "main")
    assert {"httpie.client", "rich.console", "multidict._multidict"} <= names(manifest, "distribution")
    assert {native.module for native in manifest.natives} >= {"multidict._multidict"}
    assert not [finding for finding in manifest.findings if finding.severity != "info"]
