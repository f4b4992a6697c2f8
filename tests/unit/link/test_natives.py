from dataclasses import replace

import pytest

from castiron_link.model import PlacedExtension, PlacedModule, Tree
from castiron_link.natives import by_own_suffix, finds_symbols_by_name, wanted_natives
from castiron_manifest.model import Module, ModuleKind, Native, Origin
from tests.support.targets import target_for
from tests.unit.link.making import distribution, manifest


def native(path: str, *, module: str | None = None, needed: tuple[str, ...] = ()) -> Native:
    soname = path.rsplit("/", 1)[-1]
    return Native(path=path, distribution="d", soname=soname, sha256="0" * 64, size=1, needed=needed, module=module)


def extension(name: str, path: str) -> PlacedExtension:
    module = Module(name=name, kind=ModuleKind.EXTENSION, origin=Origin.DISTRIBUTION, distribution="d", path=path)
    return PlacedExtension(module=module, tree_path=f"lib/python3.13/site-packages/{path}")


def source(content: bytes, owner: str = "d") -> PlacedModule:
    module = Module(name="d", kind=ModuleKind.SOURCE, origin=Origin.DISTRIBUTION, distribution=owner, path="d.py")
    return PlacedModule(module=module, tree_path="lib/python3.13/site-packages/d.py", source=content)


def tree(*modules: PlacedModule, extensions: tuple[PlacedExtension, ...] = ()) -> Tree:
    return Tree(modules=modules, extensions=extensions, files=(), builtins=(), site=None)


NATIVES = (
    native("d/_tests.so", module="d._tests"),
    native("d/_used.so", module="d._used", needed=("libneeded.so",)),
    native("d/libopened.so"),
    native("d/libneeded.so"),
)
MADE = replace(manifest({"app.py": b""}, distributions=(distribution("d"),)), natives=NATIVES)
USED = (extension("d._used", "d/_used.so"),)


def test_imported_modules_and_libraries_that_nobody_names_go_in() -> None:
    # What somebody needs (libneeded.so) comes along without being asked for.
    assert wanted_natives(MADE, tree(extensions=USED)) == {"d/_used.so", "d/libopened.so"}


@pytest.mark.parametrize("content", [b"ffi.dlopen(path)", b"import ctypes", b"from cffi import FFI"])
def test_a_distribution_that_opens_libraries_keeps_them_all(content: bytes) -> None:
    assert "d/_tests.so" in wanted_natives(MADE, tree(source(content), extensions=USED))
    assert "d/_tests.so" not in wanted_natives(MADE, tree(source(content, "another"), extensions=USED))


def test_libraries_are_found_by_the_ending_that_the_interpreter_names() -> None:
    ending, other = ".cpython-313-x86_64-linux-gnu.so", ".cpython-313-x86_64-linux-musl.so"
    files = (
        native(f"d/signal{ending}"),
        native(f"d/_used{ending}", module="d._used"),
        native(f"d/_opened{ending}", module="d._opened"),
        native(f"d/both{ending}"),
        native(f"d/both{other}"),
        native("d/libplain.so"),
    )
    made = replace(MADE, natives=files)
    used = tree(extensions=(extension("d._used", f"d/_used{ending}"), extension("d.signal", f"d/signal{ending}")))
    target = target_for().target
    renamed = by_own_suffix(made, used, {file.path for file in files}, target)
    assert renamed == {f"d/_opened{other}": files[2], f"d/signal{other}": files[0]}
    assert by_own_suffix(made, used, {"d/libplain.so"}, target) == {}
    alone = replace(target, wheels=replace(target.wheels, emulated_triple=""))
    assert by_own_suffix(made, used, {file.path for file in files}, alone) == {}


def test_who_looks_up_symbols_by_name() -> None:
    backend = (extension("_cffi_backend", "_cffi_backend.so"),)
    assert finds_symbols_by_name(tree(), {"_ctypes"})
    assert not finds_symbols_by_name(tree(source(b"dlopen")), {"_json"})
    assert not finds_symbols_by_name(tree(source(b"import cffi"), extensions=backend), set())
    assert not finds_symbols_by_name(tree(source(b"def dlopen", "cffi"), extensions=backend), set())
    assert finds_symbols_by_name(tree(source(b"ffi.dlopen(None)"), extensions=backend), set())
