"""Collects what goes in beside modules: data files, shared objects, and the license evidence of distributions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from castiron_trace.own.files import app_resources
from castiron_trace.own_data import Blobs, stdlib_resources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castiron_common.target import Target
    from castiron_manifest.model import Finding, LicenseEvidence, Native, Resource, SymbolicLink
    from castiron_trace.hints.model import Data, OwnFiles
    from castiron_trace.model import Options, Reached, ResolvedEntry, Site, TargetPython
    from castiron_trace.natives import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionFiles:
    """What distributions bring beside modules."""

    resources: tuple[Resource, ...] = ()
    natives: Sequence[Native] = ()
    licenses: Mapping[str, LicenseEvidence] = field(default_factory=dict)
    """Distribution -> what it says about its license."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """The texts that the evidence names, by SHA-256."""
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Distribution -> its files as RECORD names them."""
    findings: tuple[Finding, ...] = ()


def distribution_files(
    site: Site,
    reached: Reached,
    data: Sequence[Data],
    target: Target,
    own_libraries: Sequence[Candidate] = (),
    *,
    level: int = 0,
) -> DistributionFiles:
    """Sort the files of every distribution of the environment.

    ``data`` are hints on files that no rule finds, ``own_libraries`` the application's own shared objects,
    ``level`` the processors that are there (index in the target's levels).
    """
    if not site.path and not own_libraries:
        return DistributionFiles()
    # Imported here, as an application without distributions and shared objects needs none of this.
    from castiron_trace.distribution_contents import distribution_contents
    from castiron_trace.licenses import evidence
    from castiron_trace.natives import APPLICATION, natives
    from castiron_trace.programs import program_findings

    contents = distribution_contents(site, reached, data)
    shared, findings = natives({**contents.elf_candidates, APPLICATION: own_libraries}, target, level=level)
    texts: dict[str, str] = {}
    licenses = {
        name: evidence(site.folder, dist_info, contents.files[name], texts)
        for name, dist_info in contents.dist_infos.items()
    }
    programs = (
        finding for folder in site.path for finding in program_findings(contents.resources, folder, reached.starters)
    )
    return DistributionFiles(
        resources=contents.resources,
        natives=shared,
        licenses=licenses,
        texts=texts,
        files=contents.files,
        findings=(*findings, *programs),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnContents:
    """Data files of the application and of the standard library."""

    resources: tuple[Resource, ...]
    blobs: Blobs
    """Contents of the application's files."""
    libraries: tuple[Candidate, ...]
    """Its shared objects."""
    links: tuple[SymbolicLink, ...]
    empty: tuple[str, ...]
    """Folders of the application of which nothing goes in, as names of namespace packages."""
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    """What lies beside the application and stays out, for the user alone."""


def own_files(
    entry: ResolvedEntry, reached: Reached, options: Options, python: TargetPython, conventions: Sequence[OwnFiles]
) -> OwnContents:
    """Collect what no distribution brings; ``conventions`` are those of frameworks for files of an application."""
    blobs = Blobs()
    own = app_resources(entry, reached, options, conventions, blobs)
    return OwnContents(
        resources=(*own.resources, *stdlib_resources(reached, python.stdlib)),
        blobs=blobs,
        libraries=own.libraries,
        links=own.links,
        empty=own.empty,
        findings=own.findings,
        notes=own.notes,
    )
