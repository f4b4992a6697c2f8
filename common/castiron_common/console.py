"""The edge between the commands and the person: progress and errors go to stderr, data to stdout."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from rich.console import Console

from castiron_common.errors import EXIT_INTERRUPTED, CastironError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import typer


_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def printable(text: str) -> str:
    """Return a foreign text whose control characters, which would command the terminal, are shown as escapes."""
    return _CONTROLS.sub(lambda match: repr(match[0])[1:-1], text)


def stderr_console() -> Console:
    """Return the console for everything that is not data."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_error(error: CastironError) -> None:
    """Print an expected failure: what happened, then what to do."""
    console = stderr_console()
    console.print("[bold red]error:[/bold red]", end=" ")
    console.print(printable(error.what), markup=False)
    if error.hint:
        console.print(printable(error.hint), markup=False)


def run_command(app: typer.Typer, *, prog: str, args: Sequence[str] | None = None) -> None:
    """Run a typer application; turn expected failures into one message and their exit code.

    An unexpected exception keeps its traceback: it is a bug of ours, and the report needs it.
    """
    try:
        app(args=args, prog_name=prog)
    except CastironError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _say_interrupted()
        sys.exit(EXIT_INTERRUPTED)
    except SystemExit as stop:
        # Typer has turned Ctrl-C into this silent exit.
        if stop.code == EXIT_INTERRUPTED:
            _say_interrupted()
        raise


def _say_interrupted() -> None:
    stderr_console().print("interrupted: nothing was left half-written")
