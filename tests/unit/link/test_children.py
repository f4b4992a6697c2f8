"""For whose processes a binary is an interpreter."""

from __future__ import annotations

import pytest

from castiron_link.children import children_of
from castiron_link.model import Children, LinkOptions, PlacedFile, PlacedModule, Tree
from castiron_manifest.model import Module, ModuleKind, Origin


def module(name: str, source: bytes, origin: Origin) -> PlacedModule:
    path = f"{name}.py"
    return PlacedModule(
        module=Module(name=name, kind=ModuleKind.SOURCE, origin=origin, path=path), tree_path=path, source=source
    )


def tree(*modules: PlacedModule, files: tuple[PlacedFile, ...] = ()) -> Tree:
    return Tree(modules=modules, extensions=(), files=files, builtins=(), site=None)


PLAIN = module("app", b"print('hello')", Origin.APP)
OS = module("os", b"def popen(): ...", Origin.STDLIB)


def test_what_starts_nothing_is_nobodys() -> None:
    assert children_of(tree(PLAIN, OS), LinkOptions(), extensions=("posix",)) is Children.NONE


@pytest.mark.parametrize(
    "source",
    [
        b"import os; os.system('x')",
        b"from os import execvp",
        b"os.posix_spawn(a, b, c)",
        b"os.fork()",
        b"os.popen('x')",
    ],
)
def test_names_in_the_application(source: bytes) -> None:
    assert children_of(tree(module("app", source, Origin.APP)), LinkOptions(), extensions=()) is Children.OWN


@pytest.mark.parametrize("name", ["subprocess", "multiprocessing", "pty"])
def test_modules_of_the_standard_library(name: str) -> None:
    assert children_of(tree(PLAIN, module(name, b"", Origin.STDLIB)), LinkOptions(), extensions=()) is Children.OWN


def test_machine_code_and_code_from_outside() -> None:
    library = PlacedFile(tree_path="lib/x.so.1", owner="x", data=b"")
    assert children_of(tree(PLAIN), LinkOptions(), extensions=("_ctypes",)) is Children.OWN
    assert children_of(tree(PLAIN, files=(library,)), LinkOptions(), extensions=()) is Children.OWN
    assert children_of(tree(PLAIN), LinkOptions(sys_path=("plugins",)), extensions=()) is Children.OWN


@pytest.mark.parametrize("chosen", Children)
def test_the_user_decides(chosen: Children) -> None:
    assert children_of(tree(PLAIN), LinkOptions(children=chosen), extensions=()) is chosen
