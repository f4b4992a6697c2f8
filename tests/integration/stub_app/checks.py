"""Run inside a linked binary: `checks NAME` runs one check, which raises if something is not as ordinary Python has it."""

import os
import sys

import shelf
import shelf.inner
import space.inside

ROOT = sys.prefix
APP = f"{ROOT}/app"
LIBRARY = f"{ROOT}/lib/python{sys.version_info[0]}.{sys.version_info[1]}"
CHECKS = {}


def check(function):
    CHECKS[function.__name__] = function
    return function


def same(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


def fails(error, number, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error as raised:
        same(raised.errno, number)
    else:
        raise AssertionError(f"{call} did not fail")


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


# The tree of files.


@check
def listing():
    import glob
    import pathlib

    same(sorted(os.listdir(f"{APP}/shelf")), ["__init__.py", "data.txt", "inner"])
    assert {"app", "lib"} <= set(os.listdir(ROOT))
    same(
        sorted((e.name, e.is_dir(), e.is_file(), e.is_symlink()) for e in os.scandir(f"{APP}/shelf")),
        [("__init__.py", False, True, False), ("data.txt", False, True, False), ("inner", True, False, False)],
    )
    same(
        sorted(os.path.basename(p) for p in glob.glob(f"{APP}/shelf/**", recursive=True)),
        ["", "__init__.py", "__init__.py", "bytes.bin", "data.txt", "inner"],
    )
    same(sorted(p.name for p in pathlib.Path(f"{APP}/shelf").rglob("*.bin")), ["bytes.bin"])
    same(sorted(len(files) for _, _, files in os.walk(f"{APP}/shelf")), [2, 2])
    same(sorted(len(files) for _, _, files, _ in os.fwalk(f"{APP}/shelf")), [2, 2])


@check
def status():
    import pathlib

    path = shelf.__file__
    entry = next(e for e in os.scandir(f"{APP}/shelf") if e.name == "__init__.py")
    with open(path) as file:
        assert os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    same(entry.inode(), os.stat(path).st_ino)
    same(entry.stat().st_size, os.path.getsize(path))
    assert os.path.isdir(f"{ROOT}/lib") and os.path.isfile(path) and not os.path.exists(f"{ROOT}/nothing")
    assert os.path.isdir(f"{ROOT}/") and os.path.isfile(ROOT)
    assert not os.path.exists(f"{path}/") and not os.path.exists(f"{path}/x")
    same((os.access(path, os.R_OK), os.access(path, os.W_OK), os.access(path, os.X_OK)), (True, False, False))
    fails(OSError, 22, os.readlink, path)
    same(os.path.realpath(f"{ROOT}/lib/../app/./shelf/data.txt"), f"{APP}/shelf/data.txt")
    same(os.path.realpath(f"{ROOT}/lib/../app/./shelf/data.txt", strict=True), f"{APP}/shelf/data.txt")
    same(pathlib.Path(path).resolve(strict=True), pathlib.Path(path))
    fails(FileNotFoundError, 2, lambda name: os.path.realpath(name, strict=True), f"{APP}/nothing")
    if hasattr(os.path, "ALLOW_MISSING"):
        same(os.path.realpath(f"{APP}/nothing", strict=os.path.ALLOW_MISSING), f"{APP}/nothing")
    if os.path.isfile("/etc/passwd"):  # not in an empty root
        fails(NotADirectoryError, 20, lambda name: os.path.realpath(name, strict=True), "/etc/passwd/x")
    same((os.path.realpath.__module__, os.path.realpath.__doc__[:6]), ("posixpath", "Return"))
    if hasattr(os, "listxattr"):  # before 3.12 with glibc alone
        same(os.listxattr(path), [])
    assert os.statvfs(path).f_flag & os.ST_RDONLY
    assert os.path.getmtime(path) > 315532800


@check
def read_only():
    import errno

    path = shelf.__file__
    for call, args in (
        (open, (path, "w")),
        (open, (path, "a")),
        (open, (path, "r+")),
        (open, (f"{ROOT}/new", "w")),
        (os.unlink, (path,)),
        (os.remove, (path,)),
        (os.rmdir, (f"{APP}/shelf",)),
        (os.mkdir, (f"{ROOT}/new",)),
        (os.rename, (path, "/tmp/x")),
        (os.rename, ("/etc/passwd", f"{ROOT}/x")),
        (os.chmod, (path, 0o600)),
        (os.truncate, (path, 0)),
        (os.utime, (path,)),
        (os.symlink, ("x", f"{ROOT}/x")),
        (os.mkfifo, (f"{ROOT}/x",)),
        (os.chown, (path, 0, 0)),
        *([(os.setxattr, (path, "user.a", b""))] if hasattr(os, "setxattr") else []),
    ):
        fails(OSError, errno.EROFS, call, *args)
    fails(OSError, errno.EXDEV, os.link, path, "/tmp/castiron-link")
    fails(OSError, errno.EEXIST, open, path, "x")
    fails(OSError, errno.ENOENT, os.unlink, f"{APP}/nothing")
    fails(OSError, errno.EEXIST, os.mkdir, f"{APP}/shelf")
    fails(OSError, errno.EISDIR, open, f"{APP}/shelf")
    with open(path, "rb") as file:
        fails(OSError, errno.EBADF, os.write, file.fileno(), b"x")


@check
def room_in_files():
    import errno
    import tempfile

    fails(OSError, errno.EBADF, os.posix_fallocate, -42, 0, 10)
    fails(OSError, errno.EBADF, os.posix_fadvise, -42, 0, 0, os.POSIX_FADV_NORMAL)
    with tempfile.TemporaryFile() as file:
        fails(OSError, errno.EINVAL, os.posix_fallocate, file.fileno(), 0, -10)
        os.posix_fallocate(file.fileno(), 0, 100)
        same(os.fstat(file.fileno()).st_size, 100)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)


@check
def copying():
    import mmap
    import shutil
    import tempfile

    folder = tempfile.mkdtemp()
    shutil.copytree(f"{APP}/shelf", f"{folder}/copy")
    same(sorted(os.listdir(f"{folder}/copy")), ["__init__.py", "data.txt", "inner"])
    with open(f"{folder}/copy/inner/bytes.bin", "rb") as file:
        same(file.read(), bytes(range(256)) * 40)
    with open(f"{folder}/copy/data.txt", "a") as file:
        file.write("and more")
    shutil.make_archive(f"{folder}/archive", "tar", f"{APP}/shelf")
    shutil.rmtree(folder)
    with open(f"{APP}/shelf/inner/bytes.bin", "rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            same(mapped[255:257], b"\xff\x00")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
            mapped[0] = 7
        file.seek(0)
        same(file.read(1), b"\0")


@check
def descriptors():
    folder = os.open(f"{APP}/shelf", os.O_RDONLY | os.O_DIRECTORY)
    inside = os.open("data.txt", os.O_RDONLY, dir_fd=folder)
    same(os.read(inside, 100), b"hello data\n")
    same(os.stat("inner", dir_fd=folder).st_ino, os.stat(f"{APP}/shelf/inner").st_ino)
    same(sorted(os.listdir(folder)), ["__init__.py", "data.txt", "inner"])
    same(os.stat("../raising.py", dir_fd=folder).st_size, os.path.getsize(f"{APP}/raising.py"))
    fails(OSError, 30, os.unlink, "data.txt", dir_fd=folder)
    fails(OSError, 20, os.open, f"{APP}/shelf/data.txt", os.O_RDONLY | os.O_DIRECTORY)
    os.close(inside)
    os.close(folder)


@check
def other_ways_in():
    import tempfile

    data = f"{APP}/shelf/data.txt"
    os.chdir(os.path.dirname(ROOT))
    for path in (os.path.relpath(data), f"{ROOT}/../{os.path.basename(ROOT)}/app/shelf/data.txt"):
        with open(path) as file:
            same(file.read(), "hello data\n")
    same(sorted(os.listdir(os.path.relpath(f"{APP}/shelf"))), ["__init__.py", "data.txt", "inner"])
    assert os.path.samefile(f"{ROOT}/..", os.path.dirname(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(ROOT, f"{folder}/link")
        with open(f"{folder}/link/app/shelf/data.txt") as file:
            same(file.read(), "hello data\n")
    fails(OSError, 20, open, "/etc/passwd/x")
    os.chdir("/")
    with open(data) as file:
        same(file.read(), "hello data\n")
    child = os.fork()
    if child == 0:
        with open(data) as file:
            os._exit(0 if file.read() == "hello data\n" else 1)
    same(os.waitpid(child, 0)[1], 0)


@check
def current_folder():
    """Scripts change to their own folder."""
    import pathlib
    import subprocess

    before = os.getcwd()
    os.chdir(f"{APP}/shelf")
    same(os.getcwd(), f"{APP}/shelf")
    with open("data.txt") as file:
        same(file.read(), "hello data\n")
    same(sorted(os.listdir()), ["__init__.py", "data.txt", "inner"])
    same(os.path.abspath("inner/bytes.bin"), f"{APP}/shelf/inner/bytes.bin")
    same(pathlib.Path("inner").resolve(), pathlib.Path(f"{APP}/shelf/inner"))
    same(os.stat("../raising.py").st_ino, os.stat(f"{APP}/raising.py").st_ino)
    assert os.path.samefile("../../..", os.path.dirname(ROOT))
    fails(OSError, 2, open, "nothing")
    fails(OSError, 30, open, "new", "w")
    fails(OSError, 20, os.chdir, "data.txt")
    os.chdir("inner")
    same(os.path.basename(os.getcwd()), "inner")
    same(subprocess.run(["pwd"], capture_output=True, text=True, check=True).stdout.strip(), before)
    child = os.fork()
    if child == 0:
        os.chdir("..")
        os._exit(0 if os.path.exists("data.txt") else 1)
    same(os.waitpid(child, 0)[1], 0)
    same(os.path.basename(os.getcwd()), "inner")
    subprocess.run(["true"], cwd=before, check=True)
    same(os.path.basename(os.getcwd()), "inner")
    folder = os.open(f"{APP}/shelf", os.O_RDONLY | os.O_DIRECTORY)
    os.fchdir(folder)
    assert os.path.exists("data.txt")
    os.chdir(before)
    same(os.getcwd(), before)
    assert not os.path.exists("data.txt")


@check
def current_folder_of_children():
    import errno
    import subprocess

    where = [
        sys.executable,
        "-c",
        "import os; print(os.getcwd(), os.path.exists('data.txt'), '_CASTIRON_FOLDER' in os.environ)",
    ]
    inside, before = f"{APP}/shelf", os.getcwd()

    def shown(**options):
        return subprocess.run(where, capture_output=True, text=True, check=True, **options).stdout

    same(shown(), f"{before} False False\n")
    same(shown(cwd=inside), f"{inside} True False\n")
    same(shown(cwd=inside, env={}), f"{inside} True False\n")
    same(shown(cwd=inside, preexec_fn=lambda: None), f"{inside} True False\n")
    same((os.getcwd(), shown()), (before, f"{before} False False\n"))
    for options in ({}, {"preexec_fn": lambda: None}, {"shell": True}):
        fails(NotADirectoryError, errno.ENOTDIR, subprocess.run, ["true"], cwd=inside, **options)
    os.chdir(inside)
    same(shown(), f"{inside} True False\n")
    same(shown(cwd=".."), f"{APP} False False\n")
    same(shown(cwd=before), f"{before} False False\n")
    read, write = os.pipe()
    child = os.posix_spawn(sys.executable, where, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)])
    os.close(write)
    same((os.waitpid(child, 0)[1], os.read(read, 1000)), (0, f"{inside} True False\n".encode()))
    if os.fork() == 0:
        os.chdir("..")
        os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
        os.execv(sys.executable, [sys.executable, "-c", f"import os; os._exit(os.getcwd() != {APP!r})"])
    same(os.wait()[1], 0)


@check
def spawned_with_files():
    read, write = os.pipe()
    before = set(os.listdir("/proc/self/fd"))
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, f"{APP}/shelf/data.txt", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, write, 1),
    ]
    child = os.posix_spawnp("cat", ["cat"], os.environ, file_actions=actions)
    same((os.waitpid(child, 0)[1], os.read(read, 100)), (0, b"hello data\n"))
    same(set(os.listdir("/proc/self/fd")), before)
    actions[0] = (os.POSIX_SPAWN_OPEN, 0, f"{APP}/shelf/nothing", os.O_RDONLY, 0)
    fails(FileNotFoundError, 2, os.posix_spawnp, "cat", ["cat"], os.environ, file_actions=actions)


@check
def without_its_file():
    """The executable is renamed, then deleted, while it runs."""
    os.rename(ROOT, f"{ROOT}.moved")
    same(shelf.__loader__.get_data(f"{APP}/shelf/data.txt"), b"hello data\n")
    with open(f"{APP}/shelf/data.txt") as file:
        same(file.read(), "hello data\n")
    os.unlink(f"{ROOT}.moved")
    with open(f"{APP}/shelf/data.txt") as file:
        same(file.read(), "hello data\n")
    import raised_later  # noqa: F401


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
