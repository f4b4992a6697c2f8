"""Says in words what the machine must bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_manifest.model import MachineFacility

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castiron_manifest.model import Need

LABELS = {
    MachineFacility.CERTIFICATES: "root certificates",
    MachineFacility.HOST_NAMES: "a resolver of host names (/etc/resolv.conf)",
    MachineFacility.TIME_ZONES: "time zones (/usr/share/zoneinfo)",
    MachineFacility.SHELL: "/bin/sh",
    MachineFacility.USERS: "user names (/etc/passwd)",
    MachineFacility.FONTS: "fonts",
}
CARRIABLE = (MachineFacility.CERTIFICATES, MachineFacility.TIME_ZONES)
"""What ``--carry`` takes along."""
LOCALES = "locales: the C library accepts every name and formats as in C"


def sentences(needs: Iterable[Need]) -> list[str]:
    """Return lines on what the application's own code needs of the machine, and no distribution brings."""
    wanted = {need.what for need in needs if need.own and not need.carried}
    lines: list[str] = []
    labels = [label for what, label in LABELS.items() if what in wanted]
    if labels:
        carriable = "|".join(what for what in CARRIABLE if what in wanted)
        lines.append(
            f"needs from the machine: {', '.join(labels)}"
            + (f"; --carry {carriable} of trace and build takes along" if carriable else "")
        )
    if MachineFacility.LOCALES in wanted:
        lines.append(LOCALES)
    return lines
