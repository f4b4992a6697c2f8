"""What a relink kit has of the application: no more of its sources than the executable."""

import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from castiron_common.errors import ManifestError
from castiron_link.bytecode import Compiler, compile_modules
from castiron_link.model import Compiled, PlacedModule, Sources
from castiron_link.packing import has_source
from castiron_link.relink_application import without_sources
from castiron_link.tree_layout import build_tree
from castiron_manifest.codec import decode, encode
from castiron_manifest.model import Manifest, Module, ModuleKind, Origin, Resource
from castiron_wheels.record import parse_record
from castiron_wheels.wheel_changes import changed_wheel
from tests.unit.link.making import distribution, manifest, sha256
from tests.unit.wheels.making import make_wheel

SOURCE = b"import ours\nprint('hello')  # known to nobody else\n"
CODE = b"\xe3 code"


def with_distribution(folder: Path) -> tuple[Manifest, Path]:
    """An application with a distribution of one module and one data file, whose wheel no index has."""
    wheel = make_wheel(folder, "ours", files={"ours/__init__.py": "x = 1  # ours\n", "ours/data.txt": "data"})
    row = distribution("ours")
    content = wheel.read_bytes()
    embedded = replace(row.wheel, filename=wheel.name, sha256=sha256(content), size=len(content), embedded=True)
    owner = {"origin": Origin.DISTRIBUTION, "distribution": "ours"}
    made = manifest(
        {"app.py": SOURCE},
        modules=(Module(name="ours", kind=ModuleKind.PACKAGE, path="ours/__init__.py", **owner),),
        resources=(Resource(path="ours/data.txt", size=4, **owner),),
        distributions=(replace(row, wheel=embedded),),
    )
    return replace(made, blobs=tuple(sorted((*made.blobs, (sha256(content), content))))), wheel


COMPILED = (
    Compiled(tree_path="app/app.py", code=CODE),
    Compiled(tree_path="lib/python3.13/site-packages/ours/__init__.py", code=b"\xe3 other"),
)


def test_where_the_executable_has_no_source_the_kit_has_bytecode(tmp_path: Path) -> None:
    made, wheel = with_distribution(tmp_path)
    bare, stripped = without_sources(made, COMPILED, sources=Sources.NONE, kept=(), wheels={"ours": wheel})
    assert stripped == {"ours"}
    assert all(module.compiled for module in bare.modules)
    read = decode(encode(bare))
    assert read == bare
    blobs = dict(read.blobs)
    assert SOURCE not in blobs.values()
    assert wheel.read_bytes() not in blobs.values()
    with zipfile.ZipFile(BytesIO(blobs[read.distributions[0].wheel.sha256])) as archive:
        assert {"ours/data.txt", "ours-1.0.dist-info/METADATA"} <= set(archive.namelist())
        assert "ours/__init__.py" not in archive.namelist()
    site = tmp_path / "site"
    (site / "ours").mkdir(parents=True)
    (site / "ours" / "data.txt").write_text("data")
    tree = build_tree(read, stdlib=tmp_path, site=site)
    assert [(item.tree_path, item.source) for item in tree.modules] == [(i.tree_path, i.code) for i in COMPILED]


@pytest.mark.parametrize("sources", [Sources.ALL, Sources.APP])
def test_sources_that_the_executable_has_are_in_the_kit(tmp_path: Path, sources: Sources) -> None:
    made, wheel = with_distribution(tmp_path)
    bare, stripped = without_sources(made, COMPILED, sources=sources, kept=(), wheels={"ours": wheel})
    assert SOURCE in dict(bare.blobs).values()
    assert stripped == (set() if sources is Sources.ALL else {"ours"})
    assert (bare == made) is (sources is Sources.ALL)


def test_a_wheel_that_must_be_changeable_stays_whole(tmp_path: Path) -> None:
    made, wheel = with_distribution(tmp_path)
    bare, stripped = without_sources(made, COMPILED, sources=Sources.NONE, kept={"ours"}, wheels={"ours": wheel})
    assert not stripped
    assert bare.distributions == made.distributions
    assert [module.compiled for module in bare.modules] == [True, False]


def test_bytecode_is_neither_compiled_again_nor_a_source(tmp_path: Path) -> None:
    module = Module(name="x", kind=ModuleKind.SOURCE, origin=Origin.APP, path="x.py", sha256="0" * 64, compiled=True)

    def interpreter() -> Path:
        raise AssertionError("nothing is to be compiled")

    compiler = Compiler(
        interpreter=interpreter, python_version="3.13.15", optimize=0, cache=tmp_path / "bytecode.sqlite"
    )
    placed = PlacedModule(module=module, tree_path="app/x.py", source=CODE)
    assert compile_modules([placed], compiler) == (Compiled(tree_path="app/x.py", code=CODE),)
    assert not has_source(module, Sources.ALL)
    assert has_source(replace(module, compiled=False), Sources.ALL)


def test_a_manifest_says_the_lowest_version_that_has_its_fields() -> None:
    plain = manifest({"app.py": SOURCE})
    compiled = replace(plain, modules=tuple(replace(item, compiled=True) for item in plain.modules))
    assert encode(plain)[:60] != encode(compiled)[:60]
    assert b"version\x92\x01\x01" in encode(plain)
    assert b"version\x92\x01\x02" in encode(compiled)
    with pytest.raises(ValueError, match="the bytecode is not among the blobs"):
        encode(replace(compiled, blobs=()))
    with pytest.raises(ManifestError):
        decode(encode(compiled)[:-9])


def test_a_changed_wheel_says_so_in_its_record(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, files={"demo.py": "x = 1\n", "old.py": ""})
    made = changed_wheel(wheel, changes={"demo.py": b"x = 2\n", "new.py": b""}, without=["old.py"])
    assert made == changed_wheel(wheel, changes={"new.py": b"", "demo.py": b"x = 2\n"}, without=["old.py"])
    with zipfile.ZipFile(BytesIO(made)) as archive:
        assert archive.read("demo.py") == b"x = 2\n"
        record = parse_record(archive.read("demo-1.0.dist-info/RECORD"))
        assert set(record) == set(archive.namelist())
        assert {"demo.py", "new.py"} <= set(record)
        assert "old.py" not in record
        assert record["demo.py"][1] == "6"
