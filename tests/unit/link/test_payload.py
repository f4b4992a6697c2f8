"""The payload's writer, against a reader that follows the description in runtime/castiron_runtime/stub/README.md."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from castiron_common.content import FileContent, file_content
from castiron_common.errors import InputError, LinkError
from castiron_link.model import Children
from castiron_link.payload import BootConfig, PayloadFile, PayloadLink, PayloadModule
from castiron_link.payload import write_payload as payload_pieces
from castiron_link.zstd import zstd
from castiron_manifest.model import EntryKind
from tests.unit.link.payload_reader import NONE, Reader

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def write_payload(
    settings: BootConfig,
    modules: Iterable[PayloadModule],
    files: Iterable[PayloadFile],
    links: Iterable[PayloadLink] = (),
) -> bytes:
    return bytes(payload_pieces(settings, modules, files, links).data)


def config(**values: object) -> BootConfig:
    settings: dict[str, object] = {"kind": EntryKind.FUNCTION, "module": "m", "function": "main", "program": "p"}
    return BootConfig(**{**settings, **values})  # type: ignore[arg-type]


def module(path: str, **values: object) -> PayloadModule:
    settings: dict[str, object] = {"package": False, "code": b"code of " + path.encode(), "source": False}
    return PayloadModule(path=path, **{**settings, **values})  # type: ignore[arg-type]


def test_header() -> None:
    read = Reader(
        write_payload(
            config(optimize=2, sys_path=("$ORIGIN/plugins", "/opt"), full_finalize=True, children=Children.ALL), [], []
        )
    )
    assert (read.flags, read.kind, read.optimize) == (1 | 4, 2, 2)
    assert read.entry == ["m", "main", "", "p"]
    assert read.sys_path == ["$ORIGIN/plugins", "/opt"]
    assert read.files() == {}


def test_the_identity_is_a_hash_of_everything_else() -> None:
    data = bytearray(write_payload(config(), [module("m")], []))
    identity = bytes(data[112:128])
    data[112:128] = bytes(16)
    assert identity == hashlib.sha256(data).digest()[:16]
    assert identity != write_payload(config(notices=True), [module("m")], [])[112:128]


def test_modules_and_files() -> None:
    modules = [
        module("lib/json", package=True, source=True),
        module("lib/json/decoder"),
        module("app/x", source=True),
        module("lib/site/a", code=b"", extension=7, suffix=".cpython-313-x86_64-linux-musl.so"),
    ]
    files = [
        PayloadFile(path="app/x.py", data=b"print()"),
        PayloadFile(path="lib/json/__init__.py", data=b""),
        PayloadFile(path="bin/tool", data=b"#!", executable=True),
    ]
    read = Reader(write_payload(config(kind=EntryKind.SCRIPT, path="app/x.py"), modules, files))
    assert read.files() == {
        "app/x.py": (b"print()", False),
        "bin/tool": (b"#!", True),
        "lib/json/__init__.py": (b"", False),
        # Its content is in the executable, but that it exists can be seen.
        "lib/site/a.cpython-313-x86_64-linux-musl.so": (b"", True),
    }
    assert {(m.path, m.suffix, m.package, m.source, m.extension, m.code) for m in read.modules()} == {
        ("lib/json", "/__init__.py", True, True, None, b"code of lib/json"),
        ("lib/json/decoder", ".py", False, False, None, b"code of lib/json/decoder"),
        ("app/x", ".py", False, True, None, b"code of app/x"),
        ("lib/site/a", ".cpython-313-x86_64-linux-musl.so", False, False, 7, b""),
    }


def link(path: str, target: str, leads_to: str, followed: int = 1) -> PayloadLink:
    return PayloadLink(path=path, target=target, leads_to=leads_to, followed=followed)


def test_links() -> None:
    files = [PayloadFile(path="app/data/v2/f", data=b"f"), PayloadFile(path="app/g", data=b"")]
    links = [
        link("app/data/current", "v2", "app/data/v2"),
        link("app/data/v2/latest", "f", "app/data/v2/f"),
        link("app/again", "data/current/latest", "app/data/v2/f", 3),
        link("app/top", ".", "app"),
        link("app/ä", "g", "app/g"),
    ]
    data = write_payload(config(), [], files, links)
    read = Reader(data)
    assert read.files() == {"app/data/v2/f": (b"f", False), "app/g": (b"", False)}
    assert read.links() == {item.path: (item.target, item.leads_to, item.followed) for item in links}
    assert data == write_payload(config(), [], files[::-1], links[::-1])


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ([link("app/l", "x", "app/x")], "which is not in the binary"),
        ([link("app/l", "f/x", "app/f/x")], "which is not in the binary"),
        ([link("app/l", "m", "app/m"), link("app/m", "f", "app/f")], "which is not in the binary"),
        ([link("app/f", "g", "app/g")], "Two files are at 'app/f'"),
        ([link("app/d", "f", "app/f")], "is both a file and a folder"),
        ([link("app/f/l", "f", "app/f")], "goes through a file"),
        ([link("app/l", "d", "app/d"), link("app/l/m", "f", "app/f")], "goes through a file"),
        ([link("app/l", "", "app/f")], "its target has 0 bytes"),
        ([link("app/l", "./" * 1600 + "f", "app/f")], "its target has 3,201 bytes"),
        ([link("app/l", "\0", "app/f")], "contains a zero byte"),
        ([link("app/l", "\ud800", "app/f")], "cannot be encoded"),
    ],
)
def test_bad_links(links: list[PayloadLink], message: str) -> None:
    files = [PayloadFile(path=path, data=b"") for path in ("app/f", "app/g", "app/d/x")]
    with pytest.raises(LinkError, match=message):
        write_payload(config(), [], files, links)


def test_script_without_suffix() -> None:
    modules, files = [module("bin/aws", source=True)], [PayloadFile(path="bin/aws", data=b"#!/usr/bin/python")]
    read = Reader(write_payload(config(kind=EntryKind.SCRIPT, path="bin/aws"), modules, files))
    assert [(m.path, m.suffix) for m in read.modules()] == [("bin/aws", "")]
    without_source = Reader(write_payload(config(kind=EntryKind.SCRIPT, path="bin/aws"), [module("bin/aws")], []))
    assert [m.suffix for m in without_source.modules()] == [""]


def test_of_one_name_the_package_is_first() -> None:
    modules = [module("a"), module("a", package=True), module("a", code=b"", extension=0), module("Z")]
    read = Reader(write_payload(config(), modules, []))
    assert [(m.path, m.package, m.extension) for m in read.modules()] == [
        ("Z", False, None),
        ("a", True, None),
        ("a", False, 0),
        ("a", False, None),
    ]


def test_order_of_arguments_does_not_matter() -> None:
    modules = [module(f"lib/m{number}") for number in range(20)]
    files = [PayloadFile(path=f"share/{number}/f", data=bytes([number])) for number in range(20)]
    assert write_payload(config(), modules, files) == write_payload(config(), modules[::-1], files[::-1])


def test_iterators_are_taken() -> None:
    file = PayloadFile(path="a", data=b"x")
    assert Reader(write_payload(config(), iter([module("m")]), iter([file]))).files() == {"a": (b"x", False)}


@pytest.mark.parametrize(
    "path", ["", "/abs", "a//b", "a/", "./a", "a/../b", "..", "a\0b", "\ud800", "a" * 256, "a/" * 1500 + "a"]
)
def test_bad_paths(path: str) -> None:
    with pytest.raises(LinkError):
        write_payload(config(), [], [PayloadFile(path=path, data=b"")])
    with pytest.raises(LinkError):
        write_payload(config(), [module("ok"), PayloadModule(path=path, package=False, code=b"c", source=False)], [])


@pytest.mark.parametrize(
    ("modules", "files"),
    [
        ([], ["a", "a"]),
        ([], ["a", "a/b"]),
        ([], ["a/b", "a"]),
        ([module("a"), module("a")], []),
        ([module("a", package=True)], ["a"]),
        ([module("a", source=True)], []),
        ([module("a", code=b"")], []),
        ([module("a", code=b"", extension=-1)], []),
        ([module("a", code=b"", extension=NONE)], []),
    ],
)
def test_contradictions(modules: list[PayloadModule], files: list[str]) -> None:
    with pytest.raises(LinkError) as caught:
        write_payload(config(), modules, [PayloadFile(path=path, data=b"") for path in files])
    assert caught.value.hint


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": EntryKind.SCRIPT, "path": "app/x.py"},
        {"kind": EntryKind.SCRIPT, "path": None},
        {"kind": EntryKind.MODULE, "module": ""},
        {"function": None},
        {"optimize": 3},
        {"program": "a\0b"},
        {"sys_path": ("\ud800",)},
    ],
)
def test_impossible_starts(settings: dict[str, object]) -> None:
    with pytest.raises(LinkError):
        write_payload(config(**settings), [], [])


names = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]) | st.just("\udc80"), min_size=1, max_size=8
).filter(lambda name: name not in {".", "..", "__init__"})
paths = st.lists(names, min_size=1, max_size=5).map("/".join)


def consistent(found: dict[str, bytes]) -> dict[str, bytes]:
    """Leave out files that are folders of others."""
    return {path: data for path, data in found.items() if not any(other.startswith(f"{path}/") for other in found)}


@given(st.dictionaries(paths, st.binary(max_size=50), max_size=20).map(consistent), st.data())
def test_round_trip(found: dict[str, bytes], data: st.DataObject) -> None:
    executable = {path: data.draw(st.booleans()) for path in found}
    files = [PayloadFile(path=path, data=content, executable=executable[path]) for path, content in found.items()]
    # Modules in folders of their own, so that no file is in their way.
    modules = data.draw(
        st.lists(
            st.builds(
                PayloadModule,
                path=paths.map("modules/".__add__),
                package=st.just(False),
                code=st.binary(min_size=1, max_size=20),
                source=st.just(False),
                suffix=st.just(".py"),
            ),
            max_size=10,
            unique_by=lambda item: item.path,
        )
        if not any(path.split("/")[0] == "modules" for path in found)
        else st.just([])
    )
    read = Reader(write_payload(config(), modules, files))
    assert read.files() == {path: (content, executable[path]) for path, content in found.items()}
    assert {(item.path, item.suffix, item.code) for item in read.modules()} == {
        (item.path, ".py", item.code) for item in modules
    }


def test_init_traced_as_a_module_is_the_package() -> None:
    modules = [module("a/__init__", source=True), module("__init__")]
    read = Reader(write_payload(config(), modules, [PayloadFile(path="a/__init__.py", data=b"")]))
    assert {(m.path, m.suffix, m.package) for m in read.modules()} == {
        ("a", "/__init__.py", True),
        ("__init__", ".py", False),
    }


def test_files_are_compressed_that_shrink_to_the_share_asked_for() -> None:
    text = b"def function(argument):\n    return argument\n" * 1000
    noise = random.Random(7).randbytes(40_000)
    files = [
        PayloadFile(path="a.py", data=text, compressed_share=0.5),
        PayloadFile(path="plain.txt", data=text),
        PayloadFile(path="noise.bin", data=noise, compressed_share=0.5),
    ]
    data = write_payload(config(), [module("a", source=True)], files)
    assert len(text) + len(noise) < len(data) < len(text) + len(noise) + 2000
    assert Reader(data).files() == {"a.py": (text, False), "plain.txt": (text, False), "noise.bin": (noise, False)}


def test_large_files_are_read_while_they_are_written(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(random.Random(1).randbytes(3 << 20) + b"end")
    content = file_content(large)
    assert isinstance(content, FileContent)
    files = [PayloadFile(path="app/a", data=b"a"), PayloadFile(path="app/large", data=content)]
    pieces = payload_pieces(config(), [], files).data
    assert content in pieces.parts
    assert max(len(chunk) for chunk in pieces.chunks()) < 2 << 20
    data = bytes(pieces)
    assert pieces.size == len(data)
    assert Reader(data).files()["app/large"] == (large.read_bytes(), False)
    same = [files[0], PayloadFile(path="app/large", data=large.read_bytes())]
    assert bytes(payload_pieces(config(), [], same).data) == data


def test_a_large_file_is_compressed_as_a_small_one(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"12345678" * (1 << 18))
    content = file_content(large)
    assert isinstance(content, FileContent)
    streamed = PayloadFile(path="a", data=content, compressed_share=0.9)
    at_once = PayloadFile(path="a", data=large.read_bytes(), compressed_share=0.9)
    data = write_payload(config(), [], [streamed])
    assert len(data) < 20_000
    assert data == write_payload(config(), [], [at_once])


@pytest.mark.parametrize("now", [b"", b"x" * (2 << 20)])
def test_a_file_that_changes_meanwhile_is_an_error(tmp_path: Path, now: bytes) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"y" * (1 << 20))
    pieces = payload_pieces(config(), [], [PayloadFile(path="a", data=file_content(large))]).data
    large.write_bytes(now)
    with pytest.raises(InputError, match="changed while it was linked"):
        bytes(pieces)


def test_every_byte_is_code_a_file_padding_or_index() -> None:
    files = [
        PayloadFile(path="a", data=b"x" * 33),
        PayloadFile(path="b", data=b"y" * 5000, compressed_share=0.9),
        PayloadFile(path="c", data=b""),
    ]
    payload = payload_pieces(config(), [module("m"), module("n")], files)
    assert payload.stored["a"] == 33
    assert 0 < payload.stored["b"] < 100
    assert payload.stored["c"] == 0
    data = bytes(payload.data)
    code = [item.code for item in Reader(data).modules()]
    index = min(data.index(item) for item in code)
    assert len(data) == index + sum(map(len, code)) + sum(payload.stored.values()) + payload.padding


def test_files_that_are_equal_are_stored_once(tmp_path: Path) -> None:
    content = b"content of several files " * 4
    other = content[::-1]
    (large := tmp_path / "large").write_bytes(content)
    contents: dict[str, bytes | FileContent] = {
        "a": content,
        "b": other,
        "c": FileContent(path=large, size=len(content)),
        "d/a": other,
        "d/b": content,
        "e": content[1:],
    }
    payload = payload_pieces(config(), [], [PayloadFile(path=path, data=data) for path, data in contents.items()])
    whole = bytes(payload.data)
    assert (whole.count(content), whole.count(other)) == (1, 1)
    assert payload.stored == {"a": 100, "b": 100, "c": 0, "d/a": 0, "d/b": 0, "e": 99}
    files = Reader(whole).files()
    assert files == {
        path: (content if isinstance(data, FileContent) else data, False) for path, data in contents.items()
    }


def test_a_small_payload_has_frames_of_zstandard() -> None:
    long = b"".join(b"instruction %d " % (number % 50) for number in range(1000))
    files = [PayloadFile(path="a", data=b"y" * 5000, compressed_share=0.9)]
    modules = [module("m", code=long), module("n", code=b"short")]
    payload = payload_pieces(config(), modules, files, compress=zstd, zstd=True)
    data = bytes(payload.data)
    read = Reader(data)
    assert read.flags & 32
    assert {item.path: item.code for item in read.modules()} == {"m": long, "n": b"short"}
    assert payload.stored_code["m.py"] < len(long) / 4
    assert payload.stored_code["n.py"] == len(b"short")
    frame = data.index(zstandard.FRAME_HEADER, read.modules_at)
    stored = sum(payload.stored.values()) + sum(payload.stored_code.values())
    assert len(data) == frame + stored + payload.padding
    assert data == bytes(payload_pieces(config(), modules[::-1], files, compress=zstd, zstd=True).data)
    assert not Reader(write_payload(config(), modules, [])).flags & 32


def test_folders_without_files() -> None:
    made = payload_pieces(config(), [module("m")], [], folders=["app/space/inner", "app"])
    read = Reader(bytes(made.data))
    nodes = [read.node(index) for index in range(read.node_count)]
    assert [(name, kind, size) for name, _, kind, _, _, size, _, _ in nodes if name] == [
        ("app", 0, 1),
        ("space", 0, 1),
        ("inner", 0, 0),
    ]


@pytest.mark.parametrize("path", ["app/x.txt", "app/x.txt/below", "../x", ""])
def test_a_folder_where_a_file_is_or_outside_of_the_tree_is_refused(path: str) -> None:
    with pytest.raises(LinkError):
        payload_pieces(config(), [module("m")], [PayloadFile(path="app/x.txt", data=b"")], folders=[path])


def test_the_flag_for_path_files() -> None:
    assert [
        Reader(write_payload(config(path_files=value), [module("m")], [])).flags & 64 for value in (True, False)
    ] == [
        64,
        0,
    ]
