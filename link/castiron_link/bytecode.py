"""Bytecode for the target, made by the pack's own Python: its magic number, its compiler, its marshal.

Few long-lived workers compile many files; what was compiled once is kept by (source hash, tree path, Python version,
optimisation), so that a second link compiles nothing.  The code's ``co_filename`` is the path in the tree of the
binary, never one of the host.
"""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.errors import RuntimePackError
from castiron_common.files import sha256_bytes
from castiron_common.row_cache import RowCache
from castiron_link.model import Compiled, PlacedModule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import IO

WORKER = Path(__file__).with_name("bytecode_worker.py")

_BROKEN = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """How to compile for one pack and one optimisation level."""

    interpreter: Callable[[], Path]
    """Returns the pack's runnable Python; only called if something must be compiled."""
    python_version: str
    optimize: int
    cache: Path
    """The file of the bytecode cache."""
    workers: int = 0
    """Processes; 0 means one for each CPU that we may use."""


def compile_modules(modules: Sequence[PlacedModule], compiler: Compiler) -> tuple[Compiled, ...]:
    """Return the bytecode of each module, in the order of ``modules``.

    A source that does not compile becomes code that raises its SyntaxError, as importing it does under ``python``.
    What is bytecode already stays as it is.
    """
    made = iter(_compile_sources([module for module in modules if not module.module.compiled], compiler))
    return tuple(
        Compiled(tree_path=module.tree_path, code=module.source) if module.module.compiled else next(made)
        for module in modules
    )


def _compile_sources(modules: Sequence[PlacedModule], compiler: Compiler) -> tuple[Compiled, ...]:
    worker = sha256_bytes(WORKER.read_bytes())[:16]
    keys = [_key(module, compiler, worker) for module in modules]
    with RowCache(compiler.cache) as cache:
        rows = cache.get(keys)
        missing = [(key, module) for key, module in zip(keys, modules, strict=True) if key not in rows]
        if missing:
            made = _compile(missing, compiler)
            cache.put(made)
            rows.update(made)
    return tuple(
        Compiled(tree_path=module.tree_path, code=rows[key][1], error=rows[key][0])
        for key, module in zip(keys, modules, strict=True)
    )


def _key(module: PlacedModule, compiler: Compiler, worker: str) -> str:
    """Return what the bytecode depends on: source, place, Python, level, and how our worker compiles."""
    source = sha256_bytes(module.source)
    return f"{source}:{compiler.python_version}:{worker}:{compiler.optimize}:{module.tree_path}"


def _compile(missing: Sequence[tuple[str, PlacedModule]], compiler: Compiler) -> dict[str, tuple[str | None, bytes]]:
    """Compile in worker processes.  Each takes the next module when it has done one."""
    waiting: queue.SimpleQueue[tuple[str, PlacedModule]] = queue.SimpleQueue()
    for item in missing:
        waiting.put(item)
    count = min(compiler.workers or len(os.sched_getaffinity(0)), (len(missing) + 15) // 16)
    results: dict[str, tuple[str | None, bytes]] = {}
    failures: list[BaseException] = []
    interpreter = compiler.interpreter()
    workers = [_start(interpreter, compiler.optimize) for _ in range(count)]

    def feed(worker: subprocess.Popen[bytes]) -> None:
        try:
            while not failures:
                key, module = waiting.get_nowait()
                results[key] = _request(worker, module)
        except queue.Empty:
            return
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=feed, args=(worker,), daemon=True) for worker in workers]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    if failures:
        raise failures[0]
    return results


def _start(interpreter: Path, optimize: int) -> subprocess.Popen[bytes]:
    # A fixed hash seed: the order of sets must not depend on the run.
    return subprocess.Popen(
        [interpreter, "-S", "-s", "-P", "-W", "ignore", WORKER, str(optimize)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    )


def _request(worker: subprocess.Popen[bytes], module: PlacedModule) -> tuple[str | None, bytes]:
    path = module.tree_path.encode()
    requests, answers = worker.stdin, worker.stdout
    if requests is None or answers is None:
        raise ValueError("the worker has no pipes")
    try:
        requests.write(len(path).to_bytes(4, "little") + len(module.source).to_bytes(4, "little"))
        requests.write(path)
        requests.write(module.source)
        requests.flush()
        header = _exactly(answers, 9)
        message = _exactly(answers, int.from_bytes(header[1:5], "little"))
        code = _exactly(answers, int.from_bytes(header[5:], "little"))
    except (OSError, EOFError) as error:
        worker.kill()
        said = worker.stderr.read().decode(errors="replace").strip() if worker.stderr else ""
        raise RuntimePackError(
            f"The target's Python ended while it compiled {module.tree_path}: {said or 'it printed nothing'}.",
            hint="The runtime pack may be damaged: `castiron cache verify --repair` removes what is; then run link "
            "again.",
        ) from error
    return (message.decode() if header[0] == _BROKEN else None), code


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError(f"wanted {size} bytes, got {len(data)}")
    return data
