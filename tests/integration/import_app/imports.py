"""Run inside a linked binary: `imports NAME` runs one check of the import system, which raises if it is not as ordinary."""

import importlib
import importlib.metadata
import importlib.resources
import importlib.util
import inspect
import linecache
import os
import pkgutil
import runpy
import sys
import tempfile

import edit_dist
import shop_dist.counter
import spread.left
import spread.right

import many.one
import many.sub.leaf

ROOT = sys.prefix
APP = f"{ROOT}/app"
CHECKS = {}


def check(function):
    CHECKS[function.__name__] = function
    return function


def same(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


# Distributions.


@check
def metadata_of_distributions():
    metadata = importlib.metadata
    same((metadata.version("shop-dist"), metadata.version("Shop_Dist")), ("1.5", "1.5"))
    same(metadata.metadata("shop-dist")["Summary"], "A distribution whose package has another name")
    same(metadata.requires("shop-dist"), ["edit-dist>=0.1"])
    assert {"shop-dist", "edit-dist", "setuptools"} <= {item.metadata["Name"] for item in metadata.distributions()}
    packages = metadata.packages_distributions()
    same((packages["shop_dist"], packages["edit_dist"]), (["shop-dist"], ["edit-dist"]))
    same(sorted(packages["spread"]), ["edit-dist", "shop-dist"])
    try:
        metadata.version("nothing")
    except metadata.PackageNotFoundError as error:
        same(error.name, "nothing")
    else:
        raise AssertionError("found what is nowhere")


@check
def files_of_distributions():
    files = importlib.metadata.files("shop-dist")
    names = {str(path) for path in files}
    assert {"shop_dist/__init__.py", "shop_dist/templates/page.html", "shop_dist-1.5.dist-info/METADATA"} <= names, (
        names
    )
    for path in files:
        if not str(path).startswith("../") and "__pycache__" not in str(path):
            located = path.locate()
            assert str(located).startswith(f"{ROOT}/lib/"), located
            assert located.read_bytes() == path.read_binary()
            assert path.size in (None, len(path.read_binary())), path
    distribution = importlib.metadata.distribution("shop-dist")
    same(str(distribution.locate_file("shop_dist/__init__.py")), shop_dist.__file__)
    assert "shop_dist/counter.py" in distribution.read_text("RECORD")
    same(distribution.read_text("nothing"), None)


@check
def entry_points():
    points = importlib.metadata.entry_points(group="shop.plugins")
    same(sorted(points.names), ["counter", "edited", "lister"])
    same(points["counter"].load(), shop_dist.counter.Counter)
    same((points["lister"].extras, points["lister"].load()()), (["fancy"], "sold"))
    same(points["counter"].dist.name, "shop-dist")
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="shop")
    same(script.load()(), "sold")


@check
def editable_distribution():
    same(importlib.metadata.version("edit-dist"), "0.2")
    assert edit_dist.edited().startswith(ROOT)
    assert os.path.isfile(edit_dist.edited())
    (point,) = importlib.metadata.entry_points(group="shop.plugins", name="edited")
    same(point.load(), edit_dist.edited)


@check
def namespace_across_distributions():
    same((spread.left.SIDE, spread.right.SIDE), ("dist", "edit"))
    assert getattr(spread, "__file__", None) is None
    same(sorted(m.name for m in pkgutil.iter_modules(spread.__path__)), ["left", "right"])
    folder = importlib.resources.files("spread")
    texts = {item.name: item.read_text() for item in folder.iterdir() if item.name.endswith(".txt")}
    same(texts, {"left.txt": "left\n", "right.txt": "right\n"})


@check
def package_resources():
    import warnings

    warnings.simplefilter("ignore")
    import pkg_resources

    same(pkg_resources.resource_string("shop_dist", "templates/page.html"), b"<p>{{ name }}</p>\n")
    same(pkg_resources.resource_listdir("shop_dist", "templates"), ["page.html"])
    assert pkg_resources.resource_isdir("shop_dist", "templates")
    assert not pkg_resources.resource_exists("shop_dist", "templates/nothing")
    with open(pkg_resources.resource_filename("shop_dist", "templates/page.html")) as file:
        same(file.read(), "<p>{{ name }}</p>\n")
    same(pkg_resources.resource_stream("many", "data/a.txt").read(), b"alpha\n")
    same(pkg_resources.get_distribution("shop-dist").version, "1.5")
    same([d.project_name for d in pkg_resources.require("shop-dist")], ["shop-dist", "edit-dist"])
    points = {point.name: point.load() for point in pkg_resources.iter_entry_points("shop.plugins")}
    same(points["counter"], shop_dist.counter.Counter)


# Resources.


@check
def folders_as_files():
    before = set(os.listdir(tempfile.gettempdir()))
    with importlib.resources.as_file(importlib.resources.files("many")) as path:
        same(str(path), f"{APP}/many")
        same((path / "data" / "deep" / "b.txt").read_text(), "beta\n")
        same(sorted(str(p.relative_to(path)) for p in path.rglob("*.txt")), ["data/a.txt", "data/deep/b.txt"])
    same(set(os.listdir(tempfile.gettempdir())), before)


@check
def traversables():
    folder = importlib.resources.files("many")
    same(sorted(item.name for item in folder.iterdir()), ["__init__.py", "broken.py", "data", "one.py", "sub"])
    deep = folder.joinpath("data", "deep", "b.txt")
    same((deep.name, deep.is_file(), deep.is_dir(), deep.read_bytes()), ("b.txt", True, False, b"beta\n"))
    with deep.open("r", encoding="utf-8") as file:
        same(file.read(), "beta\n")
    same(folder.joinpath("data/deep/b.txt").read_text(), "beta\n")
    assert "def answer" in (folder / "one.py").read_text()
    assert not (folder / "nothing").is_file()
    try:
        (folder / "nothing").read_bytes()
    except FileNotFoundError:
        pass
    else:
        raise AssertionError("read what is nowhere")
    reader = many.__spec__.loader.get_resource_reader("many")
    same((reader.is_resource("one.py"), reader.resource_path("one.py")), (True, many.one.__file__))
    same(importlib.resources.files(many.sub).joinpath("leaf.py").is_file(), True)


# Finders and loaders.


@check
def modules_from_specs():
    spec = importlib.util.find_spec("many.one")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module is not many.one
    same((module.answer(), module.__spec__), (42, spec))
    same(importlib.util.find_spec(".leaf", "many.sub").name, "many.sub.leaf")
    same(importlib.util.find_spec("many.nothing"), None)
    try:
        importlib.util.find_spec("many.one.deeper")
    except ModuleNotFoundError as error:
        same(error.name, "many.one.deeper")
    from importlib.machinery import PathFinder

    same(PathFinder.find_spec("many.one", many.__path__), many.one.__spec__)
    same(PathFinder.find_spec("many.nothing", many.__path__), None)


@check
def hooks_that_decline():
    asked = []

    def declines(path):
        asked.append(path)
        raise ImportError

    class Finder:
        def __init__(self, path):
            if not path.startswith("memory:"):
                raise ImportError

        def find_spec(self, name, target=None):
            return importlib.util.spec_from_loader(name, self) if name == "remembered" else None

        def create_module(self, spec):
            return None

        def exec_module(self, module):
            module.VALUE = 7

    sys.path_hooks[:0] = [declines, Finder]
    sys.path.append("memory:here")
    sys.path_importer_cache.clear()
    for name in [name for name in sys.modules if name.split(".")[0] == "many"]:
        del sys.modules[name]
    import many.sub.leaf as again

    import remembered

    same((again.NAME, remembered.VALUE), ("many.sub.leaf", 7))
    same(importlib.util.find_spec("nothing_at_all"), None)
    assert "memory:here" in asked and APP in asked, asked


@check
def finders_that_wrap():
    """As import hooks of typeguard, beartype, ddtrace: first in sys.meta_path, and the others find."""
    found = []

    class First:
        def find_spec(self, name, path=None, target=None):
            for finder in sys.meta_path:
                if finder is not self and (spec := finder.find_spec(name, path, target)) is not None:
                    found.append((name, type(spec.loader).__name__))
                    return spec
            return None

    sys.meta_path.insert(0, First())
    del sys.modules["many.one"]
    importlib.import_module("many.one")
    same(found, [("many.one", "SourceFileLoader")])


@check
def lazy_modules():
    names = [name for name in sys.modules if name.split(".")[0] == "many"]
    for name in names:
        del sys.modules[name]
    spec = importlib.util.find_spec("many.one")
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules["many.one"] = module
    spec.loader.exec_module(module)
    assert "answer" not in object.__getattribute__(module, "__dict__")
    same(module.answer(), 42)
    linecache.clearcache()
    same(linecache.getline(module.__file__, 2, module.__dict__), "    return 42\n")
    linecache.clearcache()
    assert linecache.lazycache("no such file", {"__name__": "many.one", "__loader__": module.__loader__})
    same(linecache.getline("no such file", 1), "def answer():\n")
    linecache.checkcache()


@check
def everything_below():
    errors = []
    modules = {m.name: m for m in pkgutil.walk_packages(onerror=errors.append)}
    assert {"json.decoder", "many.sub.leaf", "many.broken", "shop_dist.counter", "edit_dist"} <= modules.keys()
    same(
        ({"many", "many.sub", "json"} <= {m.name for m in modules.values() if m.ispkg}, "many" in errors), (True, False)
    )
    same([m.name for m in pkgutil.walk_packages(many.__path__, "many.")], [
        "many.broken", "many.one", "many.sub", "many.sub.leaf",
    ])  # fmt: skip


@check
def reloaded():
    before = many.one.answer
    many.one.extra = 1
    again = importlib.reload(many.one)
    same((again is many.one, again.extra, again.answer is before, again.answer()), (True, 1, False, 42))


@check
def files_written_while_it_runs():
    folder = os.path.join(os.path.dirname(ROOT), "plugins")
    assert folder in sys.path, sys.path
    same(importlib.util.find_spec("written"), None)
    with open(f"{folder}/written.py", "w") as file:
        file.write("VALUE = 1\n")
    importlib.invalidate_caches()
    written = importlib.import_module("written")
    same((written.VALUE, written.__file__), (1, f"{folder}/written.py"))
    with open(f"{folder}/written.py", "w") as file:
        file.write("VALUE = 'changed'\n")
    same(importlib.reload(written).VALUE, "changed")
    os.makedirs(f"{folder}/spread")
    with open(f"{folder}/spread/middle.py", "w") as file:
        file.write("SIDE = 'outside'\n")
    importlib.invalidate_caches()
    same(importlib.import_module("spread.middle").SIDE, "outside")


@check
def archives_on_the_path():
    archive = os.path.join(os.path.dirname(ROOT), "extra.zip")
    import zipped.inner

    same((zipped.inner.__file__, zipped.__loader__.archive), (f"{archive}/zipped/inner.py", archive))
    same(importlib.resources.files("zipped").joinpath("data.txt").read_text(), "in the archive\n")
    same(pkgutil.get_data("zipped", "data.txt"), b"in the archive\n")
    with importlib.resources.as_file(importlib.resources.files("zipped") / "data.txt") as path:
        same(path.read_text(), "in the archive\n")
    same(importlib.metadata.version("zipped-dist"), "3.0")
    assert "zipped" in {m.name for m in pkgutil.iter_modules()}
    same(inspect.getsource(zipped.inner), "VALUE = 5\n")


# Running.


@check
def running_folders_and_modules():
    path, argv = list(sys.path), sys.argv[0]
    result = runpy.run_path(f"{APP}/runnable", run_name="__main__")["RESULT"]
    same(result, ("helper of helper", "__main__", f"{APP}/runnable", f"{APP}/runnable/__main__.py"))
    sys.modules.pop("helper")
    sys.path.insert(0, f"{APP}/runnable")
    result = runpy.run_module("runnable", run_name="__main__", alter_sys=True)["RESULT"]
    same(result[1:], ("__main__", f"{APP}/runnable/__main__.py", f"{APP}/runnable/__main__.py"))
    sys.path.pop(0)
    same((sys.path, sys.argv[0]), (path, argv))
    same(runpy.run_module("many.sub.leaf")["NAME"], "many.sub.leaf")
    same(runpy.run_path(many.sub.leaf.__file__, run_name="other")["NAME"], "other")


@check
def sources_of_objects():
    same(inspect.getsource(many.one.square), "square = lambda n: n**2\n")
    first, _second = many.one.Thing().method()
    assert "lambda x: x + 1" in inspect.getsource(first)
    assert inspect.getsource(many.one.Thing).startswith("class Thing:\n")
    same(inspect.getsourcelines(many.one.Thing.method)[1], 8)
    same(inspect.getmodule(many.one.answer), many.one)
    same(inspect.getsourcefile(many.one.answer), many.one.__file__)
    assert inspect.getsource(many.one).endswith("square = lambda n: n**2\n")
    text = "def made():\n    return 'dynamic'\n"
    linecache.cache["<made>"] = (len(text), None, text.splitlines(True), "<made>")
    names = {}
    exec(compile(text, "<made>", "exec"), names)
    same(inspect.getsource(names["made"]), text)
    exec("def hidden(): pass", names)
    try:
        inspect.getsource(names["hidden"])
    except OSError:
        pass
    else:
        raise AssertionError("found a source that is nowhere")


if __name__ == "__main__":
    CHECKS[sys.argv[1]]()
