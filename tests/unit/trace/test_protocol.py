"""What host and analyser exchange: the same value after the way there and back, and an error that says where."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import castiron_common
import castiron_trace
from castiron_common.progress import SilentReporter
from castiron_trace import analyser_key as keys
from castiron_trace.protocol import (
    Definitions,
    Edge,
    Entry,
    FileNames,
    Installed,
    MachineUse,
    ModuleKind,
    Node,
    Notice,
    SourceError,
    StdlibFile,
    Text,
    Tier,
    TraceAnswer,
    TraceRequest,
)
from castiron_trace.stdlib_graph import stdlib_graph
from castiron_trace.wire import WireError, from_text, to_text

if TYPE_CHECKING:
    from castiron_trace.model import TargetPython

REQUEST = TraceRequest(
    entry=Entry("app", script="/a/app.py", function="main"),
    roots=("/a",),
    site="",
    distributions=(Installed("six", "00", requires=("setuptools",), direct=True),),
    stdlib="/cache/graph.json",
    cache=None,
    suffixes=(".so",),
    libc=("c", "m"),
    outside_code=False,
)
ANSWER = TraceAnswer(
    entry="app",
    nodes={"app": Node(ModuleKind.SOURCE, "(app)", "/a/\udce9.py"), "gone": Node(ModuleKind.MISSING)},
    edges=(Edge("app", "gone", Tier.LAZY, 3),),
    notices=(Notice("code", "info", "app", "text"),),
    files=(),
    invalid=(SourceError("x", 0, "y"),),
    file_names={"app": FileNames(strings=(Text("é", 1),), written=("x",))},
    machine=(MachineUse("shell", "app", 3),),
    codecs=(),
    dynamic_codec=True,
    mentions=("strptime",),
    shadowed=(),
    runs_outside_code=False,
    definitions=Definitions(("main",), open_ended=False),
)


@pytest.mark.parametrize("value", [REQUEST, ANSWER])
def test_a_value_arrives_as_it_was_sent(value: TraceRequest | TraceAnswer) -> None:
    arrived = from_text(type(value), to_text(value))
    assert arrived == value
    assert to_text(arrived) == to_text(value)


def test_a_tier_arrives_as_a_tier() -> None:
    assert type(from_text(TraceAnswer, to_text(ANSWER)).edges[0].tier) is Tier


def _changed(value: object, *path: int | str, to: object) -> str:
    data = json.loads(to_text(value))
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return json.dumps(data)


@pytest.mark.parametrize(
    ("path", "to", "message"),
    [
        ((2, 0, 2), 7, "edges[0].tier: 7 is not of type Tier"),
        ((2, 0, 2), True, "edges[0].tier: True is not of type Tier"),
        ((2, 0, 3), "3", "edges[0].line: '3' is not of type int"),
        ((2, 0), [], "edges[0]: is not a value of Edge, an array of 4"),
        ((1, "app", 0), "source code", "nodes['app'].kind: 'source code' is not of type ModuleKind"),
        ((1,), [], "nodes: is not an object"),
        ((4,), {}, "files: is not an array"),
        ((8,), 1, "dynamic_codec: 1 is not of type bool"),
        ((14, 0), None, "definitions.names: is not an array"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(path: tuple[int | str, ...], to: object, message: str) -> None:
    with pytest.raises(WireError) as caught:
        from_text(TraceAnswer, _changed(ANSWER, *path, to=to))
    assert str(caught.value) == message


def test_what_is_no_json_is_told() -> None:
    with pytest.raises(WireError, match="the whole: is not JSON"):
        from_text(TraceAnswer, b"{")


def test_protocol_and_wire_import_the_standard_library_alone() -> None:
    """They run in the target's Python, which has nothing else but what makes their dataclasses."""
    packages = [str(Path(package.__file__).parent.parent) for package in (castiron_trace, castiron_common)]
    code = (
        "before = set(sys.modules); import castiron_trace.protocol, castiron_trace.wire; "
        "new = {m for m in set(sys.modules) - before if m.partition('.')[0] not in sys.stdlib_module_names}; "
        "print(*sorted(m if m.startswith('castiron_common') else m.partition('.')[0] for m in new))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {packages!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) == {"castiron_common", "castiron_common.frozen", "castiron_trace"}


def test_a_cache_key_follows_the_sources_of_the_analyser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "analyser").mkdir()
    (tmp_path / "hints").mkdir()
    for name in ("protocol.py", "wire.py", "hints/model.py", "analyser/rule.py"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(keys, "_FOLDER", tmp_path)
    monkeypatch.setattr(keys, "_code", keys._code.__wrapped__)
    first = keys.analyser_key.__wrapped__()
    (tmp_path / "analyser" / "rule.py").write_text("x = 1")
    second = keys.analyser_key.__wrapped__()
    (tmp_path / "analyser" / "rule.py").rename(tmp_path / "analyser" / "other.py")
    third = keys.analyser_key.__wrapped__()
    assert len({first, second, third}) == 3


def test_a_damaged_graph_of_the_standard_library_is_made_again(python: TargetPython, tmp_path: Path) -> None:
    # A small part of it, so that making it twice takes no time.
    (tmp_path / "group").mkdir()
    for name in ("group/__init__.py", "one.py", "two.py"):
        (tmp_path / name).write_text("import one\n")
    python = dataclasses.replace(python, id="small", stdlib=tmp_path)
    graph = stdlib_graph(python, reporter=SilentReporter())
    assert {"one", "two", "group"} <= set(graph.modules)
    whole = graph.file.read_bytes()
    damaged = dataclasses.replace(graph.kept, startup=())
    graph.file.write_text(to_text(damaged).replace('"package"', '"parcel"', 1))
    assert stdlib_graph(python, reporter=SilentReporter()).kept == graph.kept
    assert from_text(StdlibFile, graph.file.read_bytes()) == from_text(StdlibFile, whole)
