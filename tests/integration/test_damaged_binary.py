"""A binary whose payload was damaged on its way: one message, and no crash."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from castiron_link.payload import MAGIC, VERSION
from tests.support.linking import run, trace_and_link

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

MESSAGE = "castiron: the payload of this executable is damaged: copy or link it again\n"
NODE, MODULE = 40, 56
"""Bytes.  Source: runtime/castiron_runtime/stub/README.md."""
LINK = 2
"""Kind of a node."""


@pytest.fixture(scope="module")
def hello(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "hello.py").write_text("import os\nprint(sorted(os.listdir(os.path.dirname(os.__file__)))[:1])\n")
    return trace_and_link(["hello.py"], cwd=folder, name="hello")


@pytest.fixture(scope="module")
def linked(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("linked")
    (folder / "linked.py").write_text(
        "import os\nprint(open(os.path.join(os.path.dirname(__file__), 'name.txt')).read())\n"
    )
    (folder / "file.txt").write_text("text")
    (folder / "name.txt").symlink_to("file.txt")
    return trace_and_link(["linked.py"], cwd=folder, name="linked")


def tables(data: bytes) -> tuple[int, int, int]:
    """Return where the payload, its nodes and its modules begin in the executable."""
    start = data.index(MAGIC + VERSION.to_bytes(4, "little"))
    nodes, _, modules = struct.unpack_from("<QQQ", data, start + 64)
    return start, start + nodes, start + modules


def put(field: Callable[[int, int, int], int], form: str, value: int) -> Callable[[bytearray], None]:
    def damage(data: bytearray) -> None:
        struct.pack_into(form, data, field(*tables(bytes(data))), value)

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(put(lambda start, _nodes, _modules: start + 64, "<Q", 1 << 62), id="nodes beyond the end"),
        pytest.param(put(lambda start, _nodes, _modules: start + 72, "<Q", 0), id="no nodes"),
        pytest.param(put(lambda start, _nodes, _modules: start + 88, "<Q", 1 << 60), id="endless modules"),
        pytest.param(put(lambda start, _nodes, _modules: start + 48, "<I", 0xFFFFFFF0), id="path of the script"),
        pytest.param(put(lambda _start, nodes, _modules: nodes + 12, "<B", 1), id="root is a file"),
        pytest.param(put(lambda _start, nodes, _modules: nodes + 16, "<Q", 0), id="root is its own child"),
        pytest.param(put(lambda _start, nodes, _modules: nodes + 24, "<Q", 1 << 32), id="endless children"),
        pytest.param(put(lambda _start, nodes, _modules: nodes + NODE, "<I", 1 << 31), id="name of a folder"),
    ],
)
def test_damage_is_told(hello: Path, tmp_path: Path, damage: Callable[[bytearray], None]) -> None:
    data = bytearray(hello.read_bytes())
    damage(data)
    copy = tmp_path / "hello"
    copy.write_bytes(data)
    copy.chmod(0o755)
    done = run([str(copy)], cwd=tmp_path)
    assert (done.status, done.stdout, done.stderr) == (1, "", MESSAGE)


def test_bytecode_that_lies_elsewhere_is_told(hello: Path, tmp_path: Path) -> None:
    data = bytearray(hello.read_bytes())
    start, _, modules = tables(bytes(data))
    count = struct.unpack_from("<Q", data, start + 88)[0]
    for row in range(count):
        struct.pack_into("<Q", data, modules + MODULE * row + 32, 1 << 40)
    copy = tmp_path / "hello"
    copy.write_bytes(data)
    copy.chmod(0o755)
    done = run([str(copy)], cwd=tmp_path)
    assert (done.status, done.stderr) == (1, MESSAGE)


@pytest.mark.parametrize(
    ("field", "form", "value"),
    [
        pytest.param(16, "<Q", None, id="leads to itself"),
        pytest.param(16, "<Q", 1 << 33, id="leads to no node"),
        pytest.param(24, "<Q", 1 << 20, id="longer than its target"),
        pytest.param(32, "<I", 0xFFFFFFF0, id="target beyond the end"),
    ],
)
def test_damaged_symbolic_links_are_told(
    linked: Path, tmp_path: Path, field: int, form: str, value: int | None
) -> None:
    data = bytearray(linked.read_bytes())
    start, nodes, _ = tables(bytes(data))
    count = struct.unpack_from("<Q", data, start + 72)[0]
    (index,) = (number for number in range(count) if data[nodes + NODE * number + 12] == LINK)
    struct.pack_into(form, data, nodes + NODE * index + field, index if value is None else value)
    copy = tmp_path / "linked"
    copy.write_bytes(data)
    copy.chmod(0o755)
    done = run([str(copy)], cwd=tmp_path)
    assert (done.status, done.stdout, done.stderr) == (1, "", MESSAGE)
