"""The application in a relink kit: its manifest without sources, the wheels, and how it was linked.

`castiron relink` makes the executable again of it, with a changed distribution.
"""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cattrs import Converter

from castiron_audit.copyleft import Strength, reach
from castiron_common.files import sha256_bytes
from castiron_link.model import Sources
from castiron_link.packing import has_source
from castiron_link.tree_layout import place
from castiron_manifest.encoder import encode
from castiron_manifest.model import ModuleKind, Origin
from castiron_wheels.wheel_changes import changed_wheel

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from castiron_audit.model import Report
    from castiron_audit.project import Project
    from castiron_link.model import Compiled, LinkOptions
    from castiron_manifest.model import Distribution, Manifest

FOLDER = "application"
MANIFEST = "application.manifest"
SETTINGS = "link.json"
WHEELS = "wheels"
_METADATA = re.compile(r"[^/]+\.dist-info/")
_SCHEME = re.compile(r"[^/]+\.data/(purelib|platlib|scripts|data)/")
_PREFIX = "../../../"
"""The installation prefix, as seen from site-packages."""
PROFILE = "profile"
"""In ``FOLDER``, if the interpreter was compiled with another profile than Castiron's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KitApplication:
    """What a kit has of the application."""

    manifest: Manifest
    wheels: tuple[Path, ...]
    """Of the manifest's distributions, in their order; those that are embedded are not among them."""
    settings: Mapping[str, object]
    profile: Path | None = None


def kit_application(
    manifest: Manifest,
    compiled: Sequence[Compiled],
    wheels: Mapping[str, Path],
    report: Report,
    *,
    options: LinkOptions,
    project: Project,
    generator: str,
    profile: Path | None,
) -> KitApplication:
    """Return what the kit has: never more of the application's sources than the executable itself.

    ``wheels`` are the wheel files by distribution.  A wheel that no index has (the project's own, or built from a
    source distribution) stays whole only if its license demands that it can be changed.
    """
    kept = {
        item.name
        for item in manifest.distributions
        if not item.wheel.embedded or _must_be_changeable(report, item.name)
    }
    bare, stripped = without_sources(manifest, compiled, sources=options.sources, kept=kept, wheels=wheels)
    files = {name: _members(path) for name, path in wheels.items() if name not in stripped}
    return KitApplication(
        manifest=bare,
        wheels=tuple(path for name, path in sorted(wheels.items()) if name not in stripped),
        settings={
            "generator": generator,
            "options": Converter().unstructure(options),
            "project": {
                "name": project.name,
                "version": project.version,
                "license": project.license,
                "supplier": None if project.supplier is None else Converter().unstructure(project.supplier),
            },
            "files": files,
        },
        profile=profile,
    )


def without_sources(
    manifest: Manifest,
    compiled: Sequence[Compiled],
    *,
    sources: Sources,
    kept: Collection[str],
    wheels: Mapping[str, Path],
) -> tuple[Manifest, frozenset[str]]:
    """Return the manifest with bytecode where the executable has no source, and which wheels it now has so.

    The modules are the application's own, and those of distributions that are not ``kept``.
    """
    feature = manifest.target.python
    code = {item.tree_path: item.code for item in compiled}
    blobs = dict(manifest.blobs)
    modules = []
    for module in manifest.modules:
        own = module.origin is Origin.APP or (module.distribution is not None and module.distribution not in kept)
        if own and module.kind in (ModuleKind.SOURCE, ModuleKind.PACKAGE) and module.path is not None:
            bytecode = code[place(module.origin, module.path, feature)]
            if not module.compiled and not has_source(module, sources):
                key = sha256_bytes(bytecode)
                blobs[key] = bytecode
                modules.append(replace(module, sha256=key, compiled=True))
                continue
        modules.append(module)
    stripped = frozenset(wheels.keys() - set(kept)) if sources is not Sources.ALL else frozenset()
    distributions = tuple(
        _stripped(item, manifest, wheels[item.name], blobs) if item.name in stripped else item
        for item in manifest.distributions
    )
    used: set[str | None] = {item.sha256 for item in modules}
    used |= {item.sha256 for item in manifest.resources} | {item.sha256 for item in manifest.natives}
    used |= {item.wheel.sha256 for item in distributions}
    bare = replace(
        manifest,
        modules=tuple(modules),
        distributions=distributions,
        blobs=tuple(sorted((key, data) for key, data in blobs.items() if key in used)),
    )
    return bare, stripped


def _stripped(item: Distribution, manifest: Manifest, wheel: Path, blobs: dict[str, bytes]) -> Distribution:
    """Return a distribution whose wheel has only what goes in beside its modules; the wheel is added to the blobs."""
    wanted = {row.path for row in manifest.resources if row.distribution == item.name}
    wanted |= {row.path for row in manifest.natives if row.distribution == item.name}
    without = [name for name in _members(wheel) if not _METADATA.match(name) and _installed(name) not in wanted]
    content = changed_wheel(wheel, without=without)
    key = sha256_bytes(content)
    blobs[key] = content
    return replace(item, wheel=replace(item.wheel, sha256=key, size=len(content), embedded=True))


def _installed(member: str) -> str:
    """Return the path of a wheel's member below site-packages (binary distribution format: the ``.data`` folder)."""
    match = _SCHEME.match(member)
    if match is None:
        return member
    return {"scripts": f"{_PREFIX}bin/", "data": _PREFIX}.get(match[1], "") + member[match.end() :]


def _members(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return sorted(info.filename for info in archive.infolist() if not info.is_dir())


def _must_be_changeable(report: Report, name: str) -> bool:
    expression = report.component(f"distribution/{name}").verdict.expression
    return expression is None or reach(expression) >= Strength.LIBRARY


def write_application(part: KitApplication, kit: Path) -> None:
    """Write it into a folder of the kit.  Raises OSError."""
    folder = kit / FOLDER
    (folder / WHEELS).mkdir(parents=True)
    (folder / MANIFEST).write_bytes(encode(part.manifest))
    (folder / SETTINGS).write_text(json.dumps(part.settings, indent=1, sort_keys=True) + "\n")
    for wheel in part.wheels:
        shutil.copyfile(wheel, folder / WHEELS / wheel.name)
    if part.profile is not None:
        shutil.copyfile(part.profile, folder / PROFILE)
