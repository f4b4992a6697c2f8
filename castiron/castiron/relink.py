"""Links the application of a relink kit again, with other contents of its distributions.

This is what a recipient of an executable does who changes a component under the LGPL: without the application's
sources, and without its developer's manifest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cattrs import BaseValidationError, Converter
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from castiron_audit.model import Supplier
from castiron_audit.policy import Policy, Rule
from castiron_audit.project import Project
from castiron_common.errors import InputError, UsageError, reason
from castiron_common.files import sha256_file
from castiron_common.target import PythonTarget
from castiron_common.working import working_folder
from castiron_elf.abi import is_elf
from castiron_link.driver import Request, link
from castiron_link.model import LinkOptions
from castiron_link.relink_application import FOLDER, MANIFEST, PROFILE, SETTINGS, WHEELS
from castiron_manifest.model import Module, ModuleKind, Origin, Resource, Wheel
from castiron_manifest.reader import read_manifest
from castiron_manifest.validate import SORT_KEYS
from castiron_runtime.target_files import load_target
from castiron_trace.licenses import evidence
from castiron_trace.natives import Candidate, natives
from castiron_wheels.fetch import fetch_all, keep
from castiron_wheels.install import installation_prefix, site_packages
from castiron_wheels.record import installed_records
from castiron_wheels.wheel_changes import changed_wheel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_link.model import LinkResult
    from castiron_manifest.model import Distribution, Manifest
    from castiron_wheels.record import InstalledRecord

_DISTRIBUTED = Policy(
    exceptions=(
        Rule(component="*", reason="relinked from a kit: whoever made it decided on the licenses", optional=True),
    )
)
"""The recipient of an executable is not asked again what its developer may let in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What a relink kit has of the application."""

    manifest: Manifest
    wheels: Mapping[str, Path]
    """By distribution: its wheel in the kit, which may be another one than the manifest names."""
    options: LinkOptions
    project: Project
    files: Mapping[str, tuple[str, ...]]
    """By distribution: the files of the wheel that the executable was linked of."""
    profile: Path | None


def relink(
    folder: Path,
    *,
    replaced: Mapping[str, Path],
    output: Path | None,
    relink_kit: Path | None,
    epoch: int | None,
    sbom: bool,
    reporter: Reporter,
) -> tuple[LinkResult, tuple[str, ...]]:
    """Link the application of a kit; return the result, and the names of the distributions that are changed.

    ``replaced`` are new contents of files of distributions, by path relative to site-packages; wheels that were put in
    the place of others in the kit count, too.  Raises subclasses of `CastironError`.
    """
    kit = read_kit(folder)
    with working_folder("relink") as work:
        wheels = {name: keep(path) for name, path in with_replaced(kit, replaced, work).items()}
        known = {item.name: item.wheel.sha256 for item in kit.manifest.distributions}
        changed = sorted(name for name, path in wheels.items() if sha256_file(path) != known[name])
        manifest = with_changed(kit, wheels, changed, reporter) if changed else kit.manifest
    request = Request(
        manifest=manifest,
        output=output,
        options=kit.options,
        policy=_DISTRIBUTED,
        documents=(),
        sbom=sbom,
        epoch=epoch,
        project=kit.project,
        training=kit.profile,
        relink_kit=relink_kit,
    )
    return link(request, reporter=reporter), tuple(changed)


def read_kit(folder: Path) -> Kit:
    """Read the application of a kit.  Raises `InputError` and `ManifestError`."""
    inner = folder / FOLDER
    if not (inner / MANIFEST).is_file():
        raise InputError(
            f"{folder} is not a relink kit with an application.", hint="Name the folder that `link --relink-kit` wrote."
        )
    manifest = read_manifest(inner / MANIFEST)
    try:
        settings = json.loads((inner / SETTINGS).read_text(encoding="utf-8"))
        options = Converter().structure(settings["options"], LinkOptions)
        project = _project(settings["project"])
        files = Converter().structure(settings["files"], dict[str, tuple[str, ...]])
    except (OSError, ValueError, KeyError, TypeError, BaseValidationError) as error:
        raise InputError(
            f"{inner / SETTINGS} cannot be read: {reason(error)}.",
            hint="Get the kit again from whoever gave it to you.",
        ) from error
    profile = inner / PROFILE
    return Kit(
        manifest=manifest,
        wheels=dict(_wheels(inner / WHEELS, manifest)),
        options=options,
        project=project,
        files=files,
        profile=profile if profile.is_file() else None,
    )


def _project(said: Mapping[str, Any]) -> Project:
    supplier = said["supplier"]
    return Project(
        name=said["name"],
        version=said["version"],
        license=said["license"],
        supplier=None if supplier is None else Converter().structure(supplier, Supplier),
    )


def _wheels(folder: Path, manifest: Manifest) -> Iterator[tuple[str, Path]]:
    """Yield the distributions that may be changed, with the one wheel that each has in the kit."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.whl")):
        try:
            found.setdefault(parse_wheel_filename(path.name)[0], []).append(path)
        except InvalidWheelFilename as error:
            raise InputError(
                f"{path} does not have the name of a wheel: {error}.", hint="Name it as PEP 427 says."
            ) from error
    blobs = {key for key, _ in manifest.blobs}
    for item in manifest.distributions:
        match found.pop(item.name, []):
            case [path]:
                yield item.name, path
            case []:
                if item.wheel.sha256 not in blobs:
                    raise InputError(f"{folder} has no wheel of {item.name}.", hint="Put one there.")
            case [first, second, *_]:
                raise InputError(
                    f"{folder} has several wheels of {item.name}: {first.name}, {second.name}.",
                    hint="Remove all but one.",
                )
    if found:
        name = min(found)
        raise InputError(
            f"{found[name][0]} belongs to no distribution of the executable.",
            hint="Only wheels of distributions in it can be replaced.",
        )


def with_replaced(kit: Kit, replaced: Mapping[str, Path], work: Path) -> dict[str, Path]:
    """Return the kit's wheels, changed ones in ``work``, with these files instead of their own."""
    wheels = dict(kit.wheels)
    changes: dict[str, dict[str, bytes]] = {}
    owners = {path: name for name in sorted(kit.files) for path in kit.files[name]}
    for path, file in replaced.items():
        if path not in owners:
            raise UsageError(
                f"{path} is a file of no distribution that can be changed.",
                hint="Give its path below site-packages; application/link.json of the kit lists all.",
            )
        try:
            changes.setdefault(owners[path], {})[path] = file.read_bytes()
        except OSError as error:
            raise InputError(f"Cannot read {file}: {error.strerror}.", hint="Name the changed file.") from error
    for name, contents in changes.items():
        made = work / wheels[name].name
        made.write_bytes(changed_wheel(wheels[name], changes=contents))
        wheels[name] = made
    return wheels


def with_changed(kit: Kit, wheels: Mapping[str, Path], changed: Iterable[str], reporter: Reporter) -> Manifest:
    """Return the manifest with what these distributions now have.

    Modules and files that were left out of the executable stay so; those that a distribution did not have before go in.
    """
    manifest = kit.manifest
    target = load_target(manifest.target.platform)
    python_target = PythonTarget(
        target=target, python=manifest.target.python, version=manifest.pack.removeprefix("cpython-")
    )
    changed = frozenset(changed)
    distributions = tuple(
        _renewed(item, wheels[item.name]) if item.name in changed else item for item in manifest.distributions
    )
    files = fetch_all(distributions, python_target, blobs=dict(manifest.blobs), reporter=reporter)
    site = site_packages(installation_prefix(files, python_target), python_target)
    records = installed_records(site)
    texts = dict(manifest.texts)
    modules = [item for item in manifest.modules if item.distribution not in changed]
    resources = [item for item in manifest.resources if item.distribution not in changed]
    candidates: dict[str, list[Candidate]] = {
        name: [(item.path, site / item.path, None) for item in manifest.natives if item.distribution == name]
        for name in {item.distribution for item in manifest.natives if item.origin is Origin.DISTRIBUTION} - changed
    }
    for name in sorted(changed):
        record = records[name]
        present = [path for path in record.files if (site / path).is_file()]
        shared = [path for path in present if is_elf(site / path)]
        candidates[name] = [(path, site / path, record.sha256.get(path)) for path in shared]
        before = frozenset(kit.files[name])
        modules += _modules(manifest, name, present, before, frozenset(shared))
        resources += _resources(manifest, name, present, before, site=site, record=record)
    described, _findings = natives(candidates, target)
    own = [item for item in manifest.natives if item.origin is Origin.APP]
    taken = {(item.distribution, item.path) for item in modules}
    made = replace(
        manifest,
        distributions=tuple(
            replace(item, license=evidence(site, records[item.name].dist_info, records[item.name].files, texts))
            if item.name in changed
            else item
            for item in distributions
        ),
        modules=tuple(sorted(modules, key=SORT_KEYS["modules"])),
        resources=tuple(
            sorted(
                (item for item in resources if (item.distribution, item.path) not in taken), key=SORT_KEYS["resources"]
            )
        ),
        natives=tuple(sorted((*own, *described), key=SORT_KEYS["natives"])),
    )
    return replace(made, texts=tuple(sorted(texts.items())))


def _renewed(item: Distribution, wheel: Path) -> Distribution:
    name, version, _, _ = parse_wheel_filename(wheel.name)
    digest, size = sha256_file(wheel), wheel.stat().st_size
    return replace(
        item,
        version=str(version),
        wheel=Wheel(filename=wheel.name, sha256=digest, size=size),
        purl=f"pkg:pypi/{canonicalize_name(name)}@{version}",
    )


def _modules(
    manifest: Manifest, name: str, present: Iterable[str], before: frozenset[str], shared: frozenset[str]
) -> Iterator[Module]:
    listed = [item for item in manifest.modules if item.distribution == name]
    here = frozenset(present)
    yield from (item for item in listed if item.path is None or item.path in here)
    known = {item.path for item in listed}
    for path in sorted(here - before - known):
        stem, dot, ending = path.partition(".")
        if path in shared:
            kind = ModuleKind.EXTENSION
        elif dot and ending == "py":
            kind = ModuleKind.PACKAGE if stem.endswith("/__init__") else ModuleKind.SOURCE
        else:
            continue
        module = stem.removesuffix("/__init__").replace("/", ".")
        if all(part.isidentifier() for part in module.split(".")):
            yield Module(name=module, kind=kind, origin=Origin.DISTRIBUTION, distribution=name, path=path)


def _resources(
    manifest: Manifest,
    name: str,
    present: Iterable[str],
    before: frozenset[str],
    *,
    site: Path,
    record: InstalledRecord,
) -> Iterator[Resource]:
    """Yield the files that go in; those of dist-info are called after the version."""
    listed = {_current(item.path, record.dist_info): item for item in manifest.resources if item.distribution == name}
    for path in present:
        item = listed.get(path)
        size = (site / path).stat().st_size
        if item is not None:
            yield replace(item, path=path, size=size)
        elif path not in before and not path.endswith(".py") and f"{record.dist_info}/" not in path:
            yield Resource(path=path, origin=Origin.DISTRIBUTION, distribution=name, size=size)


def _current(path: str, dist_info: str) -> str:
    folder, slash, rest = path.partition("/")
    return f"{dist_info}/{rest}" if slash and folder.endswith(".dist-info") else path
