"""What the module of build variables tells of the machine that built the interpreter: nothing."""

from __future__ import annotations

import ast
from pathlib import Path

from castiron_runtime.cpython import _neutral_sysconfig


def test_no_folder_of_the_build_is_left() -> None:
    variables = {
        "CFLAGS": "-O3 -fprofile-use=/home/someone/castiron/profiles/cpython-3.13.profdata -Wall",
        "SRCDIR": "/home/someone/source/Python-3.13.15/Modules",
        "VERSION": "3.13",
        "WITH": 1,
    }
    text = _neutral_sysconfig(
        f"# generated\nbuild_time_vars = {variables!r}", {Path("/home/someone/source/Python-3.13.15"): "/build/cpython"}
    )
    assert "/home" not in text
    assert ast.literal_eval(text.partition("build_time_vars = ")[2]) == {
        "CFLAGS": "-O3 -fprofile-use=cpython-3.13.profdata -Wall",
        "SRCDIR": "/build/cpython/Modules",
        "VERSION": "3.13",
        "WITH": 1,
    }
