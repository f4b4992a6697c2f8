"""Fixtures: the host's own interpreter stands for the target's, so that no runtime pack is needed."""

from __future__ import annotations

import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castiron_common.progress import SilentReporter
from castiron_trace.model import Options, TargetPython
from castiron_trace.stdlib_graph import stdlib_graph
from tests.support.shared import run_folder
from tests.support.targets import target_for

if TYPE_CHECKING:
    from castiron_trace.stdlib_graph import StdlibGraph
    from tests.unit.trace.tracing import Tracer

TARGET = target_for()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for all tests of a run: one of its workers makes the standard library's graph, seven seconds long."""
    return run_folder(tmp_path_factory) / "trace-cache"


@pytest.fixture(autouse=True)
def _own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTIRON_CACHE", str(cache))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


@pytest.fixture(scope="session")
def python() -> TargetPython:
    stdlib = Path(os.__file__).parent
    dynload = {file.name.partition(".")[0] for file in (stdlib / "lib-dynload").glob("*.so")}
    return TargetPython(
        id="host",
        version=sys.version.partition(" ")[0],
        interpreter=Path(sys.executable),
        stdlib=stdlib,
        builtins=frozenset({*sys.builtin_module_names, *dynload} - {"_gdbm", "_tkinter"}),
        suffixes=tuple(EXTENSION_SUFFIXES),
    )


@pytest.fixture
def stdlib(python: TargetPython) -> StdlibGraph:
    return stdlib_graph(python, reporter=SilentReporter())


@pytest.fixture
def tracer(tmp_path: Path, python: TargetPython, stdlib: StdlibGraph) -> Tracer:
    from tests.unit.trace.tracing import Tracer

    return Tracer(tmp_path, python, stdlib)


def options(folder: Path, application: str, **more: object) -> Options:
    return Options(application=application, folder=folder, target=TARGET, **more)  # type: ignore[arg-type]
