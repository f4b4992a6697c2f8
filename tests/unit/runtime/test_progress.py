from __future__ import annotations

import io
import threading

from rich.console import Console

from castiron_common.progress import RichReporter, SilentReporter


def console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, force_terminal=terminal, width=120, soft_wrap=True, markup=False), out


def test_plain_lines_where_there_is_no_terminal() -> None:
    target, out = console(terminal=False)
    with RichReporter(target).task("zlib 1.3", estimate=3) as task:
        task.step("configure [x]")
        task.note("warning: old")
    lines = out.getvalue().splitlines()
    assert lines[:3] == ["zlib 1.3 ... (about 3 s)", "zlib 1.3: configure [x]", "zlib 1.3: warning: old"]
    assert lines[3].startswith("zlib 1.3: done in ")


def test_one_live_table_for_nested_and_parallel_tasks() -> None:
    target, out = console(terminal=True)
    reporter = RichReporter(target)

    def other() -> None:
        with reporter.task("second") as task:
            task.step("there")

    with reporter.task("first", estimate=65) as task:
        task.step("here [not markup]")
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        with reporter.task("inner") as inner:
            inner.note("stays")
    text = out.getvalue()
    assert "here [not markup]" in text
    assert "of about 1:05" in text
    assert "stays" in text


def test_an_exception_ends_the_display() -> None:
    target, _ = console(terminal=True)
    reporter = RichReporter(target)
    try:
        with reporter.task("first"):
            raise KeyError
    except KeyError:
        pass
    with reporter.task("again"):
        pass


def test_silence() -> None:
    with SilentReporter().task("x", estimate=1) as task:
        task.step("y")
        task.note("z")
