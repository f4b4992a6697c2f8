"""What one step of the collection of a report returns."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from castiron_audit.model import Component, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Components with what was noticed about them."""

    components: tuple[Component, ...] = ()
    findings: tuple[Finding, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    """License texts by SHA-256."""
