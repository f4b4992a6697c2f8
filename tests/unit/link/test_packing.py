from dataclasses import replace

import pytest

from castiron_audit.model import Form
from castiron_common.content import Pieces
from castiron_link.audit import Contribution
from castiron_link.model import (
    Compiled,
    Compression,
    PlacedExtension,
    PlacedFile,
    PlacedLink,
    PlacedModule,
    Sources,
    Tree,
)
from castiron_link.packing import as_stored, pack_tree, stem
from castiron_link.payload import Payload, PayloadFile, PayloadModule
from castiron_manifest.model import Module, ModuleKind, Origin


@pytest.mark.parametrize(
    ("path", "package", "expected"),
    [
        ("app/x.py", False, "app/x"),
        ("lib/python3.13/json/__init__.py", True, "lib/python3.13/json"),
        ("bin/aws", False, "bin/aws"),
        ("a/_x.cpython-313-x86_64-linux-musl.so", False, "a/_x"),
        ("a/_x.abi3.so", False, "a/_x"),
        ("a/_x.so", False, "a/_x"),
        ("a/dotted.name.py", False, "a/dotted.name"),
    ],
)
def test_stems(path: str, package: bool, expected: str) -> None:
    assert stem(path, package=package) == expected


def tree() -> Tree:
    app = Module(name="__main__", kind=ModuleKind.SOURCE, origin=Origin.APP, path="app.py", sha256="0" * 64)
    json = Module(name="json", kind=ModuleKind.PACKAGE, origin=Origin.STDLIB, path="json/__init__.py")
    fast = Module(
        name="d._x", kind=ModuleKind.EXTENSION, origin=Origin.DISTRIBUTION, distribution="d", path="d/_x.abi3.so"
    )
    return Tree(
        modules=(
            PlacedModule(module=app, tree_path="app/app.py", source=b"import json"),
            PlacedModule(module=json, tree_path="lib/json/__init__.py", source=b"#"),
        ),
        extensions=(PlacedExtension(module=fast, tree_path="site/d/_x.abi3.so"),),
        files=(PlacedFile(tree_path="site/d/data", owner="d", data=b"12345"),),
        builtins=(),
        site=None,
    )


COMPILED = (Compiled(tree_path="app/app.py", code=b"A"), Compiled(tree_path="lib/json/__init__.py", code=b"JJ"))


def test_everything_has_its_place_and_owner() -> None:
    packed = pack_tree(
        tree(), COMPILED, sources=Sources.ALL, compress=Compression.NONE, extensions={"site/d/_x.abi3.so": 4}
    )
    assert packed.modules == (
        PayloadModule(path="app/app", package=False, code=b"A", source=True, suffix=".py"),
        PayloadModule(path="lib/json", package=True, code=b"JJ", source=True, suffix="/__init__.py"),
        PayloadModule(path="site/d/_x", package=False, code=b"", source=False, extension=4, suffix=".abi3.so"),
    )
    assert packed.files == (
        PayloadFile(path="app/app.py", data=b"import json"),
        PayloadFile(path="lib/json/__init__.py", data=b"#"),
        PayloadFile(path="site/d/data", data=b"12345"),
    )
    assert set(packed.contributions) == {
        Contribution(owner="app", inclusion=Form.BYTECODE, size=1, path="app/app.py"),
        Contribution(owner="app", inclusion=Form.DATA, size=11, path="app/app.py"),
        Contribution(owner="stdlib", inclusion=Form.BYTECODE, size=2, path="lib/json/__init__.py"),
        Contribution(owner="stdlib", inclusion=Form.DATA, size=1, path="lib/json/__init__.py"),
        Contribution(owner="d", inclusion=Form.DATA, size=5, path="site/d/data"),
    }


@pytest.mark.parametrize(
    ("sources", "expected"),
    [(Sources.APP, ["app/app.py", "site/d/data"]), (Sources.NONE, ["site/d/data"])],
)
def test_sources_are_left_out_on_request(sources: Sources, expected: list[str]) -> None:
    packed = pack_tree(
        tree(), COMPILED, sources=sources, compress=Compression.NONE, extensions={"site/d/_x.abi3.so": 0}
    )
    assert [file.path for file in packed.files] == expected
    assert [module.source for module in packed.modules] == [sources is Sources.APP, False, False]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [(Sources.APP, ["app/src/app.py", "app/src/all"]), (Sources.NONE, ["app/src/all"])],
)
def test_links_to_modules_whose_sources_are_left_out_stay_out(sources: Sources, expected: list[str]) -> None:
    links = (
        PlacedLink(tree_path="app/src/app.py", target="../app.py", leads_to="app/app.py", followed=1),
        PlacedLink(tree_path="app/src/all", target="..", leads_to="app", followed=1),
    )
    linked = replace(tree(), links=links)
    packed = pack_tree(
        linked, COMPILED, sources=sources, compress=Compression.NONE, extensions={"site/d/_x.abi3.so": 0}
    )
    assert [link.path for link in packed.links] == expected


@pytest.mark.parametrize(
    ("compress", "source", "small", "large", "program"),
    [
        (Compression.NONE, 0.0, 0.0, 0.0, 0.0),
        (Compression.FAST, 0.875, 0.5, 0.0, 0.0),
        (Compression.ALL, 0.875, 0.875, 0.875, 0.0),
    ],
)
def test_what_may_be_compressed(
    compress: Compression, source: float, small: float, large: float, program: float
) -> None:
    files = (
        PlacedFile(tree_path="site/d/data", owner="d", data=b"12345"),
        PlacedFile(tree_path="site/d/large", owner="d", data=bytes((4 << 20) + 1)),
        PlacedFile(tree_path="site/d/program", owner="d", data=b"#!", executable=True),
    )
    packed = pack_tree(
        replace(tree(), files=files, extensions=()), COMPILED, sources=Sources.ALL, compress=compress, extensions={}
    )
    shares = {file.path: file.compressed_share for file in packed.files}
    assert shares == {
        "app/app.py": source,
        "lib/json/__init__.py": source,
        "site/d/data": small,
        "site/d/large": large,
        "site/d/program": program,
    }


def test_interpreters_are_empty_files_that_no_other_file_gives_way_to() -> None:
    packed = pack_tree(
        tree(),
        COMPILED,
        sources=Sources.NONE,
        compress=Compression.NONE,
        extensions={},
        interpreters=("bin/python", "site/d/data"),
    )
    assert packed.files == (
        PayloadFile(path="bin/python", data=b"", executable=True),
        PayloadFile(path="site/d/data", data=b"12345"),
    )


def test_what_is_compressed_counts_as_it_is_stored() -> None:
    code = Contribution(owner="d", inclusion=Form.BYTECODE, size=9, path="site/m.py")
    data = replace(code, inclusion=Form.DATA)
    stored = Payload(data=Pieces(()), stored={"site/m.py": 4}, stored_code={"site/m.py": 3}, padding=0)
    assert as_stored((code, data), stored) == (replace(code, size=3), replace(data, size=4))
