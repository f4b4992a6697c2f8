"""Loads the report on a file: from a binary that castiron linked, or made from a manifest."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from castiron_audit.application import application_version
from castiron_audit.collect import build_report
from castiron_audit.embedded import accounted, read_embedded
from castiron_audit.examination import examinations_for
from castiron_audit.formats.ids import Artifact
from castiron_audit.project import own_project
from castiron_common.errors import InputError, UsageError
from castiron_common.files import sha256_file
from castiron_elf.abi import is_elf

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_audit.model import Report
    from castiron_audit.policy import Policy
    from castiron_common.progress import Reporter
    from castiron_manifest.model import Manifest
    from castiron_wheels.source_archives import SourceArchive


def load_report(
    path: Path, policy: Policy, *, with_site: bool, with_sdists: bool = False, reporter: Reporter
) -> Report:
    """Return the report that a binary carries, or that on a manifest before it is linked; ``-`` is a manifest on stdin.

    ``with_site``: for a manifest, also read the files of its distributions, which are fetched if need be.
    ``with_sdists``: and their source distributions.  Raises `InputError` if the file is neither, `UsageError` if a
    binary is to be compared with sources, and what `castiron_wheels.fetch` raises.
    """
    if str(path) != "-" and is_binary(path):
        if with_sdists:
            raise UsageError(
                f"{path} has a report that was made when it was linked: --sdists cannot add to it.",
                hint="Audit its manifest with --sdists, or link it with --sdists.",
            )
        return accounted(read_embedded(path).report, path)
    from castiron_manifest.reader import read_manifest

    manifest = read_manifest(path)
    project = own_project(policy.project, manifest)
    site = installed_site(manifest, reporter) if with_site else None
    sdists: tuple[SourceArchive, ...] = ()
    if with_sdists:
        from castiron_audit.wanted_sdists import wanted_sdists

        sdists = wanted_sdists(manifest, reporter)
    with examinations_for(site) as known:
        return build_report(
            manifest,
            site=site,
            license_=project.license,
            version=application_version(manifest, project),
            name=project.name,
            supplier=project.supplier,
            signatures=policy.signatures,
            known=known,
            sdists=sdists,
        )


def artifact_of(path: Path) -> Artifact | None:
    """Return an executable as documents name it, None for a manifest."""
    if str(path) == "-" or not is_binary(path):
        return None
    with path.open("rb") as file:
        sha512 = hashlib.file_digest(file, "sha512").hexdigest()
    return Artifact(filename=path.name, sha256=sha256_file(path), sha512=sha512)


def installed_site(manifest: Manifest, reporter: Reporter) -> Path | None:
    """Return the installed ``site-packages`` of a manifest's distributions; None if there are none."""
    if not manifest.distributions:
        return None
    from castiron_runtime.packs import python_target
    from castiron_runtime.target_files import load_target
    from castiron_wheels.fetch import fetch
    from castiron_wheels.install import installation_prefix, site_packages

    target = python_target(load_target(manifest.target.platform), manifest.target.python)
    blobs = dict(manifest.blobs)
    wheels = [
        fetch(item.name, item.version, item.wheel, target, blob=blobs.get(item.wheel.sha256), reporter=reporter)
        for item in manifest.distributions
    ]
    return site_packages(installation_prefix(wheels, target), target)


def is_binary(path: Path) -> bool:
    """Return whether a file is an executable, and no manifest.  Raises `InputError` if it cannot be read."""
    try:
        return is_elf(path)
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.", hint="Name a binary or a manifest.") from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder.", hint="Name a binary or a manifest, or add --outdated.") from error
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.", hint="Check its permissions.") from error
