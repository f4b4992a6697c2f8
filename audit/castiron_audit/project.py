"""Reads what the application's project says of itself: ``[project]`` of its ``pyproject.toml`` (PEP 621, PEP 639)."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from castiron_audit.expressions import from_field, normalise
from castiron_audit.model import Supplier
from castiron_common.errors import InputError, reason
from castiron_common.frozen import dataclass
from castiron_manifest.model import Origin

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_manifest.model import Manifest

_CLOSED = re.compile(r"proprietary|commercial|closed.source|all rights reserved|confidential|\beula\b", re.IGNORECASE)
"""Words by which projects say that they are not free, before and beside ``LicenseRef-Proprietary``."""
_PROPRIETARY = "LicenseRef-Proprietary"
_CLOSED_CLASSIFIER = "License :: Other/Proprietary License"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What ``[project]`` of a ``pyproject.toml`` says."""

    name: str = ""
    version: str = ""
    """Empty if it is not there, or if a build back-end finds it out (``dynamic``)."""
    license: str | None = None
    """SPDX expression."""
    supplier: Supplier | None = None
    """The first of its authors, else of its maintainers, with an address that leads to them."""
    folder: Path | None = None
    """Where the file is; None: there is none."""
    unread: str = ""
    """What it says of its license that is no SPDX expression and of which the meaning is not certain."""

    def describe(self) -> str:
        """Return name, version and license in one line."""
        return ", ".join(filter(None, (f"{self.name} {self.version}".strip(), self.license)))

    def is_named(self, name: str) -> bool:
        """Return whether this is the project's name, as package indexes compare names."""
        return bool(self.name) and canonicalize_name(self.name) == canonicalize_name(name)

    def is_of(self, manifest: Manifest) -> bool:
        """Return whether the application of a manifest is this project's: by name, or because its files are there."""
        if self.folder is None:
            return False
        entry = manifest.entry
        if self.is_named(entry.name) or self.is_named(entry.distribution or ""):
            return True
        if entry.origin is not Origin.APP:
            return False
        started = next((item.path for item in manifest.modules if item.name == entry.module), None)
        roots = (self.folder, self.folder / "src")
        return any((root / path).is_file() for root in roots for path in (entry.path, started) if path)


def own_project(project: Project, manifest: Manifest) -> Project:
    """Return the project if the application is its own, else one that says nothing."""
    return project if project.is_of(manifest) else Project()


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file.  Raises `InputError`."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.", hint="--policy names a TOML file or a pyproject.toml.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            f"{path} cannot be read as TOML: {reason(error)}.", hint="Correct it, see docs/licensing.md."
        ) from error


def parse_project(document: dict[str, Any], folder: Path) -> Project:
    """Return what the table ``[project]`` says; a field of another type than PEP 621 has is passed over."""
    rows = document.get("project")
    if not isinstance(rows, dict):
        return Project()
    name, version = rows.get("name"), rows.get("version")
    license_, unread = _license(rows)
    return Project(
        name=name if isinstance(name, str) else "",
        version=version if isinstance(version, str) else "",
        license=license_,
        supplier=_supplier(rows),
        folder=folder,
        unread=unread,
    )


def _license(rows: dict[str, Any]) -> tuple[str | None, str]:
    """Return the license and, if its meaning is not certain, its words."""
    said = rows.get("license")
    if isinstance(said, dict):
        said = said.get("text")
    if isinstance(said, str) and said.strip():
        first = said.strip().splitlines()[0]
        meant = normalise(said) or from_field(first)
        if meant:
            return str(meant), ""
        if _CLOSED.search(said):
            return _PROPRIETARY, ""
        return None, first
    classifiers = rows.get("classifiers")
    if isinstance(classifiers, list) and _CLOSED_CLASSIFIER in classifiers:
        return _PROPRIETARY, ""
    return None, ""


def _supplier(rows: dict[str, Any]) -> Supplier | None:
    """Return who makes the application; the address is an e-mail address, else the project's home page."""
    urls = rows.get("urls")
    named = {name.lower(): url for name, url in urls.items() if isinstance(url, str)} if isinstance(urls, dict) else {}
    home = next((named[name] for name in ("homepage", "home", "repository", "source") if name in named), "")
    for key in ("authors", "maintainers"):
        people = rows.get(key)
        for person in people if isinstance(people, list) else ():
            if not isinstance(person, dict):
                continue
            name, email = person.get("name"), person.get("email")
            if isinstance(name, str) or isinstance(email, str):
                address = f"mailto:{email}" if isinstance(email, str) else home
                return Supplier(name=str(name or email), url=address)
    return None
