"""The edge between the commands and the person: progress and errors go to stderr, data to stdout."""

from __future__ import annotations

import atexit
import errno
import gc
import os
import re
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from castiron_common.cache import cache_base, cache_root, made, unwritable
from castiron_common.disk import full_disk, is_full
from castiron_common.errors import EXIT_INTERRUPTED, CastironError, InputError
from castiron_common.lines import stderr_lines
from castiron_common.streams import EXIT_UNREAD, discard_output, prepare_streams, unwritten
from castiron_common.supervision import Stopped, stopped, supervise

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import typer


_NEW_OBJECTS = 100_000
"""How many are made until the collector looks at them; Python's default is 700."""
_ENVIRONMENTS_FAULTS = frozenset(
    {
        errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP,
        errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE,
    }
)  # fmt: skip
"""Errors of the operating system that no code of ours causes: they are of the machine, or of what the user names."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def printable(text: str) -> str:
    """Return a foreign text whose control characters, which would command the terminal, are shown as escapes."""
    return _CONTROLS.sub(lambda match: repr(match[0])[1:-1], text)


def relative(text: str) -> str:
    """Return a message in which the paths below the current folder are relative to it, as a person types them."""
    try:
        folder = str(Path.cwd())
    except FileNotFoundError:  # it was removed
        return text
    return text if folder == "/" else re.sub(rf"(?<![\w./-]){re.escape(folder)}/(?=[^\s/])", "", text)


def print_error(error: CastironError) -> None:
    """Print an expected failure: what happened, then what to do."""
    console = stderr_lines()
    console.print("error:", style="bold red", end="")
    console.print(f" {relative(printable(error.what))}")
    if error.hint:
        console.print(relative(printable(error.hint)))


def print_and_end(text: str) -> NoReturn:
    """Print a text on standard output, and end this process."""
    prepare_streams()
    with suppress(OSError):  # It stays in the buffer, and fails again at the end.
        print(text)
    _end(SystemExit(0))
    sys.exit(0)


def run_command(app: typer.Typer, *, prog: str, args: Sequence[str] | None = None) -> None:
    """Run a typer application in a supervised process; turn expected failures into one message and their exit code.

    A signal that asks us to end gives one line and 128 + its number.  An unexpected exception keeps its traceback: it
    is a bug of ours, and the report needs it.
    """
    prepare_streams()
    supervise()
    # A command makes many objects that live until its end: looking for cycles among them takes it a tenth of its time.
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
    try:
        _run(app, prog, args)
    except BaseException as error:
        if type(error) is SystemExit and stopped() is None and not _is_typers_interrupt(error):
            _end(error)
        # What fails after a signal fails because of it: programs were ended under the hands of those who waited.
        stop = error if isinstance(error, Stopped) else stopped()
        if stop is None and (isinstance(error, KeyboardInterrupt) or _is_typers_interrupt(error)):
            stop = Stopped(signal.SIGINT)
        if stop is None:
            raise
        _say_stopped(stop)
        # Not the failure that this one follows from: nobody wants to see that.
        raise SystemExit(stop.exit_code) from None


def _run(app: typer.Typer, prog: str, args: Sequence[str] | None) -> None:
    try:
        _check_current_folder()
        app(args=args, prog_name=prog)
    except (CastironError, OSError) as error:
        known = _environments_fault(error) if isinstance(error, OSError) else error
        if known is None or stopped() is not None:
            raise
        print_error(known)
        sys.exit(known.exit_code)
    except SystemExit as end:
        # click has seen that nobody reads any more, and ends with 1.
        if isinstance(end.__context__, BrokenPipeError):
            discard_output()
            sys.exit(EXIT_UNREAD)
        if not end.code and (entries := made()):
            _keep_cache_small(entries)
        raise


def _check_current_folder() -> None:
    try:
        Path.cwd()
    except FileNotFoundError:
        raise InputError(
            "The current folder does not exist any more.", hint="Change to a folder that does: cd ~"
        ) from None


def _environments_fault(error: OSError) -> CastironError | None:
    """Return what to say of an error of the operating system that nobody expected, if it cannot be a bug of ours."""
    if (output := unwritten(error)) is not None:
        discard_output()
        return output
    if is_full(error):
        return full_disk(Path(str(error.filename or cache_root())), error)
    if error.errno in _ENVIRONMENTS_FAULTS and error.filename is not None:
        place = Path(os.fsdecode(error.filename))
        if place.is_relative_to(cache_base()):
            return unwritable(place.parent, error)
        return InputError(
            f"{place} cannot be used: {error.strerror}.",
            hint="Check its name, and who may use it.",
        )
    return None


def _end(end: SystemExit) -> None:
    """End this process as Python does, but without taking all modules and objects apart, which takes long.

    Returns where Python does more than call what asked for it and flush: it waits for threads, and prints the message
    of an exit.
    """
    if not isinstance(end.code, int | None) or threading.active_count() > 1:
        return
    atexit._run_exitfuncs()  # noqa: SLF001  # what Python itself calls first; it has no other name
    code = end.code or 0
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = EXIT_UNREAD
    except OSError as error:
        if (output := unwritten(error)) is not None:
            print_error(output)
            code = output.exit_code
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def _is_typers_interrupt(error: BaseException) -> bool:
    """Say whether typer has turned Ctrl-C into its silent exit."""
    return isinstance(error, SystemExit) and error.code == EXIT_INTERRUPTED


_WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}


def _say_stopped(stop: Stopped) -> None:
    # After a hang-up there may be no terminal to say it on.
    with suppress(OSError):
        stderr_lines().print(f"{_WORDS[signal.Signals(stop.number)]}: nothing was left half-written")


def _keep_cache_small(entries: Collection[Path]) -> None:
    """After a command that added to the cache: remove what was not used for longest if there is too much of it."""
    from castiron_common.cache_content import bound, keep_below_bound

    try:
        pruned = keep_below_bound(entries)
    except (CastironError, OSError) as error:
        stderr_lines().print(f"warning: the cache was not pruned: {error}")
        return
    if pruned is not None:
        text = f"{pruned.freed / 1e9:.1f} GB that were not used for longest"
        stderr_lines().print(
            f"cache: {text} are removed, {pruned.kept / 1e9:.1f} GB are left (CASTIRON_CACHE_SIZE: "
            f"{bound() / 1e9:.1f} GB)",
        )
