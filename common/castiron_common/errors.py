"""Every error a user can cause, each class with its documented exit code.

A message has two parts: ``what`` happened (and where), and ``hint``, what to do about it.  The command-line layer
prints both and exits with ``exit_code``; the core never prints.  ``docs/troubleshooting.md`` holds the table of codes.
"""

from __future__ import annotations

from typing import ClassVar


class CastironError(Exception):
    """Base of all expected failures."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        """Both parts, as one text."""
        return f"{self.what}\n{self.hint}" if self.hint else self.what


class UsageError(CastironError):
    """Options or arguments that contradict each other (the same code as typer's own usage errors)."""

    exit_code = 2


class InputError(CastironError):
    """An input file is missing, unreadable, or not what it should be."""

    exit_code = 3


class ManifestError(CastironError):
    """A manifest is malformed, truncated, or of a version we cannot read."""

    exit_code = 4


class EntryError(CastironError):
    """The entry point of the application cannot be found or is ambiguous."""

    exit_code = 5


class DependencyError(CastironError):
    """The application's distributions cannot be resolved, fetched or built for the target."""

    exit_code = 6


class NativeError(CastironError):
    """A native library or extension module cannot be taken into a static binary."""

    exit_code = 7


class RuntimePackError(CastironError):
    """A runtime pack cannot be fetched, built or understood."""

    exit_code = 8


class HostToolError(CastironError):
    """A program that the build needs is missing on the host."""

    exit_code = 9


class LinkError(CastironError):
    """The static linker refused, or symbols are missing."""

    exit_code = 10


class OutputError(CastironError):
    """The output cannot be written: no space, no permission, or not a file."""

    exit_code = 11


class PolicyError(CastironError):
    """The license policy refuses the binary."""

    exit_code = 12


class ModuleMissingError(CastironError):
    """A module that the application needs, or that the user named, exists nowhere."""

    exit_code = 13


class RunError(CastironError):
    """The application failed while `trace --run` watched it, so what was seen is not the whole run."""

    exit_code = 14


EXIT_DAMAGED = 15
"""Exit code of `castiron cache verify` that found damage."""


class CheckError(CastironError):
    """The binary does not do what the application does under the target's interpreter, or cannot be compared."""

    exit_code = 16


EXIT_INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells report it (128 + SIGINT)."""


def reason(error: Exception) -> str:
    """Return what a message says of an exception: of the operating system's without number and file name."""
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 text (byte {error.start})"
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
