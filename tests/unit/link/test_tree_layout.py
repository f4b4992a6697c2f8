from pathlib import Path

import pytest

from castiron_common.errors import ManifestError, ModuleMissingError
from castiron_link.tree_layout import build_tree, entry_path, has_path_files, place
from castiron_manifest.model import Entry, EntryKind, Module, ModuleKind, Origin, Resource
from tests.unit.link.making import distribution, manifest, sha256


@pytest.fixture
def stdlib(tmp_path: Path) -> Path:
    folder = tmp_path / "stdlib"
    (folder / "json").mkdir(parents=True)
    (folder / "json/__init__.py").write_bytes(b"# json")
    (folder / "os.py").write_bytes(b"# os")
    return folder


@pytest.mark.parametrize(
    ("origin", "path", "expected"),
    [
        (Origin.APP, "pkg/x.py", "app/pkg/x.py"),
        (Origin.STDLIB, "json/__init__.py", "lib/python3.13/json/__init__.py"),
        (Origin.DISTRIBUTION, "a/b.txt", "lib/python3.13/site-packages/a/b.txt"),
        (Origin.DISTRIBUTION, "../../../share/man/x.1", "share/man/x.1"),
        (Origin.DISTRIBUTION, "../../../bin/aws", "bin/aws"),
    ],
)
def test_places(origin: Origin, path: str, expected: str) -> None:
    assert place(origin, path, "3.13") == expected


@pytest.mark.parametrize("path", ["../../../../x", "/etc/passwd", "../../..", "../../../../../x"])
def test_nothing_leaves_the_tree(path: str) -> None:
    with pytest.raises(ManifestError, match="leaves the tree"):
        place(Origin.DISTRIBUTION, path, "3.13")


def test_entry_paths() -> None:
    script = Entry(kind=EntryKind.SCRIPT, module="__main__", path="app.py", name="app")
    installed = Entry(
        kind=EntryKind.SCRIPT,
        module="__main__",
        path="bin/aws",
        origin=Origin.DISTRIBUTION,
        distribution="awscli",
        name="aws",
    )
    module = Entry(kind=EntryKind.MODULE, module="pkg", name="pkg")
    assert [entry_path(entry, "3.13") for entry in (script, installed, module)] == ["app/app.py", "bin/aws", None]


def test_tree_of_app_stdlib_and_distribution(tmp_path: Path, stdlib: Path) -> None:
    site = tmp_path / "lib/python3.13/site-packages"
    (site / "d").mkdir(parents=True)
    (site / "d/__init__.py").write_bytes(b"# d")
    (site / "d/data.txt").write_bytes(b"data")
    made = manifest(
        {"app.py": b"import json, d", "static/x.css": b"css"},
        modules=(
            Module(name="json", kind=ModuleKind.PACKAGE, origin=Origin.STDLIB, path="json/__init__.py"),
            Module(name="_json", kind=ModuleKind.BUILTIN, origin=Origin.STDLIB),
            Module(name="space", kind=ModuleKind.NAMESPACE, origin=Origin.DISTRIBUTION, distribution="d"),
            Module(
                name="d", kind=ModuleKind.PACKAGE, origin=Origin.DISTRIBUTION, distribution="d", path="d/__init__.py"
            ),
        ),
        resources=(
            Resource(path="static/x.css", origin=Origin.APP, size=3, sha256=sha256(b"css")),
            Resource(path="d/data.txt", origin=Origin.DISTRIBUTION, distribution="d", size=4),
        ),
        distributions=(distribution("d"),),
    )
    tree = build_tree(made, stdlib=stdlib, site=site, extra_stdlib=("os", "json", "sys"))
    assert {module.tree_path: module.source for module in tree.modules} == {
        "app/app.py": b"import json, d",
        "lib/python3.13/json/__init__.py": b"# json",
        "lib/python3.13/os.py": b"# os",
        "lib/python3.13/site-packages/d/__init__.py": b"# d",
    }
    assert [(file.tree_path, file.owner, file.content()) for file in tree.files] == [
        ("app/static/x.css", "app", b"css"),
        ("lib/python3.13/site-packages/d/data.txt", "d", b"data"),
    ]
    assert tree.builtins == ("_json",)


def test_a_module_that_the_pack_lacks_is_named(stdlib: Path) -> None:
    gone = Module(name="asynchat", kind=ModuleKind.SOURCE, origin=Origin.STDLIB, path="asynchat.py")
    with pytest.raises(ModuleMissingError, match=r"module asynchat is not where the manifest says: asynchat\.py"):
        build_tree(manifest({"app.py": b""}, modules=(gone,)), stdlib=stdlib, site=None)


def test_a_file_that_the_wheel_lacks_is_named(tmp_path: Path, stdlib: Path) -> None:
    made = manifest(
        {"app.py": b""},
        resources=(Resource(path="d/no.txt", origin=Origin.DISTRIBUTION, distribution="d", size=1),),
        distributions=(distribution("d"),),
    )
    with pytest.raises(ModuleMissingError, match=r"d/no\.txt"):
        build_tree(made, stdlib=stdlib, site=tmp_path)


def test_namespace_packages_without_modules_have_folders(stdlib: Path) -> None:
    names = [
        ("empty", Origin.APP),
        ("above", Origin.APP),
        ("above.inner", Origin.APP),
        ("other.deep", Origin.DISTRIBUTION),
    ]
    modules = [Module(name=name, kind=ModuleKind.NAMESPACE, origin=origin) for name, origin in names]
    tree = build_tree(manifest({"app.py": b""}, modules=modules), stdlib=stdlib, site=None)
    assert tree.folders == ("app/above/inner", "app/empty", "lib/python3.13/site-packages/other/deep")


@pytest.mark.parametrize(
    ("path", "processed"),
    [("x.pth", True), ("pkg/x.pth", False), ("x.pth.txt", False), ("../../../share/x.pth", False)],
)
def test_path_files_count_in_site_packages_alone(tmp_path: Path, stdlib: Path, path: str, processed: bool) -> None:
    site = tmp_path / "lib/python3.13/site-packages"
    (site / path).parent.mkdir(parents=True)
    (site / path).write_bytes(b"")
    resource = Resource(path=path, origin=Origin.DISTRIBUTION, distribution="d", size=0)
    made = manifest({"app.py": b""}, resources=[resource], distributions=[distribution("d")])
    assert has_path_files(build_tree(made, stdlib=stdlib, site=site), "3.13") is processed
