"""Which libraries a build wanted, and how it is given them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from castiron_runtime.recipe import recipe_names
from castiron_wheels.compilers import pkgconf_program, write_compilers
from castiron_wheels.offered_libraries import linked, offered_libraries, wanted, write_descriptions, write_prefix

if TYPE_CHECKING:
    from castiron_common.target import PythonTarget
    from castiron_runtime.library import Library


def test_every_library_has_a_recipe_and_a_name_of_its_own() -> None:
    assert set(offered_libraries()) <= set(recipe_names())
    modules = [module for library in offered_libraries().values() for module in library.modules]
    assert len(modules) == len(set(modules))


@pytest.mark.parametrize(
    ("asked", "log", "libraries"),
    [
        ("--exists libffi", "", {"libffi"}),
        ("--libs zlib>=1.2 openssl", "", {"openssl", "zlib"}),
        ("--print-errors zlib >= 1.2, liblzma", "", {"xz", "zlib"}),
        ("--exists libpq", "", set()),
        ("", "a.c:1:10: fatal error: 'openssl/evp.h' file not found", {"openssl"}),
        ("", "a.c:1:10: fatal error: 'sqlite3.h' file not found", {"sqlite"}),
        ("", "a.c:1:10: fatal error: 'my/sqlite3.h' file not found", set()),
        ("", "ld.lld: error: unable to find library -lbz2", {"bzip2"}),
        ("", "error: unable to find dynamic system library 'crypto' using strategy 'paths_first'", {"openssl"}),
        ("", "ld.lld: error: unable to find library -lpq", set()),
    ],
)
def test_wanted(asked: str, log: str, libraries: set[str]) -> None:
    assert wanted(asked, log) == libraries


def test_linked() -> None:
    assert linked(["-lssl", "/build/libraries/lib/libz.a", "-lm", "-L/lib", "lib/libffi.a"]) == {
        "openssl",
        "zlib",
        "libffi",
    }


def test_pkg_config_tells_of_them_and_notes_what_it_is_asked(tmp_path: Path, target: PythonTarget) -> None:
    (tmp_path / "built" / "include").mkdir(parents=True)
    (tmp_path / "built" / "include" / "zlib.h").write_text("")
    (tmp_path / "built" / "libz.a").write_bytes(b"")
    library = SimpleNamespace(include=tmp_path / "built" / "include", archives=(tmp_path / "built" / "libz.a",))
    prefix = tmp_path / "prefix"
    write_prefix(prefix, [cast("Library", library)])
    assert (prefix / "include" / "zlib.h").is_file()
    assert (prefix / "lib" / "libz.a").is_file()
    place = write_descriptions(prefix, ["zlib"], target.target)
    variables = write_compilers(tmp_path / "tools", Path("/nonexistent/zig"), "x86_64-linux-musl")
    environment = {**os.environ, "PKG_CONFIG_LIBDIR": str(place), "CASTIRON_NOTES": str(tmp_path)}

    def ask(*words: str) -> subprocess.CompletedProcess[str]:
        command = [variables["PKG_CONFIG"], *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert ask("--cflags", "--libs", "zlib").stdout.split() == [f"-I{prefix}/include", f"-L{prefix}/lib", "-lz"]
    assert ask("--atleast-version=1.2", "zlib").returncode == 0
    assert ask("--exists", "openssl").returncode != 0
    assert (tmp_path / "pkg-config-asked").read_text().splitlines() == [
        "--cflags --libs zlib",
        "--atleast-version=1.2 zlib",
        "--exists openssl",
    ]
    assert pkgconf_program().is_file()
