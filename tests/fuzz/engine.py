"""Runs a parser on many inputs in worker processes, so that crashes and hangs in C are seen; adds up figures."""

from __future__ import annotations

import io
import math
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

from castiron_common.cache import cache_base
from tests.fuzz.parsers import find
from tests.fuzz.worker import seconds_allowed

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT = Path(__file__).resolve().parents[2]
_START = 120.0
"""Seconds for a worker to start; it may compile something."""
_EXAMPLES = 1
"""Inputs saved of one defect."""


@dataclass
class Figures:
    """What a run showed."""

    parser: str
    tried: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    """By what came of them."""
    refused: Counter[str] = field(default_factory=Counter)
    """By class and reason."""
    defects: Counter[str] = field(default_factory=Counter)
    inputs: dict[str, list[int]] = field(default_factory=dict)
    """Defect -> numbers of inputs that show it."""
    slowest: tuple[float, int] = (0.0, -1)
    """Seconds, and the number of the input."""
    peak: int = 0
    """KiB of resident memory of the largest worker."""

    def add(self, index: int, seconds: float, kind: str, text: str) -> None:
        self.tried += 1
        self.slowest = max(self.slowest, (seconds, index))
        if kind == "ok":
            self.accepted[text] += 1
        elif kind == "refused":
            self.refused[text] += 1
        else:
            self.defects[text] += 1
            self.inputs.setdefault(text, []).append(index)

    def lines(self, *, reasons: bool = False) -> list[str]:
        classes: Counter[str] = Counter()
        for text, count in self.refused.items():
            classes[text.partition(":")[0]] += count
        came = f"{self.accepted.total():,} accepted, {classes.total():,} refused"
        out = [f"{self.parser}: {self.tried:,} inputs, {came}"]
        out += [f"  {name}: {count:,}" for name, count in (self.accepted + classes).most_common()]
        out.append(f"  {len(self.refused)} different reasons of refusal")
        if reasons:
            out += [f"    {count:8,} {text}" for text, count in self.refused.most_common()]
        out.append(f"  slowest: {self.slowest[0]:.2f} s (input {self.slowest[1]}); peak: {self.peak / 1024:.0f} MiB")
        out.append(f"  defects: {sum(self.defects.values())} of {len(self.defects)} kinds")
        for text, count in self.defects.most_common():
            out.append(f"  {count:6} {text} (input {self.inputs[text][0]})")
        return out


def make(parser: str, seed: str, index: int) -> bytes:
    """Return one input of a run again."""
    os.environ.setdefault("FUZZ_CACHE", str(cache_base()))
    with TemporaryDirectory(prefix="castiron-fuzz-") as folder, redirect_stdout(io.StringIO()):
        made = find(parser)(Path(folder))
        try:
            made.prepare()
            return made.make(Random(f"{seed}/{index}"))
        finally:
            made.stop()


def fuzz(parser: str, *, runs: int, seed: str, jobs: int, seconds: float = math.inf) -> Figures:
    """Run ``runs`` inputs, or as many as there is time for, shared among ``jobs`` workers."""
    figures = Figures(parser)
    until = time.monotonic() + seconds
    lock = threading.Lock()
    # A worker that is killed, or interrupted in its last step, does not remove what it has made.
    with TemporaryDirectory(prefix="castiron-fuzz-") as folder, ThreadPoolExecutor(jobs) as pool:
        environ = {**os.environ, "TMPDIR": folder}
        shares = [
            pool.submit(_share, parser, seed, number, jobs, runs, until, figures, lock, environ)
            for number in range(jobs)
        ]
        for share in shares:
            share.result()
    return figures


def _share(
    parser: str,
    seed: str,
    first: int,
    step: int,
    last: int,
    until: float,
    figures: Figures,
    lock: threading.Lock,
    environ: Mapping[str, str],
) -> None:
    """Run every ``step``th input in one worker after the other; each begins behind the input that ended the last."""
    while first < last and time.monotonic() < until:
        command = [sys.executable, "-m", "tests.fuzz.worker", parser, seed, str(first), str(step), str(last)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=_ROOT, env=environ)
        assert process.stdout is not None
        assert process.stderr is not None
        lines: queue.Queue[bytes] = queue.Queue()
        errors: list[bytes] = []
        readers = [
            threading.Thread(target=_read, args=(process.stdout, lines)),
            threading.Thread(target=_collect, args=(process.stderr, errors)),
        ]
        for reader in readers:
            reader.start()
        ready, hung, late = False, False, False
        while True:
            try:
                line = lines.get(timeout=2 * seconds_allowed(find(parser)) if ready else _START)
            except queue.Empty:
                hung = True
                process.kill()
                break
            if not line:
                break
            ready = True
            number, seconds, kind, text = line.decode().rstrip("\n").split("\t", 3)
            with lock:
                if kind == "peak":
                    figures.peak = max(figures.peak, int(text))
                elif kind != "ready":
                    figures.add(int(number), float(seconds), kind, text)
                    first = int(number) + step
            if late := time.monotonic() > until:
                with lock:
                    figures.peak = max(figures.peak, _peak(process.pid))
                process.send_signal(signal.SIGINT)  # it removes its folder
                break
        status = process.wait()
        for reader in readers:
            reader.join()
        if late:
            return
        if first >= last:
            if status != 0:
                raise RuntimeError(f"the worker failed at its end:\n{errors[0].decode(errors='replace')}")
            return
        said = errors[0].decode(errors="replace").strip().splitlines()
        if not ready:
            raise RuntimeError("the fuzzer itself failed:\n" + "\n".join(said[-20:]))
        with lock:
            text = "hang in C code" if hung else f"the process ended with status {status}: {said[-1] if said else ''}"
            figures.add(first, seconds_allowed(find(parser)) if hung else 0.0, "defect", text)
        first += step


def _peak(process: int) -> int:
    """Return the largest resident memory of a process in KiB; 0 if it has ended."""
    status = Path(f"/proc/{process}/status")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text() if status.exists() else "")
    return int(found[1]) if found else 0


def _collect(pipe: IO[bytes], errors: list[bytes]) -> None:
    errors.append(pipe.read())


def _read(pipe: IO[bytes], lines: queue.Queue[bytes]) -> None:
    for line in pipe:
        lines.put(line)
    lines.put(b"")


def save(figures: Figures, folder: Path, seed: str) -> list[Path]:
    """Write some inputs of every defect; return the files."""
    written = []
    suffix = find(figures.parser).suffix
    for indices in figures.inputs.values():
        for index in indices[:_EXAMPLES]:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{figures.parser}-{seed}-{index}{suffix}"
            path.write_bytes(make(figures.parser, seed, index))
            written.append(path)
    return written
