"""Which symbolic links among an application's data files stay links, which are copies, and which stay out."""

from __future__ import annotations

import os
import posixpath
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from castiron_common.errors import InputError
from castiron_common.files import sha256_bytes
from castiron_common.progress import SilentReporter
from castiron_manifest import model
from castiron_manifest.validate import problems
from castiron_trace.driver import trace
from castiron_trace.own.folder import files_below, own_folder
from castiron_trace.own.links import LinkedFiles, with_links
from tests.unit.trace.conftest import options
from tests.unit.trace.making import write

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from castiron_trace.driver import Outcome
    from castiron_trace.model import TargetPython


def linked(folder: Path, links: Mapping[str, str]) -> None:
    for name, target in links.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)


def placed(
    root: Path, names: Collection[str], *, fixed: Collection[str] = (), beside: bool = True, named: Collection[str] = ()
) -> LinkedFiles:
    return with_links(
        {name: root / name for name in names},
        fixed={name: root / name for name in fixed},
        beside={root: own_folder(root).links} if beside else {},
        named=named,
    )


def targets(found: LinkedFiles) -> dict[str, str]:
    return {link.path: link.target for link in found.links}


def test_a_link_brings_what_it_leads_to_and_the_links_on_the_way(tmp_path: Path) -> None:
    write(tmp_path, {"versions/v2/x": "", "versions/v1/x": ""})
    linked(tmp_path, {"current": "versions/latest", "versions/latest": "v2", "x": "current/x"})
    found = placed(tmp_path, ["x"], beside=False)
    assert set(found.files) == {"versions/v2/x"}
    assert targets(found) == {"current": "versions/latest", "versions/latest": "v2", "x": "current/x"}
    assert (found.copied, found.broken) == ((), ())


def test_links_beside_what_goes_in_go_in(tmp_path: Path) -> None:
    """To a file that does, to its folder, and to a folder above them."""
    write(tmp_path, {"data/v2/x": "", "data/v1/y": "", "other/z": ""})
    linked(
        tmp_path,
        {"data/v2/same": "x", "data/v2/up": "..", "data/now": "v2", "data/old": "v1", "other/x": "../data/v2/x"},
    )
    expected = {"data/v2/same": "x", "data/v2/up": "..", "data/now": "v2"}
    assert targets(placed(tmp_path, ["data/v2/x"])) == expected
    assert targets(placed(tmp_path, ["data/v2/x", "data/v1/y"])) == expected | {"data/old": "v1"}
    with_folder = placed(tmp_path, ["data/v2/x", "other/z"])
    assert targets(with_folder) == expected | {"other/x": "../data/v2/x"}
    assert set(with_folder.files) == {"data/v2/x", "other/z"}


def test_targets_are_relative_and_direct(tmp_path: Path) -> None:
    """An absolute one, one that goes down and up, and one that leaves the folder and comes back."""
    root = tmp_path / "app"
    write(root, {"data/x": "", "deep/er/y": ""})
    linked(root, {"a": str(root / "data/x"), "b": "deep/er/../../data/x", "c": "../app/data/x", "deep/d": "./er//y"})
    assert targets(placed(root, ["a", "b", "c", "deep/d"])) == {
        "a": "data/x",
        "b": "data/x",
        "c": "data/x",
        "deep/d": "er/y",
    }
    linked(tmp_path, {"by": "app"})  # the folder itself is reached by a link
    assert targets(placed(tmp_path / "by", ["a", "b", "c"])) == {"a": "data/x", "b": "data/x", "c": "data/x"}


def test_two_dots_behind_a_link_count_from_what_it_leads_to(tmp_path: Path) -> None:
    write(tmp_path, {"deep/down/in/f": "", "deep/down/g": "right", "g": "wrong"})
    linked(tmp_path, {"short": "deep/down/in", "link": "short/../g"})
    found = placed(tmp_path, ["link"])
    assert found.files == {"deep/down/g": tmp_path / "deep/down/g"}
    assert targets(found)["link"] == "deep/down/g"


def test_what_leads_out_of_the_folder_is_a_copy(tmp_path: Path) -> None:
    root = tmp_path / "app"
    write(tmp_path, {"shared/a": "a", "shared/sub/b": "b", "app/x": ""})
    linked(tmp_path, {"shared/round": ".", "shared/gone": "nowhere", "shared/alias": "a"})
    linked(root, {"file": "../shared/a", "folder": "../shared", "indirect": "file", "back": "folder/sub/../../app/x"})
    found = placed(root, ["file", "folder/a", "folder/alias", "folder/sub/b", "indirect", "back"])
    assert set(found.files) == {"file", "folder/a", "folder/alias", "folder/sub/b", "indirect", "x"}
    assert targets(found) == {"back": "x"}
    assert found.copied == ("file", "folder", "indirect")
    assert found.broken == ("folder/gone", "folder/round")


def test_broken_links_stay_out_and_are_told(tmp_path: Path) -> None:
    write(tmp_path, {"d/x": ""})
    linked(tmp_path, {"d/gone": "y", "d/self": "self", "d/one": "two", "d/two": "one", "d/file": "x/"})
    found = placed(tmp_path, ["d/x"])
    assert (targets(found), set(found.files)) == ({}, {"d/x"})
    assert found.broken == ("d/file", "d/gone", "d/one", "d/self", "d/two")


def test_what_modules_are_found_by_is_no_link(tmp_path: Path) -> None:
    write(tmp_path, {"v2/mod.py": "", "v2/x": "", "m.py": ""})
    linked(tmp_path, {"now": "v2", "later": "now", "template": "m.py", "x": "now/x"})
    found = placed(tmp_path, ["now/x", "later/x", "template", "x"], fixed=["now/mod.py", "m.py"])
    assert set(found.files) == {"now/x", "later/x", "template", "x"}
    assert (targets(found), found.copied) == ({}, ("later", "now", "template", "x"))


def test_secrets_do_not_go_in_by_another_name(tmp_path: Path) -> None:
    write(tmp_path, {".env": "KEY=1", "secrets/id_rsa": "", "d/x": ""})
    linked(tmp_path, {"settings.txt": ".env", "d/key": "../secrets/id_rsa"})
    found = placed(tmp_path, ["settings.txt", "d/key", "d/x"])
    assert (set(found.files), targets(found)) == ({"d/x"}, {})
    assert set(found.secrets) == {"settings.txt", "d/key"}
    asked = placed(tmp_path, ["settings.txt"], named=["settings.txt"])
    assert (set(asked.files), targets(asked)) == ({".env"}, {"settings.txt": ".env"})


def test_folders_of_one_application_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    """All lie in one place in the binary: a link of one may be a folder of another."""
    one, two = tmp_path / "one", tmp_path / "two"
    write(tmp_path, {"one/v1/x": "1", "two/data/y": "2", "two/v2/z": "3"})
    linked(one, {"data": "v1", "same": "v1"})
    linked(two, {"same": "v2"})
    found = with_links(
        {"data/x": one / "data/x", "data/y": two / "data/y", "same/x": one / "same/x", "same/z": two / "same/z"},
        fixed={},
        beside={},
        named=(),
    )
    assert set(found.files) == {"data/x", "data/y", "same/x", "same/z"}
    assert (targets(found), found.copied) == ({}, ("data", "same"))


def traced(folder: Path, python: TargetPython, **more: object) -> Outcome:
    wanted = {"application": "app.py", **more}
    return trace(options(folder, **wanted), reporter=SilentReporter(), python=python)  # type: ignore[arg-type]


def test_trace_writes_links_and_tells_of_those_that_are_none(tmp_path: Path, python: TargetPython) -> None:
    root = tmp_path / "app"
    write(root, {"app.py": "from pathlib import Path\nDATA = Path(__file__).parent / 'data'", "data/v2/x.txt": "x"})
    write(tmp_path, {"shared/y.txt": "y", "unused/z.txt": "z"})
    linked(root, {"data/now": "v2", "data/shared": "../../shared", "data/gone": "nowhere", "unused": "../unused"})
    linked(root, {"data/round": ".."})
    outcome = traced(root, python)
    assert outcome.manifest.links == (
        model.SymbolicLink(path="data/now", target="v2"),
        model.SymbolicLink(path="data/round", target=".."),
    )
    assert [item.path for item in outcome.manifest.resources if item.origin == "app"] == [
        "data/shared/y.txt",
        "data/v2/x.txt",
    ]
    said = "\n".join(outcome.notes)
    assert (
        "1 symbolic link to what lies outside of the application's folder, or is part of its code, included as a copy "
        "(data/shared)" in said
    )
    assert "1 symbolic link not included (data/gone): it leads nowhere, or in a circle" in said
    assert "not included from beside the application: 1 file (unused/)" in said


def test_without_guesses_there_are_no_links_but_those_that_are_asked_for(tmp_path: Path, python: TargetPython) -> None:
    write(tmp_path, {"app.py": "", "d/x": "", "d/y": ""})
    linked(tmp_path, {"d/l": "x", "m": "d/x"})
    none = traced(tmp_path, python, guess_data=False, include_data=(Path("d/x"),)).manifest
    assert none.links == ()
    folder = traced(tmp_path, python, guess_data=False, include_data=(Path("d"),)).manifest
    assert folder.links == (model.SymbolicLink(path="d/l", target="x"),)
    link = traced(tmp_path, python, guess_data=False, include_data=(Path("m"),)).manifest
    assert link.links == (model.SymbolicLink(path="m", target="d/x"),)
    assert [item.path for item in link.resources if item.origin == "app"] == ["d/x"]


def test_a_dangling_link_that_is_asked_for_is_an_error(tmp_path: Path, python: TargetPython) -> None:
    write(tmp_path, {"app.py": ""})
    linked(tmp_path, {"gone": "nowhere"})
    with pytest.raises(InputError, match="gone is a symbolic link that leads nowhere"):
        traced(tmp_path, python, include_data=(Path("gone"),))


_NAMES = st.sampled_from(["a", "b", "l", "m", "f"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map("/".join)
_TARGETS = st.lists(_NAMES | st.sampled_from(["..", "..", ".", "", "app"]), min_size=1, max_size=6).map("/".join)


@given(
    st.lists(_PATHS, min_size=1, max_size=5),
    st.dictionaries(_PATHS, _TARGETS, max_size=6),
    st.lists(_PATHS, max_size=2),
    st.booleans(),
)
@example(["a"], {"b": "l", "l/a": "a"}, [], True)
@settings(max_examples=150, deadline=None)
def test_every_name_leads_to_what_it_led_to(
    files: list[str], links: dict[str, str], modules: list[str], absolute: bool
) -> None:
    """Whatever links there are, the manifest is sound, and the names of all files have the same contents as on disk."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(os.path.realpath(folder), "app")
        write(root.parent, {"a": "outside", "b/f": "outside, too", "app/f": "top"})
        for path in files:
            _make(root / path, lambda at: at.write_text(str(at)))
        for path, target in links.items():
            _make(
                root / path, lambda at, target=target: at.symlink_to(f"{root}/{target}" if absolute else target or ".")
            )
        names = [str(file.relative_to(root)) for file in files_below(root, stop_at_packages=False)]
        fixed = [path for path in modules if (root / path).is_file()]
        chosen = [name for name in names if name not in fixed]
        found = placed(root, chosen, fixed=fixed)
        manifest = _manifest(found, fixed)
        assert problems(manifest) == []
        assert all(file.read_bytes() == (root / name).read_bytes() for name, file in found.files.items())
        for name in chosen:
            end = _followed(name, targets(found))
            assert (root / end).samefile(root / name)
            assert end in found.files or end in fixed
        for link in found.links:
            assert (root / link.path).is_symlink()
            assert (root / _followed(link.path, targets(found))).samefile(root / link.path)


def _make(path: Path, how) -> None:  # type: ignore[no-untyped-def]
    above = path.parent
    while not os.path.lexists(above):
        above = above.parent
    if os.path.lexists(path) or above.is_symlink() or not above.is_dir():
        return
    if any(parent.is_symlink() for parent in path.parents):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    how(path)


def _followed(name: str, links: Mapping[str, str]) -> str:
    """Follow links from their targets alone, as the binary does."""
    at: list[str] = []
    rest = name.split("/")
    for _ in range(10_000):
        if not rest:
            return "/".join(at) or "."
        part, *rest = rest
        if part == "..":
            at.pop()
        elif part not in {"", "."}:
            at.append(part)
            if (target := links.get("/".join(at))) is not None:
                at.pop()
                rest = [*target.split("/"), *rest]
    raise AssertionError(f"{name} leads in a circle")


def _manifest(found: LinkedFiles, fixed: Collection[str]) -> model.Manifest:
    empty = sha256_bytes(b"")
    modules = (
        model.Module(name=f"m{number}", kind=model.ModuleKind.SOURCE, origin=model.Origin.APP, path=path, sha256=empty)
        for number, path in enumerate(sorted(fixed))
    )
    return model.Manifest(
        generator="",
        pack="",
        target=model.Target(platform="", python=""),
        entry=model.Entry(kind=model.EntryKind.MODULE, module="m", name="m"),
        modules=tuple(modules),
        resources=tuple(
            model.Resource(path=posixpath.normpath(path), origin=model.Origin.APP, size=0, sha256=empty)
            for path in sorted(found.files)
        ),
        links=found.links,
        blobs=((empty, b""),),
    )
