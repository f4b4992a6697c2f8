"""What licenses a text has, as a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from castiron_audit.license_rules.index import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLicense:
    """A license, or several, found in a text."""

    expression: str
    """SPDX; licenses that SPDX does not list are ``LicenseRef-scancode-KEY``, with the keys of ScanCode's database."""
    kind: Kind
    specific: bool
    """False if the expression names no certain license, as ``LicenseRef-scancode-proprietary-license`` does not."""
    exception: bool
    """True if the expression is that of an exception alone, which only says something with a license."""
    line: int
    """Line where it begins, counted from 1."""
    words: int
    """Number of words of the text that tell it."""
    similarity: float
    """Share of the known text that the text has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicensedText:
    """What licenses a text has."""

    found: tuple[FoundLicense, ...]
    """In the order of the text."""
    words: int
    """Number of its words."""
    open_words: int
    """Number of words specific to licenses that belong to nothing that was found."""
