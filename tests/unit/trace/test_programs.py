"""Programs that distributions bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_manifest.model import Origin, Resource, Severity
from castiron_trace.distribution_contents import distribution_contents
from castiron_trace.programs import program_findings
from tests.unit.trace.making import install, site_of, write
from tests.unit.trace.test_resources import reached
from tests.unit.wheels.making import elf_program

if TYPE_CHECKING:
    from pathlib import Path


def test_programs_that_need_a_loader_are_named(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "d/static": elf_program(),
            "d/musl": elf_program("/lib/ld-musl-x86_64.so.1"),
            "d/script": "#!/bin/sh\n",
            "d/damaged": b"\x7fELF",
            "d/data": elf_program("/lib/ld.so"),
        },
    )
    resources = [
        Resource(path=path, origin=Origin.DISTRIBUTION, distribution="d", size=1, executable=path != "d/data")
        for path in ("d/static", "d/musl", "d/script", "d/damaged", "d/data")
    ]
    (finding,) = program_findings(resources, tmp_path, {"d"})
    assert (finding.code, finding.subject, finding.severity) == ("program-needs-loader", "d/musl", Severity.WARNING)
    assert "/lib/ld-musl-x86_64.so.1" in finding.message
    # Nothing of its distribution can start a program.
    (finding,) = program_findings(resources, tmp_path, set())
    assert finding.severity is Severity.INFO


def test_several_programs_of_one_distribution_are_one_finding(tmp_path: Path) -> None:
    names = ("d/extra/a", "d/extra/b", "e/one", "../../../bin/c", "../../../bin/d")
    write(tmp_path, {f"site/x/y/{name}": elf_program("/lib/ld-musl-x86_64.so.1") for name in names})
    owners = ("d", "d", "e", "f", "f")
    resources = [
        Resource(path=path, origin=Origin.DISTRIBUTION, distribution=owner, size=1, executable=True)
        for path, owner in zip(names, owners, strict=True)
    ]
    first, second, third = program_findings(resources, tmp_path / "site" / "x" / "y", {"d"})
    assert (first.subject, second.subject, third.subject) == (
        "d/extra (2 programs)",
        "e/one",
        "../../../bin (2 programs)",
    )
    assert first.message.startswith("They are programs of their own, which start only on machines that have /lib/")
    assert (first.severity, third.severity) == (Severity.WARNING, Severity.INFO)


def test_a_program_may_have_the_name_of_a_command(tmp_path: Path) -> None:
    # As ninja's: the distribution's own program takes the place of the script that an installer would write.
    points = "[console_scripts]\ntool = tool:main\nother = tool:main\n"
    files = {
        "tool/__init__.py": "",
        "../../../bin/tool": elf_program(),
        "../../../bin/other": "#!/usr/bin/env python3\n",
    }
    site = site_of(tmp_path, install(tmp_path, "tool", files, entry_points=points))
    found = {item.path for item in distribution_contents(site, reached(site, "tool"), ()).resources}
    assert "../../../bin/tool" in found
    assert "../../../bin/other" not in found
