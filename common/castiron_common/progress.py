"""Progress of long steps, as a protocol the core calls and two implementations: silent, and rich on stderr."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.progress import Task as RichTask
    from rich.progress import TaskID


class Task(Protocol):
    """One long piece of work that is under way."""

    def step(self, text: str) -> None:
        """Say what is being done now."""

    def note(self, text: str) -> None:
        """Say something that must stay on the screen: a warning."""


class Reporter(Protocol):
    """Receives progress; every long function takes one."""

    def task(self, name: str, *, estimate: float | None = None) -> AbstractContextManager[Task]:
        """Begin ``name``, which takes about ``estimate`` seconds; the work lasts as long as the context."""


class _SilentTask:
    def step(self, text: str) -> None:
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
    def __init__(self, console: Console, name: str) -> None:
        self._console = console
        self._name = name

    def step(self, text: str) -> None:
        self._console.print(f"{self._name}: {text}", markup=False)

    def note(self, text: str) -> None:
        self._console.print(f"{self._name}: {text}", markup=False, style="yellow")


class _LiveTask:
    def __init__(self, progress: Progress, row: TaskID, name: str) -> None:
        self._progress = progress
        self._row = row
        self._name = name

    def step(self, text: str) -> None:
        self._progress.update(self._row, step=text)

    def note(self, text: str) -> None:
        self._progress.console.print(f"{self._name}: {text}", markup=False, style="yellow")


class _EstimateColumn(ProgressColumn):
    """How long the whole is expected to take; nothing for work without an estimate."""

    def render(self, task: RichTask) -> Text:
        estimate = task.fields["estimate"]
        if not estimate:
            return Text("")
        minutes, seconds = divmod(round(estimate), 60)
        return Text(f"of about {minutes}:{seconds:02d}", style="dim")


class _TimeBarColumn(BarColumn):
    """A bar of elapsed time against the estimate; it waits just before its end when the work takes longer."""

    def render(self, task: RichTask) -> object:  # type: ignore[override]
        estimate = task.fields["estimate"]
        if not estimate:
            return Text("")
        task.total = 1.0
        task.completed = min((task.elapsed or 0.0) / estimate, 0.99)
        return super().render(task)


class RichReporter:
    """One live table for all tasks under way on a terminal; plain lines (start, steps, end with seconds) elsewhere.

    Tasks may be nested and may run in several threads.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._progress: Progress | None = None
        self._running = 0

    @contextmanager
    def task(self, name: str, *, estimate: float | None = None) -> Iterator[Task]:
        """Show the work with its current step, the elapsed time and the estimate."""
        started = time.monotonic()
        if self._console.is_terminal:
            progress = self._enter()
            row = progress.add_task(name, total=None, step="", estimate=estimate)
            try:
                yield _LiveTask(progress, row, name)
            finally:
                progress.remove_task(row)
                self._leave()
        else:
            about = f" (about {estimate:.0f} s)" if estimate and estimate >= 1 else ""
            self._console.print(f"{name} ...{about}", markup=False)
            yield _LineTask(self._console, name)
        seconds = time.monotonic() - started
        if seconds >= 1.0 or not self._console.is_terminal:
            self._console.print(f"{name}: done in {seconds:.1f} s", markup=False, style="dim")

    def _enter(self) -> Progress:
        """Return the one live display; the first task starts it."""
        with self._lock:
            if self._progress is None:
                columns = (
                    SpinnerColumn(),
                    TextColumn("{task.description}", markup=False),
                    TextColumn("{task.fields[step]}", style="dim", markup=False),
                    _TimeBarColumn(bar_width=20),
                    TimeElapsedColumn(),
                    _EstimateColumn(),
                )
                self._progress = Progress(*columns, console=self._console, transient=True)
                self._progress.start()
            self._running += 1
            return self._progress

    def _leave(self) -> None:
        """End the live display with the last task."""
        with self._lock:
            self._running -= 1
            if self._running == 0 and self._progress is not None:
                self._progress.stop()
                self._progress = None
