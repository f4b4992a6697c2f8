"""Reports programs of distributions, which are files of the binary and run in processes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_elf.interpreter import interpreter_of
from castiron_manifest.model import Finding, Origin, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from castiron_manifest.model import Resource


def program_findings(resources: Iterable[Resource], site: Path) -> Iterator[Finding]:
    """Yield a warning for each program that starts only where its loader is: it is not part of the executable."""
    for resource in resources:
        if resource.origin is not Origin.DISTRIBUTION or not resource.executable:
            continue
        loader = interpreter_of(site / resource.path)
        if loader is not None:
            yield Finding(
                code="program-needs-loader",
                severity=Severity.WARNING,
                subject=resource.path,
                message=f"It is a program of its own, which starts only on machines that have {loader} and the "
                "libraries that it needs; elsewhere the kernel says 'No such file or directory'.",
            )
