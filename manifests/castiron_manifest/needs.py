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
DIFFERENT = {
    MachineFacility.LOCALES: "locales: the C library accepts every name and formats as in C",
    MachineFacility.TEXT_LAYOUT: (
        "text in pictures: no layout from right to left and no ligatures, as FriBiDi cannot be opened"
    ),
}
"""What a static executable has no use of, even where the machine has it, and what happens instead."""


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
    lines.extend(sentence for what, sentence in DIFFERENT.items() if what in wanted)
    return lines
