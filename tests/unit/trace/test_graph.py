"""The closure over small applications and the standard library; the host's interpreter analyses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_trace.checks import missing_top_levels
from castiron_trace.graph import _libc_names, chain
from castiron_trace.hints.model import Alias
from castiron_trace.protocol import Tier
from tests.support.targets import TARGET
from tests.unit.trace.tracing import Tracer, codes, own

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import TargetPython
    from castiron_trace.stdlib_graph import StdlibGraph


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


def test_included_modules_go_in(tracer: Tracer) -> None:
    files = {"app.py": "", "plugins/__init__.py": "", "plugins/a.py": "import colorsys", "plugins/b.py": ""}
    reached = tracer(files, include=("plugins.a",))
    assert own(reached) == {"__main__", "plugins", "plugins.a"}
    assert "colorsys" in reached.modules
    assert own(tracer(files, include=("plugins.*",))) == {"__main__", "plugins", "plugins.a", "plugins.b"}
    assert tracer(files, include=("nowhere",)).unknown_includes == ("nowhere",)
    below_json = {name for name in tracer(files, include=("json.*",)).modules if name.startswith("json")}
    assert below_json == {"json", "json.decoder", "json.encoder", "json.scanner", "json.tool"}


def test_excluded_modules_stay_out(tracer: Tracer) -> None:
    reached = tracer({"app.py": "import a, json", "a.py": "import b", "b.py": ""}, exclude=("a",))
    assert own(reached) == {"__main__"}


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


def test_a_syntax_error_that_the_code_may_handle_is_no_certain_one(tracer: Tracer) -> None:
    old = "print 'x'\n"
    handled = tracer({"app.py": "try:\n    import old\nexcept SyntaxError:\n    old = None\n", "old.py": old})
    assert [(item.name, item.weakest) for item in handled.invalid] == [("old", Tier.GUARDED)]
    sure = tracer({"app.py": "import old\n", "old.py": old})
    assert [item.weakest for item in sure.invalid] == [Tier.REQUIRED]


def test_a_module_that_hides_the_standard_librarys_is_reported(tracer: Tracer) -> None:
    reached = tracer({"app.py": "import calendar", "calendar.py": ""})
    assert reached.modules["calendar"].owner == "(app)"
    assert "shadows-stdlib" in codes(reached)


def test_what_python_has_imported_before_is_not_hidden(tracer: Tracer) -> None:
    reached = tracer({"app.py": "import io, stat", "io.py": "", "stat.py": ""})
    assert {reached.modules[name].owner for name in ("io", "stat")} == {"(stdlib)"}
    assert "shadows-stdlib" not in codes(reached)


def test_equal_inputs_give_equal_results_in_any_folder(
    tmp_path: Path, python: TargetPython, stdlib: StdlibGraph
) -> None:
    files = {"app.py": "import a, json\nx = 'b'", "a.py": "from b import *", "b.py": ""}
    results = [Tracer(tmp_path / name, python, stdlib)(files) for name in ("one", "two")]
    assert list(results[0].modules) == list(results[1].modules)
    assert [(m.importer, m.line, m.tier) for m in results[0].modules.values()] == [
        (m.importer, m.line, m.tier) for m in results[1].modules.values()
    ]


def test_site_brings_the_line_editor_only_if_that_is_asked_for(tracer: Tracer) -> None:
    assert "readline" not in tracer({"app.py": "import site\nprint(site.getsitepackages())"}).modules
    assert "readline" in tracer({"app.py": "import site\nsite.enablerlcompleter()"}).modules


def test_names_of_the_libc_are_known() -> None:
    """`ctypes.util.find_library("m")`: what a static program has in itself is no missing library."""
    names = _libc_names(TARGET.libc)
    assert {"c", "m", "pthread", "dl"} <= set(names)
    assert not [name for name in names if name.startswith("lib") or ".so" in name]


@pytest.mark.parametrize(
    ("source", "name", "goes_in"),
    [
        ("import importlib", "importlib.metadata", False),
        ("import importlib\nimportlib.invalidate_caches()", "importlib.metadata", True),
        ("from importlib import invalidate_caches as fresh\nfresh()", "importlib.metadata", True),
        ("from functools import singledispatch as generic\n@generic\ndef f(x): pass", "typing", True),
        ("from email.message import Message", "email.policy", False),
        ("from email.message import EmailMessage\nEmailMessage()", "email.policy", True),
        ("from email.message import EmailMessage as Mail\nMail()", "email.policy", True),
        ("import threading", "_threading_local", False),
        ("import _threading_local", "_threading_local", True),
        ("import zipfile\nzipfile.PyZipFile('x')", "py_compile", True),
        ("import zipfile\nzipfile.ZipFile('x')", "py_compile", False),
    ],
)
def test_what_the_standard_library_imports_only_for_some_of_its_functions(
    tracer: Tracer, source: str, name: str, goes_in: bool
) -> None:
    assert (name in tracer({"app.py": source}).modules) is goes_in


@pytest.mark.parametrize(
    ("code", "module"),
    [
        ("import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'timeit', 'pass'])", "getopt"),
        ("import os, sys\nos.system(f'{sys.executable} -m cProfile job.py')", "pstats"),
        ("import runpy\nrunpy.run_module('cProfile', run_name='__main__')", "pstats"),
    ],
)
def test_a_module_that_is_run_has_what_its_command_line_imports(tracer: Tracer, code: str, module: str) -> None:
    reached = tracer({"app.py": code})
    assert module in reached.modules
    assert module not in tracer({"app.py": "import timeit, cProfile"}).modules


def test_what_an_installed_environment_is_asked_for(tracer: Tracer) -> None:
    alias = Alias(module="oldname", stands_for="newname._copy", distribution="newname", reason="-", source="-")
    reached = tracer({"app.py": "import oldname.core, own, else_.where", "own.py": ""}, include=("plug.*",))
    assert missing_top_levels(reached, [alias]) == ["else_", "newname", "oldname", "plug"]
    assert missing_top_levels(reached) == ["else_", "oldname", "plug"]
    assert missing_top_levels(tracer({"app.py": "import json"}), [alias]) == []
