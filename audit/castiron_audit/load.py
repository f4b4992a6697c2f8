"""What can be audited: a manifest, or a binary that carries its bill of materials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_audit.collect import application_version, build_report
from castiron_audit.embedded import read_embedded
from castiron_common.errors import InputError
from castiron_elf.abi import MAGIC

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_audit.model import Report
    from castiron_audit.policy import Policy
    from castiron_common.progress import Reporter
    from castiron_manifest.model import Manifest


def read(path: Path, policy: Policy, *, with_site: bool, reporter: Reporter) -> Report:
    """Return the report on a file.

    Raises `InputError` if it is neither, and what the wheels of a manifest may raise.
    """
    if str(path) != "-" and _is_elf(path):
        return read_embedded(path).report
    from castiron_manifest.reader import read_manifest

    manifest = read_manifest(path)
    return build_report(
        manifest,
        site=site_of(manifest, reporter) if with_site else None,
        license_=policy.license,
        version=application_version(manifest, policy),
    )


def site_of(manifest: Manifest, reporter: Reporter) -> Path | None:
    """Return the installed ``site-packages`` of a manifest's distributions; None if there are none."""
    if not manifest.distributions:
        return None
    from castiron_wheels.fetch import fetch
    from castiron_wheels.install import installation_prefix, site_packages

    blobs = dict(manifest.blobs)
    wheels = [
        fetch(
            item.name, item.version, item.wheel, manifest.target, blob=blobs.get(item.wheel.sha256), reporter=reporter
        )
        for item in manifest.distributions
    ]
    return site_packages(installation_prefix(wheels, manifest.target), manifest.target)


def outdated(folder: Path, newest: str) -> list[tuple[str, str, str]]:
    """Return (path, Python, name) of the binaries under a folder that hold an older Python than ``newest``, sorted.

    Files that castiron did not link are passed over.  Raises `InputError` if there is no such folder.
    """
    from packaging.version import InvalidVersion, Version

    if not folder.is_dir():
        raise InputError(f"{folder} is no folder.", hint="--outdated looks through a folder of binaries.")
    try:
        wanted = Version(newest)
    except InvalidVersion as error:
        raise InputError(f"{newest!r} is no Python version.", hint="Write it as 3.13.5.") from error
    rows = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink() or not _is_elf(path):
            continue
        try:
            found = read_embedded(path)
        except InputError:
            continue
        if Version(found.report.python) < wanted:
            rows.append((path.relative_to(folder).as_posix(), found.report.python, found.report.name))
    return rows


def _is_elf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.", hint="Name a binary or a manifest.") from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder.", hint="Name a binary or a manifest, or add --outdated.") from error
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.", hint="Check its permissions.") from error
