"""What can be wrong with a file."""

from __future__ import annotations


class MalformedElfError(ValueError):
    """A file that begins like ELF and cannot be read as such; the text ends a sentence that names the file."""


class NotElfError(MalformedElfError):
    """A file that is no ELF file at all."""
