"""Run inside a linked binary: `checks NAME` runs one check, which raises if something is not as ordinary Python has it."""

import os
import sys

import shelf
import shelf.inner
import space.inside
import tree_checks  # its checks put themselves into the table
from checking import APP, CHECKS, LIBRARY, ROOT, check, fails, same

# Import.


@check
def module_attributes():
    same(shelf.__file__, f"{APP}/shelf/__init__.py")
    same(list(shelf.__path__), [f"{APP}/shelf"])
    spec = shelf.__spec__
    same((spec.name, spec.parent, spec.origin, spec.has_location), ("shelf", "shelf", shelf.__file__, True))
    same(spec.submodule_search_locations, [f"{APP}/shelf"])
    same(spec.cached, f"{APP}/shelf/__pycache__/__init__.{sys.implementation.cache_tag}.pyc")
    same((shelf.__package__, shelf.__cached__, shelf.__loader__), ("shelf", spec.cached, spec.loader))
    same(shelf.twice.__code__.co_filename, shelf.__file__)
    same(sys.modules["os"].__file__, f"{LIBRARY}/os.py")
    same(repr(shelf), f"<module 'shelf' from {shelf.__file__!r}>")


@check
def main_module():
    import __main__

    same((__main__.__spec__, __main__.__package__, __main__.__name__), (None, None, "__main__"))
    same(__main__.__file__, f"{APP}/checks.py")
    same(sys.path[:3], [APP, LIBRARY, f"{LIBRARY}/site-packages"])
    same((sys.executable, sys.base_prefix, sys.exec_prefix), (ROOT, ROOT, ROOT))
    assert os.path.isabs(sys.executable)
    assert "site" not in sys.modules
    assert callable(exit)
    assert "Ctrl-D" in repr(quit)


@check
def loader_classes():
    """The classes are the standard library's, though the modules were imported before it was asked for them."""
    loader, spec = shelf.__loader__, shelf.__spec__
    assert sys.modules["_frozen_importlib_external"].__spec__.origin == "frozen"
    assert repr(loader).startswith("<_frozen_importlib_external.SourceFileLoader object at 0x"), repr(loader)
    import importlib.machinery
    import importlib.util
    import json.decoder

    same([type(loader), loader.__class__], [importlib.machinery.SourceFileLoader] * 2)
    same(type(json.decoder.__loader__), importlib.machinery.SourceFileLoader)
    same(vars(loader), {"name": "shelf", "path": shelf.__file__})
    same((importlib.util.find_spec("shelf"), {loader: 1}[importlib.util.find_spec("shelf").loader]), (spec, 1))
    same({type(m.__loader__).__name__ for m in (os, sys, json)}, {"SourceFileLoader", "type"})

    class Compiling(importlib.machinery.SourceFileLoader):
        def source_to_code(self, data, path, **options):
            return super().source_to_code(data.replace(b"2", b"3"), path, **options)

    for loader_class, wanted in ((None, 14), (Compiling, 21)):
        loader = loader_class("other", shelf.__file__) if loader_class else None
        spec = importlib.util.spec_from_file_location("other", shelf.__file__, loader=loader)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        same((module.twice(7), module.__file__, module.__name__), (wanted, shelf.__file__, "other"))
    # What is patched below the classes is called, as in tests that simulate a failing import.
    original = importlib.machinery.SourceFileLoader.exec_module
    called = []
    importlib.machinery.SourceFileLoader.exec_module = lambda self, module: called.append(original(self, module))
    import raised_later  # noqa: F401

    same(called, [None])


@check
def other_interpreters():
    import threading

    if sys.version_info >= (3, 13):
        import _interpreters as interpreters
    else:
        import _xxsubinterpreters as interpreters

    code = """
import json, pkgutil, shelf.inner, space.inside, sys
from importlib.machinery import SourceFileLoader, SourcelessFileLoader
assert shelf.twice(2) == 4 and json.loads("[1]") == [1] and shelf.__file__.startswith(sys.prefix)
assert type(shelf.__loader__) in (SourceFileLoader, SourcelessFileLoader)
assert [module.name for module in pkgutil.iter_modules(shelf.__path__)] == ["inner"]
assert shelf.__loader__.get_data(sys.prefix + "/app/shelf/data.txt") == b"hello data\\n"
"""
    failed = []

    def run():
        interpreter = interpreters.create()
        execute = interpreters.exec if sys.version_info >= (3, 13) else interpreters.run_string
        failed.append(execute(interpreter, code))
        interpreters.destroy(interpreter)

    workers = [threading.Thread(target=run) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    same(failed, [None] * 4)


@check
def build_configuration():
    import site
    import sysconfig

    variables = sysconfig.get_config_vars()
    lib = f"{ROOT}/lib/python{variables['VERSION']}"
    for name, value in {
        "prefix": ROOT,
        "exec_prefix": ROOT,
        "base": ROOT,
        "BINDIR": f"{ROOT}/bin",
        "LIBDIR": f"{ROOT}/lib",
        "LIBDEST": lib,
        "INCLUDEPY": f"{ROOT}/include/python{variables['VERSION']}",
    }.items():
        same((name, variables[name]), (name, value))
    assert f"'--prefix={ROOT}'" in variables["CONFIG_ARGS"]
    same(variables["INSTALL"].split()[0].rpartition("/")[2], "install")
    paths = sysconfig.get_paths()
    same(paths["purelib"], f"{lib}/site-packages")
    same((paths["stdlib"], paths["scripts"], paths["data"]), (lib, f"{ROOT}/bin", ROOT))
    same({sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}, {ROOT})
    same(site.getsitepackages(), [f"{lib}/site-packages"])
    same(site.ENABLE_USER_SITE, None)


@check
def loader_protocol():
    from importlib.machinery import SourceFileLoader

    loader = shelf.__loader__
    assert isinstance(loader, SourceFileLoader)
    same((loader.name, loader.path), ("shelf", shelf.__file__))
    assert loader.is_package("shelf")
    same(loader.get_filename("shelf"), shelf.__file__)
    assert "def twice" in loader.get_source("shelf")
    assert b"def twice" in loader.get_data(shelf.__file__)
    same(loader.get_code("shelf").co_filename, shelf.__file__)
    same(loader.path_stats(shelf.__file__)["size"], os.path.getsize(shelf.__file__))
    try:
        loader.get_code("other")
    except ImportError as error:
        same(error.name, "other")
    else:
        raise AssertionError("a loader took a wrong name")
    fails(OSError, 2, loader.get_data, f"{APP}/shelf/nothing")


@check
def finders():
    import importlib
    import importlib.metadata  # PathFinder.invalidate_caches imports it
    import importlib.util

    same(importlib.util.find_spec("shelf.inner").origin, f"{APP}/shelf/inner/__init__.py")
    same(importlib.util.find_spec("shelf.nothing"), None)
    same(
        [getattr(f, "__name__", type(f).__name__) for f in sys.meta_path][1:],
        ["BuiltinImporter", "FrozenImporter", "PathFinder"],
    )
    importlib.invalidate_caches()
    before = shelf.twice
    assert importlib.reload(shelf).twice is not before
    try:
        importlib.import_module("shelf.nothing")
    except ModuleNotFoundError as error:
        same((str(error), error.name), ("No module named 'shelf.nothing'", "shelf.nothing"))
    try:
        from shelf import nothing  # noqa: F401
    except ImportError as error:
        assert shelf.__file__ in str(error), error
    # A module of the file system may come before one of the binary.
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/shelf.py", "w") as file:
            file.write("OUTSIDE = True\n")
        sys.path.insert(0, folder)
        del sys.modules["shelf"]
        import shelf as outside

        assert outside.OUTSIDE


@check
def namespace_package():
    import space

    same(list(space.__path__), [f"{APP}/space"])
    same(getattr(space, "__file__", None), None)
    same(space.__spec__.origin, None)
    same(space.inside.WHERE, f"{APP}/space/inside.py")


@check
def resources():
    import importlib.resources as resources

    folder = resources.files("shelf")
    same((folder / "data.txt").read_text(), "hello data\n")
    same(sorted(item.name for item in folder.iterdir()), ["__init__.py", "data.txt", "inner"])
    same(resources.files("shelf.inner").joinpath("bytes.bin").read_bytes(), bytes(range(256)) * 40)
    with resources.as_file(folder / "inner" / "bytes.bin") as path:
        same(path.stat().st_size, 10240)
    same(sorted(item.name for item in resources.files("space").iterdir()), ["inside.py"])


@check
def source():
    import inspect
    import linecache
    import traceback

    assert "must show" in inspect.getsource(shelf.twice)
    same(inspect.getsourcefile(shelf.twice), shelf.__file__)
    same(linecache.getline(shelf.__file__, 1), '"""A package with data beside it."""\n')
    try:
        import raising  # noqa: F401
    except ZeroDivisionError as error:
        shown = traceback.format_exception(error)
    same(
        shown[-3:-1],
        [
            f'  File "{APP}/checks.py", line {source.__code__.co_firstlineno + 10}, in source\n'
            "    import raising  # noqa: F401\n    ^^^^^^^^^^^^^^\n",
            f'  File "{APP}/raising.py", line 2, in <module>\n    VALUE / 0\n    ~~~~~~^~~\n',
        ],
    )


@check
def documentation_of_builtins():
    import inspect

    same(str(inspect.signature(str.split)), "(self, /, sep=None, maxsplit=-1)")
    same([str(inspect.signature(item)) for item in (exit, license, help)], ["(code=None)", "()", "(*args, **kwds)"])
    same(inspect.getdoc(len), "Return the number of items in a container.")
    same(inspect.getdoc(type("Derived", (dict,), {})).splitlines()[0], "dict() -> new empty dictionary")


@check
def package_iteration():
    import pkgutil
    import runpy

    same([(m.name, m.ispkg) for m in pkgutil.iter_modules(shelf.__path__)], [("inner", True)])
    same([m.name for m in pkgutil.walk_packages(shelf.__path__, "shelf.")], ["shelf.inner"])
    assert {"checks", "raising", "shelf"} <= {m.name for m in pkgutil.iter_modules([APP])}
    same(pkgutil.get_data("shelf", "data.txt"), b"hello data\n")
    same(runpy.run_module("shelf.inner.__init__")["NAME"], "shelf.inner.__init__")
    same(runpy.run_path(f"{APP}/shelf/inner/__init__.py")["NAME"], "<run_path>")


@check
def lazy_loader():
    import importlib.util

    spec = importlib.util.find_spec("raising")
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        module.VALUE  # noqa: B018
    except ZeroDivisionError:
        pass
    else:
        raise AssertionError("the module was not executed")


@check
def zip_archives():
    import tempfile
    import zipfile

    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(f"{folder}/a.zip", "w") as archive:
            archive.writestr("zipped.py", "VALUE = 42\n")
            archive.write(shelf.__file__, "copied.py")
        sys.path.append(f"{folder}/a.zip")
        import zipped

        same(zipped.VALUE, 42)
        same(type(zipped.__loader__).__name__, "zipimporter")


# Processes and the world.


@check
def processes():
    import multiprocessing
    from multiprocessing import shared_memory

    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            same(pool.map(shelf.twice, [1, 2, 3]), [2, 4, 6])
    with multiprocessing.get_context("spawn").Manager() as manager:
        same(dict(manager.dict(a=1)), {"a": 1})
    memory = shared_memory.SharedMemory(create=True, size=10)
    memory.close()
    memory.unlink()


@check
def subprocesses():
    import subprocess

    same(subprocess.run(["true"], check=True).returncode, 0)
    same(
        subprocess.run([sys.executable, "echo", "-c", "print(1)"], capture_output=True, text=True).stdout,
        "['-c', 'print(1)']\n",
    )


@check
def scripts_in_the_binary():
    import runpy
    import subprocess

    done = subprocess.run([sys.executable, f"{APP}/raising.py"], capture_output=True, text=True)
    same(done.returncode, 1)
    assert f'  File "{APP}/raising.py", line 2, in <module>' in done.stderr, done.stderr
    same(runpy.run_path(f"{APP}/shelf/inner/__init__.py", run_name="other")["NAME"], "other")


@check
def echo():
    print(sys.argv[2:])


@check
def threads():
    import threading

    caught = []

    def recurse():
        recurse()

    def run():
        try:
            recurse()
        except RecursionError as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    same(len(caught), 1)


@check
def encodings():
    same((sys.stdin.encoding, sys.stdout.encoding, sys.stderr.encoding), ("utf-8", "utf-8", "utf-8"))
    same((sys.stdout.errors, sys.stderr.errors), ("strict", "backslashreplace"))
    same((sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()), ("utf-8", "surrogateescape"))
    same((sys.flags.utf8_mode, sys.flags.optimize, sys.flags.dev_mode), (0, 0, False))
    same((sys.flags.isolated, sys.flags.safe_path), (0, False))  # coverage, pdb and others ask whether they were given
    same(sys.hash_info.algorithm, "siphash13")


@check
def read_data():
    """Also where there is nothing but the executable."""
    with open(f"{APP}/shelf/data.txt") as file:
        same(file.read(), "hello data\n")
    same(sorted(os.listdir(f"{APP}/shelf")), ["__init__.py", "data.txt", "inner"])
    print(sys.executable)


if __name__ == "__main__":
    CHECKS[sys.argv[1]]()
