"""Another series of CPython as the target: programs linked for 3.11, beside the same under its pack's own interpreter.

`test_stub` has what an application sees of its interpreter, under every series; here is what differs between the packs.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uv

from castiron_common.progress import SilentReporter
from castiron_link.startup import IMPORTED_FROM_C
from castiron_runtime.packs import interpreter, open_pack, provide, stub_components
from castiron_runtime.standalone import python_document
from castiron_trace.analyser.conditional import CONDITIONAL
from castiron_trace.stdlib_graph import stdlib_graph
from castiron_trace.target_python import from_pack
from tests.support import needs
from tests.support.linking import command, run, trace_and_link
from tests.support.targets import TARGET

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

SERIES = "3.11"
REPORTER = SilentReporter()

REQUIREMENTS = ("numpy==2.3.5", "pandas==2.3.3", "pydantic==2.12.5", "lxml==6.0.2")
"""Versions with musllinux wheels for CPython 3.11."""

PROGRAM = '''
import asyncore, concurrent.futures, ctypes, decimal, distutils.version, hashlib, imp, importlib.metadata
import importlib.resources, inspect, multiprocessing, random, sqlite3, ssl, sys, threading, tomllib, traceback
import uuid, zlib
import lxml.etree, numpy, pandas, pydantic


class Point(pydantic.BaseModel):
    """A point."""

    x: int
    y: float = 0.5


class Plain:
    pass


def square(number):
    return number * number, sys.version_info[:2]


def fails():
    return {}["key"]


def main():
    print(sys.version_info[:3], sys.implementation.cache_tag, sys.abiflags, sys.platform)
    print(numpy.linalg.solve([[2.0, 1.0], [1.0, 3.0]], [3.0, 5.0]).round(9).tolist(), numpy.__version__)
    frame = pandas.DataFrame({"day": pandas.date_range("2024-01-30", periods=3), "n": [1.5, 2.5, None]})
    print(frame.to_csv(index=False), frame.n.describe().to_dict())
    print(Point.model_validate_json('{"x": "3"}'), Point.model_json_schema())
    try:
        Point(x="no")
    except pydantic.ValidationError as error:
        print(error.errors(include_url=False))
    tree = lxml.etree.fromstring("<a><b n='1'>t\\u00e9</b></a>")
    print(lxml.etree.tostring(tree), tree.xpath("//b/@n"))
    with sqlite3.connect(":memory:") as database:
        print(database.execute("select json_extract('{\\"a\\": [1, 2]}', '$.a[1]')").fetchone())
    print(ssl.create_default_context().minimum_version, ssl.OPENSSL_VERSION)
    print(ctypes.CDLL(None).strlen(b"four"), ctypes.sizeof(ctypes.c_longdouble))
    print(decimal.Decimal(1) / 7, zlib.crc32(b"x"), uuid.uuid5(uuid.NAMESPACE_DNS, "a"), random.Random(7).random())
    for name in sorted(hashlib.algorithms_guaranteed):
        digest = hashlib.new(name, b"text", usedforsecurity=False)
        print(name, digest.hexdigest(*([8] if digest.digest_size == 0 else [])))
    print(inspect.signature(Plain), inspect.signature(len), str.split.__doc__[:40], inspect.getsource(fails))
    print(imp.find_module("json")[2], distutils.version.__name__, asyncore.dispatcher.__mro__, tomllib.loads("a = 1"))
    files = [str(file) for file in importlib.metadata.files("lxml")]
    print(importlib.metadata.version("pydantic"), [file for file in files if "_elementpath" in file])
    print(importlib.resources.files("pandas").joinpath("io/formats/templates/html.tpl").read_text()[:9])
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, pool.map(square, range(4)))
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        print(sum(threads.map(lambda n: n * n, range(100))), threading.active_count())
    try:
        fails()
    except KeyError:
        traceback.print_exc(file=sys.stdout)


if __name__ == "__main__":
    main()
'''


@pytest.fixture(scope="module")
def pack() -> Pack:
    return open_pack(SERIES, TARGET, reporter=REPORTER)


@pytest.fixture(scope="module")
def program(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("python311") / "program"
    folder.mkdir()
    (folder / "program.py").write_text(PROGRAM)
    options = ["--licenses", "json"]
    entry = ["--python", SERIES, "program.py"]
    return trace_and_link(entry, cwd=folder, name="program", requirements=REQUIREMENTS, options=options)


@pytest.mark.network
def test_a_program_with_wheels_prints_what_it_prints_under_the_interpreter(
    program: Path, pack: Pack, tmp_path: Path, plain_environment: dict[str, str]
) -> None:
    site = tmp_path / "site"
    subprocess.run(
        [
            *(uv.find_uv_bin(), "pip", "install", "--quiet", "--target", site, "--python-version", SERIES),
            *("--python-platform", "x86_64-unknown-linux-musl", "--only-binary", ":all:", *REQUIREMENTS),
        ],
        check=True,
    )
    python = interpreter(pack, full=True, reporter=REPORTER)
    source = program.parent / "program.py"
    environment = plain_environment | {"PYTHONPATH": str(site)}
    ordinary = run([python, "-W", "ignore", source], cwd=tmp_path, env=environment)
    linked = run([program], cwd=tmp_path, env=plain_environment)
    assert ordinary.status == linked.status == 0, (ordinary.stderr, linked.stderr)
    assert linked.stdout.replace(f"{program}/app/", f"{program.parent}/") == ordinary.stdout


@pytest.mark.network
def test_its_report_names_what_this_series_incorporates(program: Path) -> None:
    document = json.loads(program.with_name("program.licenses.json").read_text())
    names = {item["name"] for item in document["components"]}
    assert {"blake2", "tiny_sha3", "libtomcrypt", "expat", "mimalloc", "asynchronous-sockets"} <= names
    assert not {"hacl-star", "libb2", "uvloop-parts", "global-unbounded-sequences"} & names


@needs.root
def test_it_needs_nothing_around_it(pack: Pack, tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(
        "import json, os\nprint(json.dumps(sorted(os.listdir('/'))), open(__file__).read(6))"
    )
    binary = trace_and_link(["--python", SERIES, "small.py"], cwd=tmp_path, name="small")
    jail = tmp_path / "jail"
    jail.mkdir()
    shutil.copy(binary, jail / "small")
    assert run(["chroot", jail, "/small"], cwd=tmp_path).stdout == '["small"] import\n'


def test_bundled_software_is_that_of_the_series(pack: Pack) -> None:
    versions = {name: (item.version, item.license) for name, item in pack.components.items()}
    assert versions["expat"] == ("2.5.0", "MIT")
    assert versions["libmpdec"] == ("2.5.1", "BSD-2-Clause")
    assert versions["tiny_sha3"] == ("dcbb3192047c2a721f5f851db591871d428036a9", "MIT")
    assert versions["blake2"] == ("", "CC0-1.0")
    assert versions["libtomcrypt"] == ("", "LicenseRef-public-domain")
    assert all(text.text.strip() for item in pack.components.values() for text in item.texts)
    assert pack.extensions["_sha3"].components == ("cpython", "tiny_sha3")
    assert pack.extensions["_sha512"].components == ("cpython", "libtomcrypt")
    assert pack.extensions["_blake2"].components == ("blake2", "cpython")
    assert stub_components(pack, reporter=REPORTER)["allocator.o"].name == "mimalloc"


def test_its_description_says_what_its_interpreter_says(pack: Pack) -> None:
    components = {item.name: item for item in provide(pack, (), reporter=REPORTER).components}
    document = python_document(pack, [], components)
    assert document["python_bytecode_magic_number"] == "a70d0d0a"
    assert document["python_paths_abstract"]["stdlib"] == "{installed_base}/{platlibdir}/python{py_version_short}"
    asked = "import sysconfig, json; print(json.dumps(sysconfig.get_paths(expand=False)))"
    python = interpreter(pack, full=False, reporter=REPORTER)
    said = json.loads(run([python, "-I", "-c", asked], cwd=Path("/"), env={}).stdout)
    assert document["python_paths_abstract"] == said


def test_what_a_module_of_the_standard_library_imports_goes_in_with_it(pack: Pack) -> None:
    """The tables of castiron_trace.analyser.conditional and castiron_link.startup hold for this series."""
    target = pack.python_target
    graph = stdlib_graph(from_pack(target, reporter=REPORTER), reporter=REPORTER)
    python = interpreter(pack, full=True, reporter=REPORTER)
    on_condition = {name for _, name in CONDITIONAL} | {"_bz2", "_compression", "_lzma", "_uuid", "_dbm", "dbm.ndbm"}

    def closure(name: str) -> set[str]:
        found: set[str] = set()
        open_ = [name, *graph.startup, *IMPORTED_FROM_C]
        while open_:
            module = open_.pop()
            if module in graph.modules and module not in found:
                found.add(module)
                open_ += [module.rpartition(".")[0], *(edge.imported for edge in graph.edges(module, ()))]
        return found

    def missing(name: str) -> set[str]:
        code = f"import {name}, sys; print(*sys.modules)"
        loaded = set(run([python, "-I", "-S", "-W", "ignore", "-c", code], cwd=Path("/")).stdout.split())
        assert name in loaded
        return (loaded & graph.modules.keys()) - closure(name) - on_condition - {"zipimport"}

    private = ("_", "antigravity", "genericpath", "lib2to3", "msilib", "this", "tkinter", "turtle")
    names = sorted(name for name in graph.modules if "." not in name and not name.startswith(private))
    assert len(names) > 150
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(names, pool.map(missing, names), strict=True))
    assert {name: modules for name, modules in found.items() if modules} == {}


def test_a_program_for_another_python_says_which_to_ask_for(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("# /// script\n# requires-python = '>=3.11,<3.12'\n# ///\nimport asyncore\n")
    refused = command("castiron", "build", "old.py", cwd=tmp_path)
    assert refused.status != 0
    assert "--python 3.11" in refused.stderr
    assert "Traceback" not in refused.stderr
