"""The worker runs under any Python; here under the one that runs the tests."""

import marshal
import os
import sqlite3
import sys
from pathlib import Path

import pytest

from castiron_common.errors import RuntimePackError
from castiron_link.bytecode import Compiler, compile_modules
from castiron_link.model import PlacedModule
from castiron_manifest.model import Module, ModuleKind, Origin


def placed(path: str, source: bytes) -> PlacedModule:
    name = path.removesuffix(".py").replace("/", ".")
    module = Module(name=name, kind=ModuleKind.SOURCE, origin=Origin.STDLIB, path=path)
    return PlacedModule(module=module, tree_path=f"lib/python3.13/{path}", source=source)


def compiler(tmp_path: Path, *, optimize: int = 0, python: Path = Path(sys.executable)) -> Compiler:
    return Compiler(
        interpreter=lambda: python, python_version="3.13.0", optimize=optimize, cache=tmp_path / "cache.sqlite"
    )


def test_code_runs_and_names_its_place_in_the_tree(tmp_path: Path) -> None:
    (done,) = compile_modules([placed("a/b.py", b"def f(): return 42\nx = f()")], compiler(tmp_path))
    code = marshal.loads(done.code)
    namespace: dict[str, object] = {}
    exec(code, namespace)
    assert namespace["x"] == 42
    assert code.co_filename == "lib/python3.13/a/b.py"
    assert done.error is None


def test_the_second_time_needs_no_interpreter(tmp_path: Path) -> None:
    modules = [placed(f"m{index}.py", b"x = %d" % index) for index in range(40)]
    first = compile_modules(modules, compiler(tmp_path))

    def refuse() -> Path:
        raise AssertionError("must not be asked")

    again = Compiler(interpreter=refuse, python_version="3.13.0", optimize=0, cache=tmp_path / "cache.sqlite")
    assert compile_modules(modules, again) == first


def test_levels_are_kept_apart(tmp_path: Path) -> None:
    module = placed("m.py", b'"""Docs."""\nassert x\n')
    codes = [
        marshal.loads(compile_modules([module], compiler(tmp_path, optimize=level))[0].code) for level in (0, 1, 2)
    ]
    assert "Docs." in codes[1].co_consts
    assert "Docs." not in codes[2].co_consts
    assert len(codes[0].co_code) > len(codes[1].co_code)


def test_same_bytes_in_any_order(tmp_path: Path) -> None:
    library = Path(os.__file__).parent
    names = ["typing.py", "enum.py", "argparse.py", "socket.py", "ast.py", "tokenize.py", "decimal.py", "heapq.py"]
    modules = [placed(name, (library / name).read_bytes()) for name in names]
    forward = compile_modules(modules, compiler(tmp_path / "1"))
    backward = compile_modules(modules[::-1], compiler(tmp_path / "2"))
    assert {code.tree_path: code.code for code in forward} == {code.tree_path: code.code for code in backward}


def test_equal_sets_are_one_object_whatever_the_compiler_shared(tmp_path: Path) -> None:
    functions = "".join(f"def f{n}(x):\n    return x in {{'PPPRAGMA', '_PRAGMA'}}\n" for n in range(9))
    (done,) = compile_modules([placed("m.py", functions.encode())], compiler(tmp_path))
    inner = [constant for constant in marshal.loads(done.code).co_consts if hasattr(constant, "co_consts")]
    sets = [constant for code in inner for constant in code.co_consts if isinstance(constant, frozenset)]
    assert len(sets) == 9
    assert len({id(constant) for constant in sets}) == 1


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        (b"x = 1\nprint 'old'\n", SyntaxError, "line 2"),
        (b"if x:\n\ty\n        z\n", TabError, "line 3"),
        (b"\xff\xfe", SyntaxError, ""),
        (b"# -*- coding: no-such-codec -*-\n", SyntaxError, "unknown encoding"),
        (b"x\0y", (SyntaxError, ValueError), "null bytes"),
    ],
)
def test_broken_sources_raise_when_they_are_run(
    tmp_path: Path, source: bytes, kind: type[Exception] | tuple[type[Exception], ...], message: str
) -> None:
    (done,) = compile_modules([placed("m.py", source)], compiler(tmp_path))
    assert done.error is not None
    assert message in done.error
    with pytest.raises(kind):
        exec(marshal.loads(done.code))


def test_a_damaged_cache_is_made_again(tmp_path: Path) -> None:
    module = placed("m.py", b"x = 1")
    first = compile_modules([module], compiler(tmp_path))
    (tmp_path / "cache.sqlite").write_bytes(b"not a database" * 100)
    assert compile_modules([module], compiler(tmp_path)) == first
    with sqlite3.connect(tmp_path / "cache.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM results").fetchone() == (1,)


def test_an_interpreter_that_dies_is_reported(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'symbol not found' >&2\nexit 127\n")
    broken.chmod(0o755)
    with pytest.raises(RuntimePackError, match="symbol not found"):
        compile_modules([placed("m.py", b"x = 1")], compiler(tmp_path, python=broken))
