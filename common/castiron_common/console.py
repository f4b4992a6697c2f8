"""The edge between the commands and the person: progress and errors go to stderr, data to stdout."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from castiron_common.errors import EXIT_INTERRUPTED, CastironError

if TYPE_CHECKING:
    from collections.abc import Callable


def stderr_console() -> Console:
    """Return the console for everything that is not data."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def run_command(command: Callable[[], object]) -> None:
    """Run a typer application; turn expected failures into one message and their exit code.

    An unexpected exception keeps its traceback: it is a bug of ours, and the report needs it.
    """
    try:
        command()
    except CastironError as error:
        console = stderr_console()
        console.print("[bold red]error:[/bold red]", end=" ")
        console.print(error.what, markup=False)
        if error.hint:
            console.print(error.hint, markup=False)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        stderr_console().print("interrupted; nothing was left half-written")
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of our stdout has gone; as for any filter that is no error to talk about.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
