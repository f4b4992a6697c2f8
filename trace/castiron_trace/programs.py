"""Reports programs of distributions, which are files of the binary and run in processes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_elf.interpreter import interpreter_of
from castiron_manifest.model import Finding, Origin, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from castiron_manifest.model import Resource


def program_findings(resources: Iterable[Resource], site: Path, starters: Collection[str]) -> Iterator[Finding]:
    """Yield a finding for each program that starts only where its loader is: it is not part of the executable.

    A warning if its distribution is one of ``starters``, which can start programs; else nobody runs it.
    """
    for resource in resources:
        if resource.origin is not Origin.DISTRIBUTION or not resource.executable:
            continue
        loader = interpreter_of(site / resource.path)
        if loader is not None:
            yield Finding(
                code="program-needs-loader",
                severity=Severity.WARNING if resource.distribution in starters else Severity.INFO,
                subject=resource.path,
                message=f"It is a program of its own, which starts only on machines that have {loader} and the "
                "libraries that it needs; elsewhere the kernel says 'No such file or directory'.",
            )
