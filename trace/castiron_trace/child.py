"""Runs the analyser in the target interpreter, and exchanges the values of `castiron_trace.protocol` with it."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from castiron_common.cache import cache_root, folder_entry
from castiron_common.errors import RuntimePackError
from castiron_common.files import sha256_bytes
from castiron_common.working import child_environment
from castiron_trace.analyser_key import analyser_key
from castiron_trace.protocol import StdlibAnswer, TraceAnswer
from castiron_trace.wire import from_text, to_text

if TYPE_CHECKING:
    from castiron_trace.model import TargetPython
    from castiron_trace.protocol import StdlibRequest, TraceRequest


_Answer = TypeVar("_Answer", StdlibAnswer, TraceAnswer)


def ask(python: TargetPython, request: StdlibRequest | TraceRequest, answer: type[_Answer]) -> _Answer:
    """Send one request to ``castiron_trace.analyser`` and return its answer, which is of the class ``answer``.

    The interpreter has our package and modulegraph2 on its path, no ``site`` and none of the caller's ``PYTHON*``.
    Hash randomisation is off, so that equal inputs are walked in the same order.
    """
    command = [
        str(python.interpreter),
        "-S",
        "-P",
        "-X",
        f"pycache_prefix={_bytecode(python)}",
        str(Path(__file__).parent / "analyser"),
        type(request).__name__,
        *_search_path(),
    ]
    environment = _environment() | {"PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, input=to_text(request).encode(), capture_output=True, check=False, env=environment
        )
    except OSError as error:
        raise RuntimePackError(
            f"The target interpreter {python.interpreter} cannot be run: {error.strerror or error}.",
            hint="Build the runtime pack again with `castiron runtime build`.",
        ) from error
    if done.returncode != 0:
        raise RuntimeError(f"the analysis failed:\n{done.stderr.decode(errors='replace')}")
    return from_text(answer, done.stdout)


def _environment() -> dict[str, str]:
    environment = {key: value for key, value in child_environment().items() if not key.startswith("PYTHON")}
    return environment | {"PYTHONHASHSEED": "0"}


def _bytecode(python: TargetPython) -> Path:
    """Return the folder with the analyser's own bytecode: an entry of the cache, as Python checks no bytecode."""
    search = _search_path()
    identity = (python.id, str(python.interpreter), analyser_key(), *search)
    entry = cache_root() / "analyser" / sha256_bytes("\n".join(identity).encode())

    def build(making: Path) -> None:
        command = [str(python.interpreter), "-S", "-P", "-X", f"pycache_prefix={making}", "-c", _IMPORT_ALL, *search]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
        if done.returncode != 0:
            raise RuntimePackError(
                f"The target interpreter {python.interpreter} cannot import the analyser: {done.stderr[-500:].strip()}",
                hint="Build the runtime pack again with `castiron runtime build`.",
            )

    return folder_entry(entry, build)


_IMPORT_ALL = """
import sys
sys.path[:0] = sys.argv[1:]
import castiron_trace.analyser.application, castiron_trace.analyser.stdlib, castiron_trace.wire
"""


def _search_path() -> list[str]:
    """Return the folders that hold our package, modulegraph2 and what it imports."""
    folders = [str(Path(__file__).parent.parent)]
    for name in ("modulegraph2", "objectgraph", "typing_extensions"):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise RuntimeError(f"{name} is not installed beside castiron")
        file = Path(spec.origin)
        folder = str(file.parent.parent if file.name == "__init__.py" else file.parent)
        if folder not in folders:
            folders.append(folder)
    return folders
