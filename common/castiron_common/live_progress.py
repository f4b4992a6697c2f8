"""The live table of tasks on a terminal."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.progress import Task as RichTask
    from rich.progress import TaskID


class LiveTable:
    """Rows of tasks under way: name, step, time against estimate."""

    def __init__(self, console: Console) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TextColumn("{task.fields[step]}", style="dim", markup=False),
            _TimeBarColumn(bar_width=20),
            TimeElapsedColumn(),
            _EstimateColumn(),
        )
        self._progress = Progress(*columns, console=console, transient=True)
        self._progress.start()

    def stop(self) -> None:
        """Take the table off the screen."""
        self._progress.stop()

    @contextmanager
    def row(self, name: str, estimate: float | None) -> Iterator[LiveTask]:
        """Show one task as long as the context lasts."""
        row = self._progress.add_task(name, total=None, step="", estimate=estimate)
        try:
            yield LiveTask(self._progress, row, name)
        finally:
            self._progress.remove_task(row)


class LiveTask:
    """One row."""

    def __init__(self, progress: Progress, row: TaskID, name: str) -> None:
        self._progress = progress
        self._row = row
        self._name = name

    def step(self, text: str) -> None:
        """Show what is being done now."""
        self._progress.update(self._row, step=text)

    def pulse(self, text: str) -> None:
        """Show how the step goes on."""
        self._progress.update(self._row, step=text)

    def note(self, text: str) -> None:
        """Print a line above the table, which stays."""
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
