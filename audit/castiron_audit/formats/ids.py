"""Makes identifiers and times for documents from their content, so that equal reports give equal bytes."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from castiron_audit.model import Component, Report

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """The executable that a document is about."""

    filename: str
    sha256: str = ""
    sha512: str = ""
    """Empty in the copy inside the executable, which cannot hold its own hash."""


def shown_version(component: Component, report: Report) -> tuple[str, str]:
    """Return a component's version, and the reason if it is not one that the component has itself.

    Formats and guidelines ask for a version of everything: that of what contains it says exactly which one it is.
    """
    if component.version:
        return component.version, ""
    if component.parent is None:
        return "0", "its project names no version"
    parent = report.component(component.parent)
    version, _ = shown_version(parent, report)
    return f"in-{parent.name}-{version}", f"nothing in its files tells a version; it is that of {parent.name} {version}"


def no_purl_reason(component: Component) -> str:
    """Return why a component has no purl, empty if it has one."""
    if component.purl:
        return ""
    return "no index publishes it by itself: it is a part of what contains it"
