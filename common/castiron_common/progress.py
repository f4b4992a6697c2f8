"""Progress of long steps, as a protocol the core calls and two implementations: silent, and rich on stderr."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from castiron_common.lines import Lines
    from castiron_common.live_progress import LiveTable


_LINE_EVERY = 15.0
"""Seconds between two lines about one step, where lines stay: in a file, in a log of CI."""


class Task(Protocol):
    """One long piece of work that is under way."""

    def step(self, text: str) -> None:
        """Say what is being done now."""

    def pulse(self, text: str) -> None:
        """Say how the step goes on; called again and again, and shown as often as it does not disturb."""

    def note(self, text: str) -> None:
        """Say something that must stay on the screen: a warning."""


class Reporter(Protocol):
    """Receives progress; every long function takes one."""

    def task(self, name: str, *, estimate: float | None = None) -> AbstractContextManager[Task]:
        """Begin ``name``, which takes about ``estimate`` seconds; the work lasts as long as the context."""


class _SilentTask:
    def step(self, text: str) -> None:
        del text

    def pulse(self, text: str) -> None:
        del text

    def note(self, text: str) -> None:
        del text


class SilentReporter:
    """Says nothing: for tests and for callers who print their own."""

    @contextmanager
    def task(self, name: str, *, estimate: float | None = None) -> Iterator[Task]:
        """Do nothing around the work."""
        del name, estimate
        yield _SilentTask()


class _LineTask:
    def __init__(self, console: Lines, name: str) -> None:
        self._console = console
        self._name = name
        self._told = time.monotonic()

    def step(self, text: str) -> None:
        self._told = time.monotonic()
        self._console.print(f"{self._name}: {text}")

    def pulse(self, text: str) -> None:
        if time.monotonic() - self._told >= _LINE_EVERY:
            self.step(text)

    def note(self, text: str) -> None:
        self._console.print(f"{self._name}: {text}", style="yellow")


@contextmanager
def pulsing(task: Task, describe: Callable[[], str]) -> Iterator[None]:
    """Tell each second what ``describe`` returns, and the time since the beginning, as long as the context lasts."""
    started = time.monotonic()
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(1.0):
            task.pulse(f"{describe()} ({time.monotonic() - started:.0f} s)")

    thread = threading.Thread(target=tell, name="pulse", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class RichReporter:
    """One live table for all tasks under way on a terminal; plain lines (start, steps, end with seconds) elsewhere.

    Tasks may be nested and may run in several threads.
    """

    def __init__(self, console: Lines) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._table: LiveTable | None = None
        self._running = 0

    @contextmanager
    def task(self, name: str, *, estimate: float | None = None) -> Iterator[Task]:
        """Show the work with its current step, the elapsed time and the estimate."""
        started = time.monotonic()
        if self._console.is_terminal:
            table = self._enter()
            try:
                with table.row(name, estimate) as row:
                    yield row
            finally:
                self._leave()
        else:
            about = f" (about {estimate:.0f} s)" if estimate and estimate >= 1 else ""
            self._console.print(f"{name} ...{about}")
            yield _LineTask(self._console, name)
        seconds = time.monotonic() - started
        if seconds >= 1.0 or not self._console.is_terminal:
            self._console.print(f"{name}: done in {seconds:.1f} s", style="dim")

    def _enter(self) -> LiveTable:
        """Return the one live display; the first task starts it."""
        # Imported only now: what is in the cache is opened without any progress to show, and must be quick.
        from castiron_common.live_progress import LiveTable

        with self._lock:
            if self._table is None:
                self._table = LiveTable(cast("Console", self._console))  # no other is a terminal
            self._running += 1
            return self._table

    def _leave(self) -> None:
        """End the live display with the last task."""
        with self._lock:
            self._running -= 1
            if self._running == 0 and self._table is not None:
                self._table.stop()
                self._table = None
