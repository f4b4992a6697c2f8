"""Runtime packs on the real thing: what is in the archives, what links, what runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import zstandard
from elftools.elf.elffile import ELFFile

from castiron_common.cache import cache_root
from castiron_common.errors import HostToolError, ModuleMissingError
from castiron_common.progress import SilentReporter
from castiron_common.seal import seal_path
from castiron_elf.archive import read_members
from castiron_runtime import library_build, source_changes, sources
from castiron_runtime.export import export_pack
from castiron_runtime.interpreter import link_static
from castiron_runtime.packs import component, interpreter, provide
from castiron_runtime.process import BuildLog
from castiron_runtime.recipe import cpython_recipe, filled, load_recipe
from castiron_runtime.stub import FOLDER, target_flags
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

REPORTER = SilentReporter()


def symbols(archive: Path, folder: Path) -> set[str]:
    """Global symbols that the objects of a static library define."""
    found = set()
    for index, (_, data) in enumerate(read_members(archive)):
        path = folder / f"{index}.o"
        path.write_bytes(data)
        with path.open("rb") as file:
            for symbol in ELFFile(file).get_section_by_name(".symtab").iter_symbols():
                if symbol["st_info"]["bind"] != "STB_LOCAL" and symbol["st_shndx"] != "SHN_UNDEF":
                    found.add(symbol.name)
    return found


def run(program: Path, code: str, **environment: str) -> str:
    result = subprocess.run(
        [program, "-B", "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_core_leaves_the_tables_of_modules_to_the_binary(pack: Pack, tmp_path: Path) -> None:
    defined = {name for archive in pack.core for name in symbols(archive, tmp_path)}
    assert {"Py_Initialize", "PyInit__io", "PyMarshal_Init"} <= defined
    assert not {"_PyImport_Inittab", "_PyImport_FrozenBootstrap", "PyInit_math", "main"} & defined
    assert "_PyImport_FrozenBootstrap" in symbols(pack.frozen, tmp_path)


def test_each_extension_module_is_where_it_says(pack: Pack, tmp_path: Path) -> None:
    for extension in pack.extensions.values():
        if extension.archives:
            assert extension.init in symbols(extension.archives[0], tmp_path), extension.name
        assert set(extension.components) <= set(pack.components) or extension.on_demand


def test_bundled_software_is_apart_and_has_its_license(pack: Pack) -> None:
    assert pack.extensions["pyexpat"].components == ("cpython", "expat")
    assert pack.extensions["_decimal"].components == ("cpython", "libmpdec")
    assert pack.extensions["_sha3"].components == ("cpython", "hacl-star")
    assert pack.extensions["_blake2"].components == ("cpython", "libb2")
    expected = {
        "cpython": "PSF-2.0",
        "expat": "MIT",
        "hacl-star": "MIT",
        "libb2": "CC0-1.0",
        "libmpdec": "BSD-2-Clause",
        "mimalloc": "MIT",
        "musl": "MIT",
        "zig-libc": "MIT",
        "compiler-rt": "MIT AND Apache-2.0 WITH LLVM-exception",
    }
    assert {name: item.license for name, item in pack.components.items()} == expected
    assert all(text.text.strip() for item in pack.components.values() for text in item.texts)
    owners = {pack.owners[path] for path in pack.extensions["_decimal"].archives}
    assert owners == {("cpython",), ("libmpdec",)}


# Fields of python-build-standalone's format, version 8, as its own reader has them: True where one is required.
# Source: src/json.rs there; unknown fields are refused.
# fmt: off
_REQUIRED = [
    "build_info", "build_options", "crt_features", "libpython_link_mode", "optimizations",
    "python_bytecode_magic_number", "python_config_vars", "python_exe", "python_extension_module_loading",
    "python_implementation_cache_tag", "python_implementation_hex_version", "python_implementation_name",
    "python_implementation_version", "python_major_minor_version", "python_paths", "python_paths_abstract",
    "python_platform_tag", "python_stdlib_test_packages", "python_suffixes", "python_symbol_visibility",
    "python_tag", "python_version", "run_tests", "target_triple", "version",
]
# fmt: on
_MAIN_FIELDS = dict.fromkeys(_REQUIRED, True) | dict.fromkeys(
    ["licenses", "license_path", "python_abi_tag", "python_stdlib_platform_config"], False
)
_BUILD_FIELDS = dict.fromkeys(
    ["core", "extensions", "inittab_cflags", "inittab_object", "inittab_source", "object_file_format"], True
)
_CORE_FIELDS = {"objs": True, "links": True, "shared_lib": False, "static_lib": False}
_EXTENSION_FIELDS = dict.fromkeys(["in_core", "init_fn", "links", "objs", "required", "variant"], True) | dict.fromkeys(
    ["licenses", "license_paths", "license_public_domain", "shared_lib", "static_lib"], False
)
_LINK_FIELDS = {"name": True, "path_static": False, "path_dynamic": False, "framework": False, "system": False}


def check_fields(values: Mapping[str, object], fields: Mapping[str, bool]) -> None:
    assert {name for name, required in fields.items() if required} <= set(values) <= set(fields)


def check_description(document: dict[str, Any], root: Path) -> None:
    """Check PYTHON.json against the format, and that every file it names is below ``root``."""
    check_fields(document, _MAIN_FIELDS)
    assert (document["optimizations"], document["build_options"]) == ("pgo+lto", "pgo+lto+static")
    check_fields(document["build_info"], _BUILD_FIELDS)
    check_fields(document["build_info"]["core"], _CORE_FIELDS)
    named = [document["license_path"], document["build_info"]["core"]["static_lib"]]
    named += document["build_info"]["core"]["objs"]
    for entries in document["build_info"]["extensions"].values():
        check_fields(entries[0], _EXTENSION_FIELDS)
        named += [*entries[0]["objs"], *entries[0]["license_paths"]]
        for item in entries[0]["links"]:
            check_fields(item, _LINK_FIELDS)
            named.append(item["path_static"])
    assert [name for name in named if not (root / name).is_file()] == []
    assert document["version"] == "8"
    assert document["python_implementation_hex_version"] >> 16 == 0x030D
    assert document["python_suffixes"]["extension"][0] == ".cpython-313-x86_64-linux-musl.so"
    assert len(document["python_bytecode_magic_number"]) == 8


def test_changes_of_cpythons_sources_are_made_and_said(each_pack: Pack) -> None:
    changes = cpython_recipe(each_pack.feature).cpython.changes
    said = {text.path: text.text for text in each_pack.components["cpython"].texts}.get(source_changes.NOTICE, "")
    assert bool(said) == bool(changes)
    for change in changes:
        assert change.summary in said
        source = (each_pack.source / change.file).read_text()
        assert all(item.after in source for item in change.replacements)


def test_the_description_is_a_full_archives(pack: Pack) -> None:
    check_description(json.loads((pack.root / "PYTHON.json").read_text()), pack.root)


def test_an_exported_pack_is_an_installation(pack: Pack, tmp_path: Path) -> None:
    archive = tmp_path / "pack.tar.zst"
    export_pack(pack, archive, reporter=REPORTER)
    with (
        archive.open("rb") as file,
        zstandard.ZstdDecompressor().stream_reader(file) as stream,
        tarfile.open(fileobj=stream, mode="r|") as tar,
    ):
        tar.extractall(tmp_path, filter="data")
    root = tmp_path / "python"
    document = json.loads((root / "PYTHON.json").read_text())
    check_description(document, root)
    # The most of it is one object, as it was optimised as a whole.
    assert "build/core/libpython3.13.o" in document["build_info"]["core"]["objs"]
    assert document["build_info"]["extensions"]["_ssl"][0]["licenses"] == ["Apache-2.0"]
    tests = subprocess.run(
        [root / document["python_exe"], "-B", root / document["run_tests"]], capture_output=True, text=True, check=True
    )
    assert (tests.stdout, tests.stderr) == (f"{len(pack.extensions)} built-in modules\n", "")


def test_no_folder_of_the_build_is_in_the_pack(pack: Pack) -> None:
    forbidden = [os.fsencode(cache_root()), os.fsencode(sys.prefix)]
    for path in pack.root.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            data = path.read_bytes()
            assert not any(folder in data for folder in forbidden), path


def test_a_static_interpreter_with_every_module(pack: Pack, tmp_path: Path) -> None:
    inputs = provide(pack, pack.extensions, reporter=REPORTER)
    program = link_static(pack, inputs.extensions, inputs.archives, tmp_path, log=BuildLog("static-test"))
    with program.open("rb") as file:
        assert not any(segment["p_type"] in ("PT_INTERP", "PT_DYNAMIC") for segment in ELFFile(file).iter_segments())
    # (ctypes itself asks for dlopen, which the stub brings.)
    code = """
import sys, importlib
names = sorted(set(sys.builtin_module_names) - {"_frozen_importlib", "_frozen_importlib_external"})
for name in names:
    importlib.import_module(name)
import decimal, hashlib, sqlite3, ssl, zlib, bz2, lzma
assert sys.hash_info.algorithm == "siphash13"
assert hashlib.sha256(b"").hexdigest().startswith("e3b0c442")
assert hashlib.pbkdf2_hmac("sha256", b"a", b"b", 1).hex().startswith("ee212b01")
for module in (zlib, bz2, lzma):
    assert module.decompress(module.compress(b"x" * 1000)) == b"x" * 1000
database = sqlite3.connect(":memory:")
assert database.execute("select json_array(1), sin(0)").fetchone() == ("[1]", 0.0)
assert sqlite3.connect(":memory:").deserialize(database.serialize()) is None
assert zlib.compressobj().copy() and zlib.decompressobj().copy()
assert str(decimal.Decimal(1) / 3).startswith("0.3333")
assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
print(len(names))
"""
    home = pack.stdlib.parent.parent
    assert int(run(program, code, PYTHONHOME=str(home))) == len(pack.extensions)


def test_a_static_binary_computes_what_the_target_interpreter_computes(pack: Pack, tmp_path: Path) -> None:
    inputs = provide(pack, {"math", "_random", "_bisect", "_sha2", "_struct"}, reporter=REPORTER)
    program = link_static(pack, inputs.extensions, inputs.archives, tmp_path, log=BuildLog("static-test"))
    code = """
import math
def result(function, x):
    try:
        return function(x).hex()
    except OverflowError:
        return "overflow"
arguments = [n * 0.7310585 % 20 + 0.001 for n in range(3000)] + [5e-324, 1e-310, 2.0**-1030]
large = [n * 1234.567891 for n in range(1000)] + [n * math.pi / 2 for n in range(-1000, 1000)]
large += [(-1.0) ** n * 1.37**n for n in range(-2000, 2000)] + [-0.0, 2.0**1023, math.nextafter(math.pi / 2, 0)]
names = "exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh atan gamma lgamma erf erfc sqrt cbrt"
for name in names.split():
    print(name, [result(getattr(math, name), x) for x in arguments])
print([math.pow(x, y).hex() for x, y in zip(arguments, reversed(arguments))])
for name in ("sin", "cos", "tan"):
    print(name, [result(getattr(math, name), x) for x in large])
"""
    static = run(program, code, PYTHONHOME=str(pack.stdlib.parent.parent))
    assert static.count("\n") == 24
    assert static == run(interpreter(pack, full=False, reporter=REPORTER), code)


def test_only_what_is_asked_for_comes_along(pack: Pack) -> None:
    inputs = provide(pack, {"zlib", "_json"}, reporter=REPORTER)
    names = {item.name for item in inputs.components}
    assert {"cpython", "zlib", "musl"} <= names
    assert not {"openssl", "sqlite", "expat"} & names
    assert [item.name for item in inputs.extensions] == ["_json", "zlib"]
    assert {path for path, owner in inputs.owners.items() if owner == ("zlib",)} <= set(inputs.archives)


def test_the_checksums_of_binascii_are_those_of_zlib(each_pack: Pack) -> None:
    """They are computed by zlib, which CPython's configure would look for on the host."""
    inputs = provide(each_pack, {"binascii"}, reporter=REPORTER)
    assert "zlib" in {item.name for item in inputs.components}
    code = """
import binascii, zlib
assert binascii.crc32(b"123456789") == 0xCBF43926
data = bytes(range(256)) * 64
for length in (0, 1, 7, 63, 1000, 5119, 5121, 16_384):
    for start in (0, 1, 0xFFFFFFFF):
        assert binascii.crc32(data[:length], start) == zlib.crc32(data[:length], start)
print("equal")
"""
    home = str(each_pack.stdlib.parent.parent)
    assert run(interpreter(each_pack, full=False, reporter=REPORTER), code, PYTHONHOME=home) == "equal\n"


def test_an_unknown_extension_module_is_named(pack: Pack) -> None:
    with pytest.raises(ModuleMissingError, match="_nosuch"):
        provide(pack, {"_nosuch"}, reporter=REPORTER)


def test_a_library_is_the_same_bytes_in_any_folder(pack: Pack, tmp_path: Path) -> None:
    recipe = filled(load_recipe("bzip2"), pack.target)
    results = []
    for folder in (tmp_path / "a", tmp_path / "another" / "much" / "longer" / "folder"):
        folder.mkdir(parents=True)
        with REPORTER.task("bzip2") as task:
            source = sources.fetch(recipe, task=task)
            library_build.build(
                recipe,
                source,
                pack.toolchain,
                (),
                folder,
                profiled=pack.profiled,
                task=task,
                log=BuildLog("bzip2-test"),
            )
        results.append(
            {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        )
    assert results[0] == results[1]
    assert "lib/libbz2.a" in results[0]


@pytest.mark.parametrize("full", [False, True])
def test_the_target_interpreter(pack: Pack, full: bool) -> None:
    program = interpreter(pack, full=full, reporter=REPORTER)
    code = """
import sys, sysconfig, subprocess, json, zlib
try:
    import ssl, sqlite3, ctypes
    full = True
except ImportError:
    full = False
child = subprocess.run([sys.executable, "-c", "import os; print(os.environ['SET'])"], env={"SET": "1"}, text=True,
                       capture_output=True)
print(json.dumps({
    "suffix": sysconfig.get_config_var("EXT_SUFFIX"), "hash": sys.hash_info.algorithm, "full": full,
    "version": sys.version.split()[0], "platform": sysconfig.get_platform(), "child": child.stdout,
    "include": sysconfig.get_paths()["include"], "prefix": sys.prefix, "cached": json.__cached__,
}))
"""
    facts = json.loads(run(program, code))
    assert facts["suffix"] == ".cpython-313-x86_64-linux-musl.so"
    assert facts["hash"] == "siphash13"
    assert facts["full"] is full
    assert facts["version"] == pack.python_version
    assert facts["platform"] == "linux-x86_64"
    assert facts["child"] == "1\n"
    assert facts["prefix"] == str(program.parent.parent)
    assert (program.parent.parent / "include" / "python3.13" / "Python.h").is_file()
    with program.open("rb") as file:
        loader = next(item for item in ELFFile(file).iter_segments() if item["p_type"] == "PT_INTERP")
        assert "musl" in loader.get_interp_name()


def test_foreign_symbols_of_the_interpreter_cannot_take_the_place_of_a_wheels(pack: Pack) -> None:
    program = interpreter(pack, full=True, reporter=REPORTER)
    with program.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".dynsym")
        exported = {item.name for item in table.iter_symbols() if item["st_shndx"] != "SHN_UNDEF"}
    assert {"Py_Initialize", "PyObject_Call", "malloc"} <= exported
    assert not {"inflate", "SSL_new", "sqlite3_open", "BZ2_bzCompress", "memcpy", "sin", "mi_malloc"} & exported


MACHINES = ("of the target", "other_machine")
"""With the target's blocks of bytes, and with such as another processor may have: `other_machine/vector.h`."""

ON_MEMORY = [FOLDER / "libc" / f"memory_{name}.c" for name in ("simd", "copy")]
"""The stub's functions on memory and strings."""
CORRECTED = [FOLDER / "libc" / f"{name}.c" for name in ("error_numbers", "integers", "texts")]
"""Functions that the C library has, but wrong."""


def run_with_stub(pack: Pack, folder: Path, machine: str, files: list[Path]) -> str:
    """Compile and link a test with the stub's functions and the C library; return what it prints."""
    toolchain = pack.toolchain
    others = [f"-I{Path(__file__).parent / machine}"] if machine == "other_machine" else []
    own = [*others, *target_flags(pack.target)]
    flags = [*toolchain.cflags, *own, "-fno-builtin", "-Wall", "-Wextra", "-Werror"]
    objects = []
    for file in (*files, *ON_MEMORY, *CORRECTED):
        objects.append(folder / f"{file.stem}.o")
        subprocess.run([*toolchain.cc, *flags, "-c", file, "-o", objects[-1]], check=True)
    replaced = provide(pack, set(), reporter=REPORTER).archives
    words = [toolchain.crt1, *objects, *replaced, "--start-group", *toolchain.libraries, "--end-group"]
    argv = [*toolchain.linker, "-static", "-no-pie", *words, "-o", "test"]
    subprocess.run([str(word) for word in argv], cwd=folder, check=True)
    result = subprocess.run([folder / "test"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, (result.stdout, result.returncode)
    return result.stdout


@pytest.mark.parametrize("machine", MACHINES)
def test_functions_on_memory_stay_within_their_operands(pack: Pack, tmp_path: Path, machine: str) -> None:
    """All of the stub's are in the table, with those of the C library that are not replaced."""
    files = sorted((Path(__file__).parent / "memory_edges").glob("*.c"))
    checked = set(run_with_stub(pack, tmp_path, machine, files).split())
    own = set()
    for file in ON_MEMORY:
        with (tmp_path / f"{file.stem}.o").open("rb") as stream:
            for symbol in ELFFile(stream).get_section_by_name(".symtab").iter_symbols():
                if symbol["st_info"]["bind"] == "STB_GLOBAL" and symbol["st_shndx"] != "SHN_UNDEF":
                    own.add(symbol.name)
    assert {"memchr", "memcpy", "strlen"} <= own <= checked


@pytest.mark.parametrize("machine", MACHINES)
def test_copying_and_filling_memory(pack: Pack, tmp_path: Path, machine: str) -> None:
    """Of many sizes, and where the two operands overlap."""
    output = run_with_stub(pack, tmp_path, machine, [Path(__file__).parent / "copies_test.c"])
    assert output == "sizes up to 600 and 20000 others\n"


def test_functions_of_the_c_library_are_what_the_standards_say(pack: Pack, tmp_path: Path) -> None:
    output = run_with_stub(pack, tmp_path, "of the target", [Path(__file__).parent / "library_test.c"])
    assert output.endswith(" checks, 0 failures\n"), output


def test_dates_are_what_the_c_library_writes(pack: Pack, tmp_path: Path) -> None:
    files = [Path(__file__).parent / "dates_test.c", FOLDER / "libc" / "dates.c"]
    output = run_with_stub(pack, tmp_path, "of the target", files)
    assert output.endswith(" checks, 0 failures, some left to the C library\n"), output


def test_sine_cosine_and_tangent(pack: Pack, tmp_path: Path) -> None:
    """Near to those of long double; also what Python does not call: single precision, `sincos`."""
    toolchain = pack.toolchain
    source = Path(__file__).parent / "trigonometry_test.c"
    flags = [*toolchain.cflags, "-fno-builtin", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*toolchain.cc, *flags, "-c", source, "-o", tmp_path / "test.o"], check=True)
    replaced = provide(pack, set(), reporter=REPORTER).archives
    objects = [toolchain.crt1, "test.o", *replaced, "--start-group", *toolchain.libraries, "--end-group"]
    argv = [*toolchain.linker, "-static", "-no-pie", *objects, "-o", "test"]
    subprocess.run([str(word) for word in argv], cwd=tmp_path, check=True)
    result = subprocess.run([tmp_path / "test"], capture_output=True, text=True, check=False)
    assert (result.stdout, result.returncode) == ("100000 rounds\n", 0)


# The builds below have a cache of their own, with the shared cache's toolchain and CPython.

BUILD_BZIP2 = """
from castiron_common.progress import SilentReporter
from castiron_runtime.packs import open_pack, provide
from castiron_runtime.target_files import load_target
pack = open_pack("3.13", load_target("x86_64-linux-musl"), reporter=SilentReporter())
inputs = provide(pack, {"_bz2"}, reporter=SilentReporter())
print(*inputs.archives)
"""


@pytest.fixture
def small_cache(pack: Pack, tmp_path: Path) -> Mapping[str, str]:
    """Environment with a cache where bzip2 is not built."""
    component("bzip2", pack, reporter=REPORTER)
    shared, own = cache_root(), cache_root({"CASTIRON_CACHE": str(tmp_path / "cache")})
    (own / "components").mkdir(parents=True)
    for entry in (pack.root, pack.toolchain.crt1.parent.parent):
        (own / "components" / entry.name).symlink_to(entry)
        (own / "components" / seal_path(entry).name).symlink_to(seal_path(entry))
    for name in ("zig", "sources"):
        (own / name).symlink_to(shared / name)
    return dict(os.environ) | {"CASTIRON_CACHE": str(tmp_path / "cache")}


def leftovers(environment: Mapping[str, str]) -> list[str]:
    """Return the folders in which entries of the cache are being made."""
    return [path.name for path in (cache_root(dict(environment)) / "running").glob("entry*")]


def test_two_builds_at_once_end_well(small_cache: Mapping[str, str]) -> None:
    builds = [
        subprocess.Popen([sys.executable, "-c", BUILD_BZIP2], env=small_cache, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    outputs = {build.communicate(timeout=300)[0] for build in builds}
    assert [build.returncode for build in builds] == [0, 0, 0]
    assert len(outputs) == 1
    assert "libbz2.a" in outputs.pop()
    assert leftovers(small_cache) == []


def test_an_interrupted_build_leaves_nothing_behind(small_cache: Mapping[str, str], tmp_path: Path) -> None:
    build = subprocess.Popen([sys.executable, "-c", BUILD_BZIP2], env=small_cache, stderr=subprocess.PIPE)
    deadline = time.monotonic() + PATIENCE
    while not leftovers(small_cache):
        assert time.monotonic() < deadline
        assert build.poll() is None
        time.sleep(0.005)
    build.send_signal(signal.SIGINT)
    build.communicate(timeout=PATIENCE)
    assert build.returncode != 0
    again = subprocess.run(
        [sys.executable, "-c", BUILD_BZIP2], env=small_cache, capture_output=True, text=True, check=True
    )
    assert "libbz2.a" in again.stdout
    assert leftovers(small_cache) == []  # what an interruption at its very beginning leaves, the next run removes


def test_a_killed_build_is_no_obstacle(small_cache: Mapping[str, str]) -> None:
    build = subprocess.Popen([sys.executable, "-c", BUILD_BZIP2], env=small_cache)
    while not leftovers(small_cache) and build.poll() is None:
        time.sleep(0.005)
    build.kill()
    build.wait()
    again = subprocess.run(
        [sys.executable, "-c", BUILD_BZIP2], env=small_cache, capture_output=True, text=True, check=True
    )
    assert "libbz2.a" in again.stdout


def test_missing_programs_are_named_before_anything_is_built(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    component("xz", pack, reporter=REPORTER)
    shared = cache_root()
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path / "cache"))
    cache_root().mkdir(parents=True)
    (cache_root() / "sources").symlink_to(shared / "sources")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostToolError, match="make") as caught:
        component("xz", pack, reporter=REPORTER)
    assert "apt-get install" in caught.value.hint
