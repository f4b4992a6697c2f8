"""Reports programs of distributions, which are files of the binary and run in processes of their own."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from castiron_elf.interpreter import interpreter_of
from castiron_manifest.model import Finding, Origin, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from castiron_manifest.model import Resource


def program_findings(resources: Iterable[Resource], site: Path, starters: Collection[str]) -> Iterator[Finding]:
    """Yield a finding for the programs of each distribution that start only where their loader is.

    They are no part of the executable.  A warning if the distribution is one of ``starters``, which can start programs;
    else nobody runs them.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for resource in resources:
        if resource.origin is not Origin.DISTRIBUTION or not resource.executable:
            continue
        loader = interpreter_of(site / resource.path)
        if loader is not None:
            found.setdefault((resource.distribution or "", loader), []).append(resource.path)
    for (distribution, loader), paths in found.items():
        one = len(paths) == 1
        folder = posixpath.commonpath(map(posixpath.dirname, paths)) or distribution
        what = "It is a program of its own, which starts" if one else "They are programs of their own, which start"
        yield Finding(
            code="program-needs-loader",
            severity=Severity.WARNING if distribution in starters else Severity.INFO,
            subject=paths[0] if one else f"{folder} ({len(paths)} programs)",
            message=f"{what} only on machines that have {loader} and the needed libraries; elsewhere the kernel "
            "says 'No such file or directory'.",
        )
