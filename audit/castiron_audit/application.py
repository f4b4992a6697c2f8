"""The application's own component: its license and version are what its project says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_audit.model import Component, Form, Kind, Source, Verdict
from castiron_manifest.model import Origin

if TYPE_CHECKING:
    from castiron_audit.linked import Linked
    from castiron_audit.project import Project
    from castiron_manifest.model import Manifest

_FOLDERS = re.compile(r"vendor|extern|third_party")
"""In the names of folders for packages of others."""


def application_component(
    manifest: Manifest, linked: Linked | None, license_: str | None, version: str, name: str
) -> Component:
    """Return the component; before the link its size is that of its modules and files."""
    sizes = _sizes(manifest) if linked is None else dict(linked.sizes.get("app", {}))
    return Component(
        id="application",
        kind=Kind.APPLICATION,
        name=name,
        version=version,
        verdict=Verdict(
            expression=license_,
            source=Source.EXPRESSION if license_ else Source.NONE,
            where="pyproject.toml" if license_ else "",
            reason="the application's own; not part of the audit",
        ),
        forms=tuple(form for form in Form if form in sizes),
        size=sum(sizes.values()),
    )


def has_parts(manifest: Manifest) -> bool:
    """Return whether the application has files of its own in which parts of others may be: more than its modules."""
    return (
        any(item.origin is Origin.APP for item in manifest.resources)
        or any(item.origin is Origin.APP for item in manifest.natives)
        or any(item.origin is Origin.APP and _FOLDERS.search(item.path or "") for item in manifest.modules)
    )


def _sizes(manifest: Manifest) -> dict[Form, int]:
    blobs = {key: len(data) for key, data in manifest.blobs}
    sizes: dict[Form, int] = {}
    for module in manifest.modules:
        if module.origin is Origin.APP and module.sha256:
            sizes[Form.BYTECODE] = sizes.get(Form.BYTECODE, 0) + blobs.get(module.sha256, 0)
    for resource in manifest.resources:
        if resource.origin is Origin.APP:
            sizes[Form.DATA] = sizes.get(Form.DATA, 0) + resource.size
    return sizes


def application_version(manifest: Manifest, project: Project) -> str:
    """Return the version of the project, else of the distribution that the application starts in; empty if unknown."""
    started = next((item for item in manifest.distributions if item.name == manifest.entry.distribution), None)
    return project.version or (started.version if started is not None else "")
