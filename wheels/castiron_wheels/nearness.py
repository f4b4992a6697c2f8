"""How much older a version may be that stands for another one without asking.

A file for the target can be had of many distributions only in a version of long ago, from before they had compiled
code or dropped another system.  Whoever asked for the distribution did not mean that.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from packaging.version import Version

if TYPE_CHECKING:
    from castiron_wheels.model import Candidate

MAJORS = 1
"""Major versions that may be lost."""
YEARS = 3
"""Years that may lie between the two uploads."""


def floor(name: str, version: str) -> str | None:
    """Return the constraint that keeps a distribution near its version; None if no version is far from it."""
    newest = Version(version)
    lowest = newest.major - MAJORS
    if lowest <= 0:
        return None
    return f"{name}>={f'{newest.epoch}!' if newest.epoch else ''}{lowest}"


def is_near(older: Candidate, newer: Candidate) -> bool:
    """Say whether somebody who asked for the newer version could mean the older one."""
    if older.version is None or newer.version is None:
        return False
    if Version(newer.version).major - Version(older.version).major > MAJORS:
        return False
    if older.uploaded is None or newer.uploaded is None:
        return True
    between = datetime.fromisoformat(newer.uploaded) - datetime.fromisoformat(older.uploaded)
    return between <= timedelta(days=365 * YEARS)
