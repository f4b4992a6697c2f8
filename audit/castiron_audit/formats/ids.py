"""Makes identifiers and times for documents from their content, so that equal reports give equal bytes."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "castiron:bill-of-materials")


def content_uuid(text: str) -> uuid.UUID:
    """Return a UUID (version 5) of the document's content."""
    return uuid.uuid5(_NAMESPACE, text)


def timestamp(epoch: int) -> str:
    """Return seconds since 1970 as SPDX and CycloneDX write a time: ``2026-01-31T12:00:00Z``."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def spdx_id(text: str) -> str:
    """Return an SPDX element identifier: letters, digits, dots and hyphens only (SPDX 2.3, clause 7.2)."""
    return "SPDXRef-" + re.sub(
        r"[^A-Za-z0-9.]", lambda match: "-" if match[0] in "/-_ " else f"-{ord(match[0]):x}-", text
    )
