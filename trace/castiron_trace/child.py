"""Runs the analyser in the target interpreter, and exchanges the values of `castiron_trace.protocol` with it."""

from __future__ import annotations

import importlib.util
import subprocess
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self, TypeVar

from castiron_common.cache import cache_root, folder_entry
from castiron_common.errors import RuntimePackError
from castiron_common.files import sha256_bytes
from castiron_common.working import child_environment, temporary_folder
from castiron_trace.analyser_key import analyser_key
from castiron_trace.protocol import StdlibAnswer, TraceAnswer
from castiron_trace.wire import from_text, to_text

if TYPE_CHECKING:
    from types import TracebackType

    from castiron_trace.model import TargetPython
    from castiron_trace.protocol import StdlibRequest, TraceRequest


_Answer = TypeVar("_Answer", StdlibAnswer, TraceAnswer)


def ask(python: TargetPython, request: StdlibRequest | TraceRequest, answer: type[_Answer]) -> _Answer:
    """Send one request to an analyser of its own; as `Analyser.ask`."""
    with Analyser() as analyser:
        return analyser.ask(python, request, answer)


class Analyser:
    """``castiron_trace.analyser`` in the target interpreter: started once, it answers all requests.

    The interpreter has our package and modulegraph2 on its path, no ``site`` and none of the caller's ``PYTHON*``.
    Hash randomisation is off, so that equal inputs are walked in the same order.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._process is not None:
            self._process.kill()  # Nobody waits for an answer that nobody reads.
        self.end()
        self._stack.close()

    def end(self) -> None:
        """Say that there are no more requests: the end of its input ends it, while this process goes on."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError):  # It has ended by itself, which `ask` told.
                self._process.stdin.close()

    def ask(self, python: TargetPython, request: StdlibRequest | TraceRequest, answer: type[_Answer]) -> _Answer:
        """Send one request and return its answer, which is of the class ``answer``; ``python`` is always the same."""
        process = self._process or self.start(python)
        assert process.stdin is not None
        assert process.stdout is not None
        text = to_text(request).encode()
        try:
            process.stdin.write(b"%s %d\n" % (type(request).__name__.encode(), len(text)) + text)
            process.stdin.flush()
            length = process.stdout.readline()
        except BrokenPipeError:
            length = b""
        if not length:
            process.wait()
            assert self._said is not None
            self._said.seek(0)
            raise RuntimeError(f"the analysis failed:\n{self._said.read().decode(errors='replace')}")
        return from_text(answer, process.stdout.read(int(length)))

    def start(self, python: TargetPython) -> subprocess.Popen[bytes]:
        """Start it, so that it is ready when the first request comes."""
        command = [
            str(python.interpreter),
            "-S",
            "-P",
            "-X",
            f"pycache_prefix={_bytecode(python)}",
            str(Path(__file__).parent / "analyser"),
            *_search_path(),
        ]
        environment = _environment() | {"PYTHONDONTWRITEBYTECODE": "1"}
        # A file, as nobody reads a pipe while the answer is waited for.
        self._said = self._stack.enter_context(tempfile.TemporaryFile(dir=temporary_folder()))  # noqa: SIM115
        try:
            # In a group of its own: Ctrl-C is for the program that is watched, and for us.
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env=environment,
                process_group=0,
            )
        except OSError as error:
            raise _cannot_be_run(python, error) from error
        self._process = self._stack.enter_context(process)
        return self._process


def _environment() -> dict[str, str]:
    environment = {key: value for key, value in child_environment().items() if not key.startswith("PYTHON")}
    return environment | {"PYTHONHASHSEED": "0"}


def _cannot_be_run(python: TargetPython, error: OSError) -> RuntimePackError:
    return RuntimePackError(
        f"The target interpreter {python.interpreter} cannot be run: {error.strerror or error}.",
        hint="Build the runtime pack again with `castiron runtime build`.",
    )


def _bytecode(python: TargetPython) -> Path:
    """Return the folder with the analyser's own bytecode: an entry of the cache, as Python checks no bytecode."""
    search = _search_path()
    identity = (python.id, str(python.interpreter), analyser_key(), *search)
    entry = cache_root() / "analyser" / sha256_bytes("\n".join(identity).encode())

    def build(making: Path) -> None:
        command = [str(python.interpreter), "-S", "-P", "-X", f"pycache_prefix={making}", "-c", _IMPORT_ALL, *search]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
        except OSError as error:
            raise _cannot_be_run(python, error) from error
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
    """Return the folders that hold our packages, modulegraph2 and what it imports."""
    folders = [str(Path(__file__).parent.parent)]
    for name in ("castiron_common", "modulegraph2", "objectgraph", "typing_extensions"):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise RuntimeError(f"{name} is not installed beside castiron")
        file = Path(spec.origin)
        folder = str(file.parent.parent if file.name == "__init__.py" else file.parent)
        if folder not in folders:
            folders.append(folder)
    return folders
