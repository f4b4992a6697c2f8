"""Where symbolic links of a manifest lead, and which are refused."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from castiron_common.errors import ManifestError
from castiron_manifest import codec, model
from castiron_manifest.encoder import digest
from castiron_manifest.links import MOST_FOLLOWED, End, LeadsNowhereError, link_ends, link_problems
from castiron_manifest.show import as_json_value, differences, summary
from tests.unit.manifest.strategies import sha256

EMPTY = sha256(b"")


def made(files: list[str], links: dict[str, str], *, modules: tuple[str, ...] = ("app.py",)) -> model.Manifest:
    return model.Manifest(
        generator="castiron 0.1.0",
        pack="cpython-3.13.5",
        target=model.Target(platform="x86_64-linux-musl", python="3.13"),
        entry=model.Entry(kind=model.EntryKind.SCRIPT, module="__main__", path="app.py", name="app"),
        modules=tuple(
            model.Module(
                name=path.removesuffix(".py").replace("/", "."),
                kind=model.ModuleKind.SOURCE,
                origin=model.Origin.APP,
                path=path,
                sha256=EMPTY,
            )
            for path in sorted(modules)
        ),
        resources=tuple(
            model.Resource(path=path, origin=model.Origin.APP, size=0, sha256=EMPTY) for path in sorted(files)
        ),
        links=tuple(model.SymbolicLink(path=path, target=links[path]) for path in sorted(links)),
        blobs=((EMPTY, b""),),
    )


def ends(files: list[str], links: dict[str, str]) -> dict[str, tuple[str, int]]:
    return {path: (end.path, end.followed) for path, end in link_ends(made(files, links)).items()}


def test_links_to_files_folders_and_links() -> None:
    files = ["data/v2/notes.txt", "data/plain.txt"]
    links = {
        "data/latest": "v2/notes.txt",
        "data/current": "v2",
        "data/again": "latest",
        "data/v2/up": "../plain.txt",
        "data/v2/all": "../../",
        "data/v2/here": ".",
        "notes": "./data//current/notes.txt",
    }
    assert ends(files, links) == {
        "data/latest": ("data/v2/notes.txt", 1),
        "data/current": ("data/v2", 1),
        "data/again": ("data/v2/notes.txt", 2),
        "data/v2/up": ("data/plain.txt", 1),
        "data/v2/all": ("", 1),
        "data/v2/here": ("data/v2", 1),
        "notes": ("data/v2/notes.txt", 2),
    }


def test_links_to_modules_and_folders_of_modules() -> None:
    """Folders of sources below the application's own are there by such links."""
    manifest = made([], {"src/shop": "../shop", "src/one.py": "../one.py"}, modules=("app.py", "one.py", "shop/x.py"))
    assert {path: end.path for path, end in link_ends(manifest).items()} == {"src/shop": "shop", "src/one.py": "one.py"}


def test_two_dots_behind_a_link_are_above_what_it_leads_to() -> None:
    files = ["deep/down/below/f", "deep/down/g", "g"]
    assert ends(files, {"in": "deep/down/below", "out": "in/../g"})["out"] == ("deep/down/g", 2)
    with pytest.raises(LeadsNowhereError):  # by its letters it would be g
        ends(["deep/down/below/f", "g"], {"in": "deep/down/below", "out": "in/../g"})


def test_as_many_links_as_the_kernel_follows() -> None:
    def chain(length: int) -> dict[str, str]:
        return {f"l{number:03}": f"l{number + 1:03}" if number + 1 < length else "f" for number in range(length)}

    assert ends(["f"], chain(MOST_FOLLOWED))["l000"] == ("f", MOST_FOLLOWED)
    with pytest.raises(LeadsNowhereError, match="more than 40 links"):
        ends(["f"], chain(MOST_FOLLOWED + 1))


HOSTILE: dict[str, tuple[list[str], dict[str, str], str]] = {
    "absolute": (["f"], {"l": "/etc/passwd"}, "not a relative path"),
    "empty": (["f"], {"l": ""}, "not a relative path"),
    "with a zero byte": (["f"], {"l": "f\0"}, "not a relative path"),
    "leaves the folder": (["f"], {"l": "../f"}, "leaves the application's folder"),
    "leaves the folder and comes back": (["a/f"], {"a/l": "../../app/a/f"}, "leaves the application's folder"),
    "leaves the folder by another link": (
        ["a/b/f", "f"],
        {"a/b/top": "../..", "l": "a/b/top/../f"},
        "leaves the application's folder",
    ),
    "by its letters it would stay": (["a/f", "b/f"], {"a/l": "../b", "x": "a/l/../../f"}, "leaves the application's"),
    "dangling": (["f"], {"l": "g"}, "leads to nothing that goes in"),
    "through nothing": (["f"], {"l": "nothing/../f"}, "leads to nothing that goes in"),
    "through a file": (["f", "g"], {"l": "f/../g"}, "goes through a file"),
    "a file as a folder": (["f"], {"l": "f/"}, "goes through a file"),
    "a file as a folder, at its end": (["f"], {"l": "f/."}, "goes through a file"),
    "to itself": (["f"], {"l": "l"}, "or to itself"),
    "in a circle": (["f"], {"a": "b", "b": "c/x", "c": "a"}, "or to itself"),
    "in a circle below itself": (["f"], {"l": "l/l"}, "or to itself"),
    "in the place of a file": (["f"], {"f": "g"}, "something else has this path: 'f'"),
    "in the place of a module": (["f"], {"app.py": "f"}, "something else has this path: 'app.py'"),
    "in the place of a folder": (["a/b/f", "g"], {"a": "g"}, "something else has this path: 'a'"),
    "below a file": (["f", "g"], {"f/l": "../g"}, "lies below a file or a link"),
    "below a link": (["a/f"], {"l": "a", "l/m": "f"}, "lies below a file or a link"),
    "its own path leaves": (["f"], {"../l": "f"}, "not a path under its root: '../l'"),
    "its own path is not normal": (["f"], {"a//l": "../f"}, "not a path under its root: 'a//l'"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_links_are_refused_by_their_place(case: str) -> None:
    files, links, message = HOSTILE[case]
    manifest = made(files, links)
    with pytest.raises(ValueError, match="not a valid manifest"):
        codec.encode(manifest)
    fields = msgpack.unpackb(msgpack.unpackb(codec.encode(made(files, {})))["body"])
    fields["links"] = [{"path": path, "target": links[path]} for path in sorted(links)]
    body = msgpack.packb(fields)
    version = [1, 3]
    envelope = {"format": codec.FORMAT, "version": version, "sha256": digest(version, body), "body": body}
    with pytest.raises(ManifestError) as caught:
        codec.decode(msgpack.packb(envelope))
    assert message in str(caught.value)
    assert "@ $.links[" in str(caught.value)


def test_files_below_a_link_are_refused() -> None:
    assert [*link_problems(made(["a/f", "l/g"], {"l": "a"}))] == ["something else has this path: 'l' @ $.links[0].path"]
    manifest = made(["a/f"], {"l": "a"}, modules=("app.py", "l/mod.py"))
    assert [*link_problems(manifest)] == ["something else has this path: 'l' @ $.links[0].path"]


def test_version_1_3_is_said_only_where_there_are_links() -> None:
    def version(manifest: model.Manifest) -> list[int]:
        said: list[int] = msgpack.unpackb(codec.encode(manifest))["version"]
        return said

    with_links = made(["f"], {"l": "f"})
    assert version(with_links) == [1, 3]
    assert version(made(["f"], {})) == [1, 1]
    assert codec.decode(codec.encode(with_links)) == with_links
    assert codec.encode(codec.decode(codec.encode(with_links))) == codec.encode(with_links)


def test_links_are_shown_and_compared() -> None:
    old, new = made(["f", "g"], {"l": "f"}), made(["f", "g"], {"l": "g", "m": "g"})
    assert ("links", "1 symbolic link among the resources") in summary(old)
    assert "links" not in dict(summary(made(["f"], {})))
    assert as_json_value(old)["links"] == [{"path": "l", "target": "f"}]
    assert list(differences(old, new)) == ["~ links l: target f -> g", "+ links m"]


@pytest.mark.parametrize("shape", ["chains", "one target", "long targets", "dangling", "circles"])
def test_validation_takes_no_longer_than_the_links_are_long(shape: str) -> None:
    count = 20_000
    detour = "a/../" * 500
    links = {
        "chains": {f"l{n:06}": f"l{n + 1:06}" if n % MOST_FOLLOWED != MOST_FOLLOWED - 1 else "f" for n in range(count)},
        "one target": {f"l{n:06}": "f" for n in range(count)},
        "long targets": {f"l{n:06}": f"l{n + 1:06}/../{detour}a" for n in range(39)}
        | {"l000039": "a"}
        | {f"m{n:06}": "l000000" for n in range(count)},
        "dangling": {f"l{n:06}": f"l{n + 1:06}/{detour}" for n in range(count)},
        "circles": {f"l{n:06}": f"l{(n + 1) % count:06}" for n in range(count)},
    }[shape]
    manifest = made(["a/f", "f"], links)
    before = time.process_time()
    problems = list(link_problems(manifest))
    assert time.process_time() - before < 20  # a second on an idle machine; hours if each link were followed anew
    assert len(problems) <= 1


_NAMES = st.sampled_from(["a", "b", "l", "m", "f"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map("/".join)
_TARGETS = st.lists(_NAMES | st.sampled_from(["..", ".", ""]), min_size=1, max_size=6).map("/".join)


@given(st.lists(_PATHS, min_size=1, max_size=5), st.dictionaries(_PATHS, _TARGETS, max_size=5))
@settings(max_examples=400, deadline=None)
def test_links_lead_where_the_kernel_says(files: list[str], links: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(os.path.realpath(folder), "app")
        root.mkdir()
        placed = []
        for path in files:
            if _may_be_made(root, path):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).touch()
                placed.append(path)
        linked = {}
        for path, target in links.items():
            if target and not target.startswith("/") and _may_be_made(root, path):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).symlink_to(target)
                linked[path] = target
        for path in linked:
            # One at a time, with the links that it needs: each that leads nowhere is the end of validation.
            expected = _end_on_disk(root, path, [*placed, *linked])
            try:
                found = link_ends(made(placed, linked, modules=())).get(path)
            except LeadsNowhereError:
                found = None
            good = all(_end_on_disk(root, each, [*placed, *linked]) is not None for each in linked)
            assert (found is not None) == good
            assert found is None or found.path == expected


def _may_be_made(root: Path, path: str) -> bool:
    """Whether nothing is there, and each part above is a folder or nothing."""
    at = root
    for part in path.split("/")[:-1]:
        at /= part
        if at.is_symlink() or at.is_file():
            return False
    return not os.path.lexists(root / path)


def _end_on_disk(root: Path, path: str, files: list[str]) -> str | None:
    """Return what a link leads to if that is one of these files and links, or a folder that has one."""
    if not (root / path).exists() or _leaves(root, path):
        return None
    end = os.path.relpath(os.path.realpath(root / path), root)
    end = "" if end == "." else end
    holds = any(file == end or file.startswith(f"{end}/") or not end for file in files)
    return end if holds else None


def _leaves(root: Path, path: str) -> bool:
    """Whether any step on the way is above the root."""
    at, rest, count = root, path.split("/"), 0
    while rest:
        part, *rest = rest
        if part == "..":
            at = at.parent
        elif (at / part).is_symlink():
            rest = [*os.readlink(at / part).split("/"), *rest]  # noqa: PTH115
            count += 1
        else:
            at /= part
        if not at.is_relative_to(root) or count > MOST_FOLLOWED:
            return True
    return False


def test_an_end_is_a_value() -> None:
    assert link_ends(made(["f"], {"l": "f"})) == {"l": End("f", 1)}
    assert link_ends(made(["f"], {})) == {}
