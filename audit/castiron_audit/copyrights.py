"""Finds copyright notices in license texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NOTICE = re.compile(
    r"^[\s#*/;.%-]*((?:portions\s+)?(?:copyright\W{0,3}(?:\(c\)|©|\d{4}|by\b)|©|\(c\)\s*(?:copyright\s*)?\d{4})[^\n]{4,160})$",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_A_NOTICE = re.compile(
    r"copyright (?:notice|holder|owner|license|law|interest|statement|and (?:license|permission)|disclaimer|act\b|in\b"
    r"|to\b|of\b|is\b"
    r"|or\b|on\b|protection|treaty|status|claim|for\b|as\b)|\[yyyy|\{|copyright, "
    # Placeholders, but not addresses: "<year>", "<name of author>", "<owner>".
    r"|<(?!https?:)[^<>@]*>",
    re.IGNORECASE,
)
"""Sentences of licenses that begin like a notice, and placeholders."""


def copyright_notices(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the copyright notices of texts as they are written there, in order, each once."""
    notices = (" ".join(match[1].split()) for text in texts for match in _NOTICE.finditer(text))
    return tuple(dict.fromkeys(notice.rstrip("*/ ") for notice in notices if not _NOT_A_NOTICE.search(notice)))
