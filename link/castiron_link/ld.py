"""Calls the static linker, and turns what it says into errors that name the symbol and who needs it."""

from __future__ import annotations

import re
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_common.disk import full_disk, says_full
from castiron_common.errors import CastironError, HostToolError, LinkError
from castiron_common.words import counted
from castiron_common.working import child_environment
from castiron_runtime.compiler import STACK_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FLAGS = (
    "-static", "--eh-frame-hdr", "-O2", "--gc-sections", "--icf=safe",
    "-z", "now", "-z", "relro", "-z", "noexecstack", "-z", "separate-code", "-z", f"stack-size={STACK_SIZE}",
    "--error-limit=0", "--no-demangle",
)  # fmt: skip
"""For every link."""

ORDERED = ("--call-graph-profile-sort=none", "--no-warn-symbol-ordering")
"""For a given order of functions, most of which an executable does not have (`castiron_link.function_order`)."""

STRIPPED = ("--strip-all", "--build-id=sha1")
"""For the executable.  ``--strip-all`` keeps the section headers, which scanners of licenses read; the build id is a
hash of what the linker writes."""

FIXED_PLACE = ("-no-pie",)
POSITION_INDEPENDENT = ("-pie", "--no-dynamic-linker", "-z", "text", "--pack-dyn-relocs=relr")
"""The start file applies the relocations, which take a bit each; none are in read-only pages."""

_SHOWN = 10
"""Messages of one kind that an error shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkerCall:
    """One call of the linker.  Order of ``objects`` and ``archives`` is the order of the command line."""

    linker: tuple[str, ...]
    target: tuple[str, ...]
    """What tells it of the target: ``-m`` and the emulation's name, and more if the target has more."""
    objects: tuple[Path, ...]
    archives: tuple[Path, ...]
    """Searched as one group: the archives of CPython and of libc need each other."""
    output: Path
    map: Path
    wrap: tuple[str, ...] = ()
    """Symbols whose callers are led to ``__wrap_SYMBOL``."""
    wrap_if_used: tuple[str, ...] = ()
    """Likewise, but the wrapper is left out if there is no caller."""
    symbols_of: str | None = None
    """Build id of the executable whose symbols are wanted: the same executable, not stripped."""
    pie: bool = False
    """Make a position-independent executable."""
    image_base: int | None = None
    """Where the executable begins, if not where the linker puts it: at 0 if it is position-independent."""
    scripts: tuple[Path, ...] = ()
    """Linker scripts that add to the default layout (with INSERT)."""
    order: Path | None = None
    """File with functions, a line each, in the order that they get; None: the linker finds one by the profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndefinedSymbol:
    """A symbol that nobody defines, with the places that need it."""

    name: str
    users: tuple[str, ...]


def arguments(call: LinkerCall) -> list[str]:
    """Return the command line."""
    return [
        *call.linker,
        *call.target,
        *FLAGS,
        *(STRIPPED if call.symbols_of is None else (f"--build-id=0x{call.symbols_of}",)),
        *(POSITION_INDEPENDENT if call.pie else FIXED_PLACE),
        *(() if call.image_base is None else (f"--image-base={call.image_base:#x}",)),
        *(f"--wrap={symbol}" for symbol in (*call.wrap, *call.wrap_if_used)),
        # zig's libc defines some of them weakly; the linker gives the binding on to the wrapper's name, and for a weak
        # name no archive is searched: the call would go to address 0.
        *(f"--undefined=__wrap_{symbol}" for symbol in call.wrap),
        *(f"--script={script}" for script in call.scripts),
        *(() if call.order is None else (*ORDERED, f"--symbol-ordering-file={call.order}")),
        f"--Map={call.map}",
        "-o",
        str(call.output),
        *map(str, call.objects),
        "--start-group",
        *map(str, call.archives),
        "--end-group",
    ]


def run_linker(call: LinkerCall) -> tuple[str, ...]:
    """Link; return the linker's warnings.

    Raises `LinkError` if it refuses, `HostToolError` if it cannot be started, `OutputError` if the disk is full.
    """
    command = arguments(call)
    if sum(map(len, command)) > _RESPONSE_FILE_ABOVE:
        response = call.map.with_suffix(".args")
        response.write_text("\n".join(map(quote, command[len(call.linker) :])))
        command = [*call.linker, f"@{response}"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, env=child_environment()
        )
    except OSError as error:
        raise HostToolError(
            f"The linker cannot be started: {command[0]}: {error.strerror or error}.",
            hint="It comes with the Python package `ziglang`: install castiron again.",
        ) from error
    if done.returncode != 0:
        raise linker_error(done.stderr, done.returncode, call.output)
    return tuple(line for line in done.stderr.splitlines() if "warning:" in line and not _HARMLESS.search(line))


_RESPONSE_FILE_ABOVE = 100_000
"""Characters; Linux takes at most 128 KiB in one argument and 2 MiB in all."""


def quote(argument: str) -> str:
    """Return an argument as response files have it."""
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'


_HARMLESS = re.compile(r"--icf=safe conservatively ignores")
"""Warnings about zig's own start file, which has no table of significant addresses."""

_UNDEFINED = re.compile(r"error: undefined symbol: (.+)")
_DUPLICATE = re.compile(r"error: duplicate symbol: (.+)")
_REFERENCED = re.compile(r">>> (?:referenced by|defined (?:at|in)) (.+)")
_CONTINUED = re.compile(r">>>\s{3,}(\S.*)")
_SECTION = re.compile(r":\([^()]*\)$")


def linker_error(stderr: str, status: int, output: Path) -> CastironError:
    """Return the error that the linker's messages amount to."""
    undefined = _symbols(stderr, _UNDEFINED)
    if undefined:
        return LinkError(
            f"Nothing defines {counted(len(undefined), 'symbol')} that the application needs:\n{_shown(undefined)}",
            hint="A native library of a wheel expects a library that is not in the binary; `link --keep-map` and the "
            "names above say which. If the symbols are CPython's own, run trace again: the module list is incomplete.",
        )
    duplicate = _symbols(stderr, _DUPLICATE)
    if duplicate:
        return LinkError(
            f"{counted(len(duplicate), 'symbol')} defined more than once:\n{_shown(duplicate)}",
            hint="Two libraries bring the same code under the same name; leave one of the distributions out.",
        )
    # A linker that maps its output and cannot get the pages is ended by SIGBUS.
    if says_full(stderr) or status == -signal.SIGBUS:
        return full_disk(output.parent)
    messages = [line for line in stderr.splitlines() if "error:" in line] or stderr.splitlines()[-_SHOWN:]
    said = "\n".join(messages[:_SHOWN]) or (
        f"it was ended by signal {-status}" if status < 0 else f"exit code {status}, without a message"
    )
    return LinkError(
        f"The linker failed:\n{said}",
        hint="This is a bug in castiron: the files that it took from the cache are intact.",
    )


def _symbols(stderr: str, pattern: re.Pattern[str]) -> list[UndefinedSymbol]:
    """Return the symbols that the messages of one kind are about, each with the files named below it."""
    users_of: dict[str, list[str]] = {}
    users: list[str] | None = None
    for line in stderr.splitlines():
        if match := pattern.search(line):
            users = users_of.setdefault(match[1].strip(), [])
        elif not line.startswith(">>>"):
            users = None
        elif users is not None and (match := _REFERENCED.match(line)):
            users.append(_place(match[1]))
        elif users and (match := _CONTINUED.match(line)):
            # The second line of a pair names the object file, which says more than the source file does.
            users[-1] = _place(match[1])
    return [UndefinedSymbol(name=name, users=tuple(sorted(set(users)))) for name, users in sorted(users_of.items())]


def _place(text: str) -> str:
    """Return ``libssl.a(ssl_lib.o)`` for ``/long/path/libssl.a(ssl_lib.o):(.text+0x1)``."""
    return _SECTION.sub("", text.strip()).rsplit("/", 1)[-1]


def _shown(symbols: Sequence[UndefinedSymbol]) -> str:
    lines = [f"  {symbol.name}" + (f"  ({', '.join(symbol.users[:3])})" if symbol.users else "") for symbol in symbols]
    more = [f"  ... and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "\n".join(lines[:_SHOWN] + more)
