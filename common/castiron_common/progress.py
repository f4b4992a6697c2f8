"""Progress of long steps, as a protocol the core calls and two implementations: silent, and rich on stderr."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator


class Task(Protocol):
    """One long piece of work that is under way."""

    def step(self, text: str) -> None:
        """Say what is being done now."""


class Reporter(Protocol):
    """Receives progress; every long function takes one."""

    def task(self, name: str, *, estimate: float | None = None) -> AbstractContextManager[Task]:
        """Begin ``name``, which takes about ``estimate`` seconds; the work lasts as long as the context."""


class _SilentTask:
    def step(self, text: str) -> None:
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


class _LiveTask:
    def __init__(self, progress: Progress, row: int) -> None:
        self._progress = progress
        self._row = self._row_id = row  # type: ignore[assignment]

    def step(self, text: str) -> None:
        self._progress.update(self._row, step=text)  # type: ignore[arg-type]


class RichReporter:
    """A live table on a terminal; plain lines (start, steps, end with seconds) elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def task(self, name: str, *, estimate: float | None = None) -> Iterator[Task]:
        """Show the work with its current step and the elapsed time."""
        about = f"about {estimate:.0f} s" if estimate else ""
        started = time.monotonic()
        if self._console.is_terminal:
            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}"),
                TextColumn("[dim]{task.fields[step]}"),
                TimeElapsedColumn(),
                TextColumn("[dim]{task.fields[about]}"),
            )
            with Progress(*columns, console=self._console, transient=True) as progress:
                yield _LiveTask(progress, progress.add_task(name, total=None, step="", about=about))
        else:
            self._console.print(f"{name} ... {about}".rstrip(), markup=False)
            yield _LineTask(self._console, name)
            self._console.print(f"{name}: done in {time.monotonic() - started:.1f} s", markup=False)
