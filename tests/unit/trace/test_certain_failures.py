"""What an application surely fails without is an error; what it may do without is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import CastironError, ModuleMissingError, NativeError
from castiron_manifest.model import Severity
from castiron_trace.certain_failures import missing_findings, refuse_certain_failures
from castiron_trace.model import NO_SITE
from tests.unit.trace.making import install, site_of

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import Reached, Site
    from tests.unit.trace.tracing import Tracer


def error(tracer: Tracer, reached: Reached, *allowed: str, site: Site = NO_SITE) -> CastironError | None:
    try:
        refuse_certain_failures(reached, tracer._python, allowed, site)
    except CastironError as caught:
        return caught
    return None


def test_a_module_that_a_distribution_surely_imports(tracer: Tracer, tmp_path: Path) -> None:
    files = {"d/__init__.py": "from d import core", "d/core.py": "import os\nimport gone.away\n"}
    reached = tracer({"app.py": "import d"}, site_of(tmp_path, install(tmp_path, "d", files)))
    caught = error(tracer, reached)
    assert isinstance(caught, ModuleMissingError)
    assert "d/core.py:2 imports gone" in caught.what
    assert "d cannot be imported without it" in caught.what
    assert "--allow-missing gone" in caught.hint
    assert error(tracer, reached, "gone") is None
    assert {(item.code, item.severity) for item in missing_findings(reached, ("gone",))} == {
        ("missing-module", Severity.WARNING)
    }


@pytest.mark.parametrize(
    ("name", "module", "reason", "instead"),
    [
        ("torch", "torch", "CUDA", "+cpu"),
        ("onnxruntime-gpu", "onnxruntime", "CUDA", "Use onnxruntime,"),
        ("opencv-python", "cv2", "Qt", "Use opencv-python-headless,"),
        ("pyside6-essentials", "PySide6", "window toolkit", "textual"),
    ],
)
def test_a_distribution_that_cannot_work(
    tracer: Tracer, tmp_path: Path, name: str, module: str, reason: str, instead: str
) -> None:
    files = {f"{module}/__init__.py": f"import {module}.core", f"{module}/core.py": ""}
    site = site_of(tmp_path, install(tmp_path, name, files))
    reached = tracer({"app.py": f"import {module}"}, site)
    caught = error(tracer, reached)
    assert isinstance(caught, NativeError)
    assert f"app.py:1 imports {module} of {name}" in caught.what
    assert reason in caught.what
    assert instead in caught.hint
    assert error(tracer, reached, name) is None
    assert not [item for item in missing_findings(reached, (name,)) if item.code == "not-missing"]
    (distribution,) = site.distributions
    local = replace(site, distributions=(replace(distribution, version="1.0+cpu"),))
    if name == "torch":
        assert error(tracer, reached, site=local) is None
    guarded = tracer({"app.py": f"try:\n    import {module}\nexcept ImportError:\n    pass"}, site)
    assert error(tracer, guarded) is None


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    import gone\nexcept ImportError:\n    gone = None",
        "import os\nif os.environ.get('X'):\n    import gone",
        "def f():\n    import gone",
        "with optional_imports('gone'):\n    import gone",
        "from contextlib import suppress\nwith suppress(ImportError):\n    import gone",
        "import sys\nif sys.platform == 'win32':\n    import gone",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import gone",
    ],
)
def test_what_may_be_missing_is_no_error(tracer: Tracer, tmp_path: Path, code: str) -> None:
    site = site_of(tmp_path, install(tmp_path, "d", {"d/__init__.py": code}))
    reached = tracer({"app.py": "import d"}, site)
    assert error(tracer, reached) is None
    assert not [item for item in missing_findings(reached, ()) if item.severity is Severity.WARNING]


@pytest.mark.parametrize(
    ("files", "surely"),
    [
        ({"space/one.py": "from space.two import x"}, True),
        ({"space/__init__.py": "", "space/one.py": "from space.two import x"}, False),
        ({"space/deep/__init__.py": "", "space/one.py": "import space.deep\nfrom space.deep.two import x"}, False),
    ],
)
def test_a_namespace_package_makes_no_module(
    tracer: Tracer, tmp_path: Path, files: dict[str, str], surely: bool
) -> None:
    """Code of a package may put modules below it into sys.modules; a namespace package has none."""
    caught = error(tracer, tracer({"app.py": "import space.one"}, site_of(tmp_path, install(tmp_path, "d", files))))
    assert isinstance(caught, ModuleMissingError) == surely
    assert caught is None or "space/one.py:1 imports space.two, which does not exist" in caught.what


@pytest.mark.parametrize("owner", ["tools", "tool_resources"])
def test_a_copy_in_the_distribution_may_be_put_on_the_path(tracer: Tracer, tmp_path: Path, owner: str) -> None:
    """setuptools has jaraco.text in setuptools/_vendor, which pkg_resources uses, too."""
    tools = {f"{owner}/__init__.py": f"import {owner}.use", f"{owner}/use.py": "import space.two"}
    code = {"app.py": f"import space.one, {owner}"}
    bare = site_of(tmp_path, install(tmp_path, "other", {"space/one.py": ""}), install(tmp_path, "tools", tools))
    assert isinstance(error(tracer, tracer(code, bare), site=bare), ModuleMissingError)
    copy = site_of(
        tmp_path, *bare.distributions, install(tmp_path, "tools", {**tools, "tools/_vendor/space/two.py": ""})
    )
    reached = tracer(code, copy)
    assert error(tracer, reached, site=copy) is None
    assert [item.severity for item in missing_findings(reached, ())] == [Severity.WARNING]
    takes = {**code, "app.py": f"import space.one, {owner}, {owner}._vendor.space.two"}
    vendored = {f"{owner}/_vendor/__init__.py": "", f"{owner}/_vendor/space/two.py": ""}
    whole = site_of(tmp_path, *bare.distributions, install(tmp_path, "tools", {**tools, **vendored}))
    (finding,) = missing_findings(tracer(takes, whole), ())
    assert finding.severity == Severity.INFO
    assert f"{owner}._vendor.space.two goes in" in finding.message


def test_a_module_that_is_imported_under_a_condition_may_fail_itself(tracer: Tracer, tmp_path: Path) -> None:
    site = site_of(tmp_path, install(tmp_path, "d", {"d/__init__.py": "import gone"}))
    assert error(tracer, tracer({"app.py": "try:\n    import d\nexcept ImportError:\n    pass"}, site)) is None


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import ctypes\nlib = ctypes.CDLL('libfoo.so.1')", "libfoo.so.1"),
        ("import ctypes\nlib = ctypes.cdll.LoadLibrary('libfoo.so')", "libfoo.so"),
        ("lib = ffi.dlopen('libfoo.so.1')", "libfoo.so.1"),
        ("lib = _dlopen(ffi, 'foo-1', 'libfoo-1.dll', 'libfoo-1.so.0')", "libfoo-1.so.0"),
        ("lib = dlopen(ffi, ('foo', 'foo-2'), ('libfoo.so.2', 'foo.dylib'))", "libfoo.so.2"),
    ],
)
def test_a_library_that_is_surely_opened(tracer: Tracer, tmp_path: Path, code: str, name: str) -> None:
    reached = tracer({"app.py": "import d"}, site_of(tmp_path, install(tmp_path, "d", {"d/__init__.py": code})))
    caught = error(tracer, reached)
    assert isinstance(caught, NativeError)
    assert f"opens the library {name}" in caught.what
    assert f"--allow-missing {name}" in caught.hint
    assert error(tracer, reached, name) is None
    told = [item for item in missing_findings(reached, (name,)) if item.code == "missing-library"]
    assert "--allow-missing accepts" in told[0].message


@pytest.mark.parametrize(
    "code",
    [
        "import ctypes\ntry:\n    lib = ctypes.CDLL('libfoo.so.1')\nexcept OSError:\n    lib = None",
        "import ctypes\ndef lib():\n    return ctypes.CDLL('libfoo.so.1')",
        "from ctypes.util import find_library\nname = find_library('foo')",
        "lib = _dlopen(ffi, 'foo', allow_fail=True)",
        "import ctypes\nlib = ctypes.CDLL(None)",
        "import ctypes\nlib = ctypes.CDLL('libc.so.6')",
        "import ctypes\nlib = ctypes.windll.LoadLibrary('setupapi')",
    ],
)
def test_a_library_that_need_not_be_there(tracer: Tracer, tmp_path: Path, code: str) -> None:
    site = site_of(tmp_path, install(tmp_path, "d", {"d/__init__.py": code}))
    assert error(tracer, tracer({"app.py": "import d"}, site)) is None


def test_a_library_that_one_distribution_brings(tracer: Tracer, tmp_path: Path) -> None:
    files = {"d/__init__.py": "import ctypes\nlib = ctypes.CDLL('libfoo.so.1')", "d.libs/libfoo.so.1": ""}
    assert error(tracer, tracer({"app.py": "import d"}, site_of(tmp_path, install(tmp_path, "d", files)))) is None


def test_psycopg_needs_libpq_or_its_binary(tracer: Tracer, tmp_path: Path) -> None:
    plain = install(tmp_path, "psycopg", {"psycopg/__init__.py": "x = 1"})
    caught = error(tracer, tracer({"app.py": "import psycopg"}, site_of(tmp_path, plain)))
    assert isinstance(caught, NativeError)
    assert "psycopg[binary]" in caught.hint
    binary = install(tmp_path, "psycopg-binary", {"psycopg_binary/__init__.py": "x = 1"})
    assert error(tracer, tracer({"app.py": "import psycopg"}, site_of(tmp_path, plain, binary))) is None


def test_what_is_not_missing_needs_no_permission(tracer: Tracer) -> None:
    reached = tracer({"app.py": "import json"})
    assert [item.code for item in missing_findings(reached, ("nosuch",))] == ["not-missing"]


def test_a_package_of_a_distribution_may_make_its_own_modules(tracer: Tracer, tmp_path: Path) -> None:
    """As DuckDB's compiled module and the import hook of toolz do: nothing in the files tells."""
    files = {"d/__init__.py": "import d.made.below", "d/core.py": ""}
    reached = tracer({"app.py": "import d"}, site_of(tmp_path, install(tmp_path, "d", files)))
    assert error(tracer, reached) is None
    assert {(item.code, item.severity) for item in missing_findings(reached, ())} == {("missing-module", Severity.INFO)}


@pytest.mark.parametrize(
    ("init", "sure"), [("from .book import widget\n", False), ("from .widget import widget\n", True), ("", True)]
)
def test_a_name_that_a_package_imports_hides_its_module_of_that_name(
    tracer: Tracer, tmp_path: Path, init: str, sure: bool
) -> None:
    files = {
        "d/__init__.py": "from .io import widget\n",
        "d/io/__init__.py": init,
        "d/io/book.py": "def widget(): pass\n",
        "d/io/widget.py": "import gone\ndef widget(): pass\n",
    }
    reached = tracer({"app.py": "import d"}, site_of(tmp_path, install(tmp_path, "d", files)))
    assert "d.io.widget" in reached.modules
    assert (error(tracer, reached) is not None) == sure


def test_the_application_and_the_standard_library_make_no_modules(tracer: Tracer) -> None:
    for name in ("own.gone", "json.gone"):
        reached = tracer({"app.py": f"import {name}", "own/__init__.py": ""})
        caught = error(tracer, reached)
        assert isinstance(caught, ModuleMissingError), name
        assert name in caught.what


def test_a_name_that_a_library_is_given_excuses_no_other(tracer: Tracer, tmp_path: Path) -> None:
    site = site_of(tmp_path, install(tmp_path, "plugins", {"plugins.py": "import sys\nsys.meta_path.append(Finder())"}))
    made = "import plugins\nplugins.Base(package='app.made')\nfrom app.made import thing\n"
    reached = tracer({"app.py": made}, site)
    assert error(tracer, reached) is None
    told = [item.message for item in missing_findings(reached, ()) if item.code == "missing-module"]
    assert told == [
        (
            "app.py:3 imports it, and it does not exist, unless a library's import hook makes it, "
            "to which app.py:2 gives its name."
        )
    ]
    caught = error(tracer, tracer({"app.py": f"{made}import gone\n"}, site))
    assert caught is not None
    assert "gone" in caught.what


ONE_OF = "try:\n    import {}\nexcept ImportError:\n    import {}"


def test_alternatives_none_of_which_exists(tracer: Tracer, tmp_path: Path) -> None:
    reached = tracer({"app.py": ONE_OF.format("gone.x", "lost.y")})
    caught = error(tracer, reached)
    assert isinstance(caught, ModuleMissingError)
    assert "app.py:4 imports lost, where gone.x is missing, and it does not exist either" in caught.what
    assert "the distribution of one of them" in caught.hint
    assert error(tracer, reached, "lost") is None
    assert error(tracer, reached, "gone") is None
    files = {"d/__init__.py": ONE_OF.format("gone", ".lost")}
    caught = error(tracer, tracer({"app.py": "import d"}, site_of(tmp_path, install(tmp_path, "d", files))))
    assert caught is None  # the distribution's package may make a module of its own


@pytest.mark.parametrize(("first", "second"), [("json", "lost"), ("gone", "json"), ("own", "lost"), ("gone", "own")])
def test_one_alternative_is_enough(tracer: Tracer, first: str, second: str) -> None:
    assert error(tracer, tracer({"app.py": ONE_OF.format(first, second), "own.py": ""})) is None


def test_what_the_last_alternative_imports_is_sure(tracer: Tracer) -> None:
    reached = tracer({"app.py": ONE_OF.format("gone", "own"), "own.py": "import lost"})
    caught = error(tracer, reached)
    assert caught is not None
    assert "own.py:1 imports lost, which does not exist" in caught.what
    assert error(tracer, tracer({"app.py": ONE_OF.format("json", "own"), "own.py": "import lost"})) is None


@pytest.mark.parametrize(
    ("files", "is_error"),
    [
        ({"app.py": "import own", "own.py": "try: import gone\nexcept ImportError: raise RuntimeError('gone')"}, True),
        ({"app.py": "try: import gone\nexcept ImportError: exit('pip install gone')"}, True),
        ({"app.py": "if __name__ == '__main__':\n    try: import gone\n    except ImportError: raise"}, True),
        ({"app.py": "if __name__ == '__main__':\n    try: import gone\n    except ImportError: pass"}, False),
        ({"app.py": "if __name__ == '__main__':\n    def f(): import gone"}, False),
        (
            {
                "app.py": "import own",
                "own.py": "if __name__ == '__main__':\n    try: import gone\n    except ImportError: raise",
            },
            False,
        ),
        ({"app.py": "def f():\n    try: import gone\n    except ImportError: raise"}, False),
        (
            {
                "app.py": "try: import own\nexcept ImportError: pass",
                "own.py": "try: import gone\nexcept ImportError: raise",
            },
            False,
        ),
        (
            {
                "app.py": "import sys\nsys.meta_path.append(object())\n"
                "try: import gone\nexcept ImportError: exit('no gone')"
            },
            False,
        ),
    ],
)
def test_a_program_that_ends_itself_without_a_module(tracer: Tracer, files: dict[str, str], is_error: bool) -> None:
    caught = error(tracer, tracer(files))
    assert (caught is not None) is is_error
    if caught is not None:
        assert "imports gone, which does not exist, and ends without it" in caught.what
