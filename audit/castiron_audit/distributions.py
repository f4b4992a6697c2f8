"""Collects the components of the distributions: each with its concluded license and what third parties are in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from castiron_audit.chains import distribution_chains
from castiron_audit.collected import Collected
from castiron_audit.copyrights import copyright_notices
from castiron_audit.detection.contents import DistributionContents
from castiron_audit.examination import examine
from castiron_audit.included import FileSizes, OwnedFiles, foreseen_sizes, included_files
from castiron_audit.model import Component, Finding, Form, Kind, Text
from castiron_runtime.target_files import load_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from castiron_audit.examination import Examinations
    from castiron_audit.included import IncludedFiles
    from castiron_audit.linked import Linked
    from castiron_audit.model import Verdict
    from castiron_audit.own_signatures import OwnSignature
    from castiron_common.target import Elf
    from castiron_manifest.model import Distribution, Manifest
    from castiron_wheels.source_archives import SourceArchive


def collect_distributions(
    manifest: Manifest,
    *,
    site: Path | None,
    linked: Linked | None,
    signatures: tuple[OwnSignature, ...] = (),
    known: Examinations | None = None,
    sdists: Iterable[SourceArchive] = (),
) -> Collected:
    """Return the distributions that go in and their third-party components.

    ``site``, ``signatures``, ``known`` and ``sdists`` are as for `castiron_audit.collect.build_report`.

    Raises `InputError` if a shared object cannot be read.
    """
    elf = load_target(manifest.target.platform).elf
    chains = distribution_chains(manifest)
    dist_infos = _dist_infos(site)
    included = included_files(manifest, linked)
    owned = OwnedFiles(manifest)
    texts = dict(manifest.texts)
    components: list[Component] = []
    findings: list[Finding] = []
    sources = {item.distribution: item for item in sdists}
    counted: set[str] = set()
    seen: set[str] = set()
    for distribution in manifest.distributions:
        name = distribution.name
        if not (included.paths.get(name) if linked is None else name in linked.sizes):
            continue
        contents = replace(
            _contents(distribution, included, texts, site, elf), signatures=signatures, sdist=sources.get(name)
        )
        found = examine(contents, dist_info=dist_infos.get(name), known=known)
        texts.update(found.texts)
        if linked is None:
            sizes = foreseen_sizes(owned, name, contents.natives, site, seen)
        else:
            sizes = FileSizes(forms=linked.sizes[name], files=linked.files)
        component = replace(
            _component(distribution, found.verdict, texts),
            forms=tuple(form for form in Form if form in sizes.forms),
            chain=chains.get(name, ()),
        )
        files = dict(found.files)
        third_party = [
            replace(
                item,
                chain=component.chain,
                forms=item.forms or component.forms,
                size=_size(contents.paths.intersection(files[item.id]), sizes.files, counted),
            )
            for item in found.components
        ]
        own_size = sum(sizes.forms.values()) - sum(item.size for item in third_party)
        components += [replace(component, size=own_size), *third_party]
        findings += found.findings
    return Collected(components=tuple(components), findings=tuple(findings), texts=texts)


def _contents(
    distribution: Distribution, included: IncludedFiles, texts: Mapping[str, str], site: Path | None, elf: Elf
) -> DistributionContents:
    natives = included.natives.get(distribution.name, ())
    return DistributionContents(
        distribution=distribution,
        paths=included.paths.get(distribution.name, frozenset())
        | {file.path for file in distribution.license.files}
        | {native.path for native in natives},
        natives=natives,
        texts=texts,
        site=site,
        elf=elf,
    )


def _component(distribution: Distribution, verdict: Verdict, texts: Mapping[str, str]) -> Component:
    own_texts = tuple(
        Text(path=file.path, sha256=file.sha256) for file in distribution.license.files if file.sha256 in texts
    )
    return Component(
        id=f"distribution/{distribution.name}",
        kind=Kind.DISTRIBUTION,
        name=distribution.name,
        version=distribution.version,
        purl=distribution.purl,
        hashes=((distribution.wheel.filename, distribution.wheel.sha256),),
        verdict=verdict,
        texts=own_texts,
        copyrights=copyright_notices(texts[text.sha256] for text in own_texts),
        direct=distribution.direct,
        summary=distribution.summary or "",
        home_page=distribution.home_page or "",
    )


def _size(files: frozenset[str], sizes: Mapping[str, int], counted: set[str]) -> int:
    """Return the bytes of a third-party component's files; a file counts for the first component that has it."""
    uncounted = files - counted
    counted |= uncounted
    return sum(sizes.get(path, 0) for path in uncounted)


def _dist_infos(site: Path | None) -> dict[str, Path]:
    """Return the folder of each installed distribution's metadata, by normalised name; nothing if none is available.

    Source: Recording installed projects, packaging.python.org specifications: the folder is ``NAME-VERSION.dist-info``.
    """
    folders = () if site is None else sorted(site.glob("*.dist-info"))
    return {canonicalize_name(folder.stem.rpartition("-")[0]): folder for folder in folders}
