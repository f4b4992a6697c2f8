"""Lines on standard error: with rich on a terminal, plain elsewhere.

In logs, pipes and files nothing is styled, and rich is not imported: that takes as long as opening a runtime pack.
"""

from __future__ import annotations

import os
import sys
from typing import Protocol

_ASK_RICH = ("FORCE_COLOR", "TTY_COMPATIBLE")
"""Variables of the environment by which rich may take for a terminal what is none."""
_WIDTH = 120
"""Columns of a table where no terminal sets them."""


class Lines(Protocol):
    """Where lines for a person go: the part of ``rich.console.Console`` that commands use."""

    @property
    def is_terminal(self) -> bool:
        """Whether lines can be styled, and taken back."""

    @property
    def width(self) -> int:
        """Columns of a table."""

    def print(self, text: str = "", /, *, style: str | None = None, end: str = "\n") -> None:
        """Print a text, which is no markup, in a style of rich's."""

    def out(self, text: str, /, *, end: str = "\n") -> None:
        """Print a text as it is, with the escapes it may have."""


class PlainLines:
    """Lines without styles."""

    is_terminal = False
    width = _WIDTH

    def print(self, text: str = "", /, *, style: str | None = None, end: str = "\n") -> None:
        """Write the text alone."""
        del style
        self.out(text, end=end)

    def out(self, text: str, /, *, end: str = "\n") -> None:
        """Write the text.  A disk that is too full for messages is no reason to fail."""
        try:
            sys.stderr.write(text + end)
            sys.stderr.flush()
        except BrokenPipeError:
            raise
        except OSError:
            return


def stderr_lines() -> Lines:
    """Return where everything goes that is not data."""
    if not (sys.stderr.isatty() or any(map(os.environ.get, _ASK_RICH))):
        return PlainLines()
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False, markup=False)
