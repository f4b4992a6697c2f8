"""What is shown of a build's output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_wheels.build_log import last_line, telling_lines

if TYPE_CHECKING:
    from pathlib import Path

COMPILER = """running build_ext
cc -c a.c -Werror=format-security
a.c:3:10: fatal error: 'openssl/ssl.h' file not found
    3 | #include <openssl/ssl.h>
1 error generated.
Traceback (most recent call last):
  File "x.py", line 1, in f
  File "x.py", line 2, in g
  File "x.py", line 3, in h
distutils.compilers.C.errors.CompileError: command '/tools/cc' failed with exit code 1
"""
RUST = (
    "\x1b[1m   Compiling a\x1b[0m\n\x1b[31merror[E0432]\x1b[0m: unresolved import `b`\nerror: could not compile `a`\n"
)
PYTHON = "Traceback (most recent call last):\n  File 'setup.py'\nRuntimeError: Cannot find MySQL\n"


@pytest.mark.parametrize(
    ("log", "first", "last"),
    [
        (COMPILER, "a.c:3:10: fatal error: 'openssl/ssl.h' file not found", None),
        (RUST, "error[E0432]: unresolved import `b`", None),
        (PYTHON, "RuntimeError: Cannot find MySQL", "RuntimeError: Cannot find MySQL"),
        (
            "CMake Error at CMakeLists.txt:3 (find_package):\n  No FOO\n",
            "CMake Error at CMakeLists.txt:3 (find_package):",
            "  No FOO",
        ),
    ],
)
def test_the_first_real_error_is_shown(log: str, first: str, last: str | None) -> None:
    shown = telling_lines(log.splitlines())
    assert shown[0] == first
    assert last is None or shown[-1] == last


def test_without_an_error_the_end_is_shown() -> None:
    assert telling_lines([f"line {number}" for number in range(40)]) == [f"line {number}" for number in range(28, 40)]


def test_last_line_is_short_and_harmless(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_line(log) == ""
    log.write_text("first\n\x1b[32m[3/9] compiling\x07 a.c\x1b[0m\n\n")
    assert last_line(log) == "[3/9] compiling\\x07 a.c"
    log.write_text("10%\r20%" + "x" * 500)
    assert len(last_line(log)) == 100
