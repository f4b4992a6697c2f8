"""Reads ``pylock.toml`` (PEP 751), a user's or uv's, and picks for each package the file that fits the target best."""

from __future__ import annotations

import tomllib
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
)

from castiron_common.errors import DependencyError, InputError
from castiron_wheels.markers import marker_environment
from castiron_wheels.model import Candidate
from castiron_wheels.tags import fits, supported_tags

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from castiron_common.target import PythonTarget


def read_lock(
    text: str,
    target: PythonTarget,
    *,
    origin: str = "uv's answer",
    folder: Path | None = None,
    extras: Collection[str] = (),
    groups: Collection[str] | None = None,
    every_wheel: bool = False,
    accepted: Mapping[str, Collection[str]] | None = None,
) -> list[Candidate]:
    """Return the chosen files, sorted by name; an sdist only where no wheel fits.

    With ``every_wheel`` return all wheels that fit instead of the best.  Relative paths are relative to ``folder``.
    ``accepted`` limits the files of the distributions it names to those hashes.
    `InputError` if the text is no lock file, `DependencyError` if it has nothing for the target.
    """
    try:
        data = tomllib.loads(text)
        lock = Pylock.from_dict(data)
        if accepted:
            for package in data["packages"]:
                _keep_accepted(package, accepted)
            lock = Pylock.from_dict(data)
    except (ValueError, RecursionError, PylockValidationError) as error:  # tomllib's own errors are ValueErrors
        raise InputError(f"{origin} is not a valid lock file (PEP 751): {error}.", hint="Lock again.") from error
    candidates: list[Candidate] = []
    try:
        selected = lock.select(
            environment=marker_environment(target),
            tags=supported_tags(target),
            extras=extras,
            dependency_groups=groups,
        )
        for package, source in selected:
            if every_wheel:
                wheels = [wheel for wheel in package.wheels or () if fits(wheel.filename, target)]
                candidates.extend(_candidate(package, wheel, folder) for wheel in wheels)
            else:
                candidates.append(_candidate(package, source, folder))
    except PylockSelectError as error:
        raise DependencyError(
            f"{origin} has nothing for {target.platform} and Python {target.python}: {error}.",
            hint="Lock again for that platform too, or give the requirements instead of the lock.",
        ) from error
    return sorted(candidates, key=lambda item: (item.name, item.filename))


def listed_wheels(text: str) -> list[Candidate]:
    """Return every wheel that uv's answer names, whatever it is for; sorted by name and file name."""
    packages = Pylock.from_dict(tomllib.loads(text)).packages
    candidates = [_candidate(package, wheel, None) for package in packages for wheel in package.wheels or ()]
    return sorted(candidates, key=lambda item: (item.name, item.filename))


def listed_sdists(text: str) -> list[Candidate]:
    """Return every source distribution that uv's answer names, sorted by name."""
    packages = Pylock.from_dict(tomllib.loads(text)).packages
    candidates = [_candidate(package, package.sdist, None) for package in packages if package.sdist is not None]
    return sorted(candidates, key=lambda item: item.name)


def listed_versions(text: str) -> dict[str, Candidate]:
    """Return of each distribution that uv's answer takes from an index one file, whatever it is for, by name."""
    packages = Pylock.from_dict(tomllib.loads(text)).packages
    listed: dict[str, Candidate] = {}
    for package in packages:
        source = next(iter(package.wheels or ()), package.sdist)
        if source is not None and package.version is not None:
            listed[package.name] = _candidate(package, source, None)
    return listed


def _keep_accepted(package: dict[str, Any], accepted: Mapping[str, Collection[str]]) -> None:
    """Remove the files whose hashes the user does not accept; `DependencyError` if none remains."""
    pins = accepted.get(str(package.get("name")))
    if pins is None:
        return
    wheels = [wheel for wheel in package.get("wheels", ()) if wheel.get("hashes", {}).get("sha256") in pins]
    sdist = package.get("sdist", {})
    package.pop("wheels", None)
    if wheels:
        package["wheels"] = wheels
    if sdist.get("hashes", {}).get("sha256") not in pins:
        package.pop("sdist", None)
        if not wheels:
            raise DependencyError(
                f"No file of {package['name']} {package.get('version', '')} for the target has one of the hashes "
                "given for it.",
                hint="Add the hashes of all its files (uv pip compile --generate-hashes), not only of this machine's.",
            )


def _candidate(
    package: Package,
    source: PackageVcs | PackageDirectory | PackageArchive | PackageWheel | PackageSdist,
    folder: Path | None,
) -> Candidate:
    version = None if package.version is None else str(package.version)
    match source:
        case PackageWheel() | PackageSdist():
            filename, indexed = source.filename, True
            sdist = isinstance(source, PackageSdist)
        case PackageArchive():
            filename, indexed = unquote(Path(urlsplit(source.url or source.path or "").path).name), False
            sdist = not filename.endswith(".whl")
        case PackageDirectory():
            tree = (folder or Path.cwd()) / source.path / (source.subdirectory or "")
            return Candidate(name=package.name, version=version, filename="", path=tree, sdist=True, indexed=False)
        case PackageVcs():
            if source.type != "git":
                raise DependencyError(
                    f"{package.name} comes from a {source.type} repository.", hint="Only git repositories can be used."
                )
            place = source.url or str((folder or Path.cwd()) / (source.path or ""))
            subdirectory = f"#subdirectory={source.subdirectory}" if source.subdirectory else ""
            url = f"git+{place}@{source.commit_id}{subdirectory}"
            return Candidate(name=package.name, version=version, filename="", url=url, sdist=True, indexed=False)
    path: Path | None = None
    if source.path is not None and (source.url is None or folder is not None):
        path = (folder or Path.cwd()) / source.path
    return Candidate(
        name=package.name,
        version=version,
        filename=filename,
        url=None if path else source.url,
        path=path,
        sha256=dict(source.hashes).get("sha256") if source.hashes else None,
        size=source.size,
        sdist=sdist,
        indexed=indexed and path is None and not (source.url or "").startswith("file:"),
        uploaded=_time(source.upload_time),
    )


def _time(uploaded: datetime | None) -> str | None:
    return None if uploaded is None else uploaded.astimezone(UTC).isoformat(timespec="seconds")
