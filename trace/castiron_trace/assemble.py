"""The last pass: makes a `Manifest` of all results, in its canonical order."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from castiron_manifest.model import (
    Distribution,
    LicenseEvidence,
    Manifest,
    Module,
    ModuleKind,
    Origin,
    Target,
    Via,
)
from castiron_trace.checks import origin_of
from castiron_trace.graph import tier_name
from castiron_trace.machine import needs
from castiron_trace.own_data import own_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from castiron_common.target import PythonTarget
    from castiron_manifest.model import Finding, Native, Resource, SymbolicLink
    from castiron_trace.hints.model import Carry
    from castiron_trace.model import Reached, ReachedModule, ResolvedEntry, Site, TargetPython
    from castiron_trace.own_data import Blobs


def assemble(
    *,
    generator: str,
    python: TargetPython,
    target: PythonTarget,
    entry: ResolvedEntry,
    site: Site,
    reached: Reached,
    resources: Iterable[Resource],
    natives: Sequence[Native],
    links: Iterable[SymbolicLink],
    empty: Iterable[str],
    licenses: Mapping[str, LicenseEvidence],
    findings: Iterable[Finding],
    texts: Mapping[str, str],
    blobs: Blobs,
    carries: Iterable[Carry],
) -> Manifest:
    """Return the manifest: sorted, without absolute paths, every content by its hash.

    ``empty`` are names of namespace packages of the application: folders without anything.
    """
    modules = [_module(module, entry, site, blobs) for module in reached.modules.values()]
    modules += [
        Module(name=name, kind=ModuleKind.NAMESPACE, origin=Origin.APP) for name in empty if name not in reached.modules
    ]
    unique = {(item.origin.value, item.distribution or "", item.path): item for item in resources}
    for key in {(m.origin.value, m.distribution or "", m.path) for m in modules}:
        unique.pop((key[0], key[1], key[2] or ""), None)
    all_findings = {(f.code, f.subject, f.message): f for f in findings}
    distributions = tuple(_distributions(site, licenses, blobs))
    return Manifest(
        generator=generator,
        pack=f"cpython-{python.version}",
        target=Target(platform=target.platform, python=target.python),
        entry=entry.entry,
        distributions=distributions,
        modules=tuple(sorted(modules, key=lambda m: (m.name, m.origin.value, m.path or ""))),
        resources=tuple(unique[key] for key in sorted(unique)),
        natives=tuple(natives),
        links=tuple(sorted(links, key=lambda link: link.path)),
        needs=tuple(needs(reached, entry, carries, unique.values())),
        findings=tuple(all_findings[key] for key in sorted(all_findings)),
        texts=tuple(sorted(texts.items())),
        blobs=tuple(sorted(blobs.by_hash.items())),
    )


def _module(module: ReachedModule, entry: ResolvedEntry, site: Site, blobs: Blobs) -> Module:
    origin = origin_of(module.owner)
    path: str | None = None
    sha256: str | None = None
    if module.file is not None:
        if origin is Origin.STDLIB:
            path = module.file.as_posix()
        elif origin is Origin.DISTRIBUTION:
            path = os.path.relpath(module.file, site.folder)
        else:
            path = own_path(module.file, entry.roots)
            sha256, _size = blobs.add(module.file)
    via = None
    if module.importer is not None:
        via = Via(importer=module.importer, line=module.line, tier=tier_name(module.tier))
    return Module(
        name=module.name,
        kind=ModuleKind(module.kind),
        origin=origin,
        distribution=module.owner if origin is Origin.DISTRIBUTION else None,
        path=path,
        via=via,
        sha256=sha256,
    )


def _distributions(site: Site, licenses: Mapping[str, LicenseEvidence], blobs: Blobs) -> Iterable[Distribution]:
    records = site.records
    names = {item.name for item in site.distributions}
    if not names:
        return
    from castiron_trace.licenses import read_metadata

    for item in sorted(site.distributions, key=lambda d: d.name):
        metadata = read_metadata(site.folder / records[item.name].dist_info)
        if item.wheel.embedded:
            blobs.by_hash[item.wheel.sha256] = item.path.read_bytes()
        yield Distribution(
            name=item.name,
            version=item.version,
            wheel=item.wheel,
            purl=f"pkg:pypi/{item.name}@{item.version}",
            requires=tuple(sorted(set(item.requires) & names)),
            direct=item.direct,
            license=licenses[item.name],
            summary=metadata.get("Summary"),
            home_page=_home_page(metadata.get("Home-page"), metadata.get_all("Project-URL", [])),
        )


def _home_page(field: str | None, urls: Sequence[str]) -> str | None:
    """Return the home page: the old field, else the first project URL with a well-known label of core metadata."""
    if field and field.strip().upper() != "UNKNOWN":
        return field.strip()
    by_label = {label.strip().lower(): url.strip() for label, _, url in (line.partition(",") for line in urls)}
    for label in ("homepage", "home", "source", "source code", "repository", "github", "documentation"):
        if label in by_label:
            return by_label[label]
    return None
