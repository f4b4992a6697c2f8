"""What the detectors gather: components of one distribution while they are put together, and findings."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from castiron_audit.model import Finding, Form, Kind, Severity
from castiron_audit.names import normalised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_audit.bundles import Package
    from castiron_audit.catalogue import CatalogueEntry
    from castiron_audit.detection.contents import DistributionContents
    from castiron_audit.model import Evidence
    from castiron_manifest.model import Native


@dataclass(slots=True)
class DetectedComponent:
    """A third-party component that is being put together."""

    kind: Kind
    name: str
    version: str = ""
    purl: str | None = None
    cpe: str | None = None
    evidence: list[Evidence] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """License texts by path."""
    natives: list[Native] = field(default_factory=list)
    """The shared objects that it consists of."""
    forms: set[Form] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    """The files that are its own alone, relative to site-packages."""
    reason: str = ""
    """Why its license is the one that the catalogue names."""
    file_patterns: tuple[str, ...] = ()
    """Its files as a list of third-party software names them."""
    proven: bool = True
    """False while only an SBOM names it, and as optional."""
    shows: bool = False
    """True if texts in a shared object show it."""
    named_in: str = ""
    """Code of the finding that names it together with others if nothing tells its license; empty if it has its own."""
    own: bool = False
    """True if it is a part of the distribution's own project, such as a crate of its workspace."""
    copy_of: DetectedComponent | None = None
    """The first component of its name, if that has another version."""

    def add_catalogue_entry(self, entry: CatalogueEntry, major_version: int | None = None) -> None:
        """Add what the catalogue says about the license."""
        evidence = entry.evidence(major_version)
        if evidence not in self.evidence:
            self.evidence.append(evidence)
        self.reason = self.reason or entry.reason


_REVISION = re.compile(r"-\d[\w.+~]*$")
"""The release of a Linux distribution's package: ``1.2.11-18.el8_3``."""


def _is_one_version(left: str, right: str) -> bool:
    left, right = _REVISION.sub("", left), _REVISION.sub("", right)
    return not left or not right or f"{left}.".startswith(f"{right}.") or f"{right}.".startswith(f"{left}.")


class Collector:
    """What the detectors have found in one distribution so far.

    The same library often shows in several sources; all of them add to one component, identified by its kind and its
    normalised name (crates: by name and version).
    """

    def __init__(self, contents: DistributionContents) -> None:
        self.contents = contents
        self.components: dict[tuple[Kind, str], DetectedComponent] = {}
        self.findings: list[Finding] = []
        self.own_license: Evidence | None = None
        """What an SBOM says about the license of the distribution itself."""
        self.own_texts: dict[str, str] = {}
        """License files of the project itself that only its sources have, by their places."""
        self.package_folders: dict[str, Package] = {}
        """Packages of JavaScript by the folders that have their manifests."""
        self.named_versions: dict[str, set[str]] = {}
        """Versions by normalised names of projects, as paths of sources in shared objects have them."""
        self.has_crates = False
        """True if a bill of materials of the wheel lists crates."""

    def component(self, kind: Kind, name: str, version: str = "") -> DetectedComponent:
        """Return the component of a kind and name, a new one if there is none yet; ``version`` is that of a crate."""
        key = (kind, f"{normalised(name)}@{version}" if kind is Kind.CRATE else normalised(name))
        if kind is Kind.VENDORED and key not in self.components:
            # Banners write the same name with and without the suffix: numeral.js is numeral.
            other = (kind, key[1].removesuffix("-js") if key[1].endswith("-js") else f"{key[1]}-js")
            key = other if other in self.components else key
        if key not in self.components:
            self.components[key] = DetectedComponent(kind=kind, name=name, version=version)
        return self.components[key]

    def copy_of(self, kind: Kind, name: str, version: str) -> DetectedComponent:
        """Return the component of a name that has this version or none so far, a further one for another version.

        A distribution may have several versions of a script: 3.5 and 3.5.1 are one, as names of files cut versions.
        """
        first = self.component(kind, name)
        known = next((item for item in self._copies(first) if _is_one_version(item.version, version)), None)
        if known is not None:
            return known
        component = DetectedComponent(kind=kind, name=first.name, version=version, copy_of=first)
        self.components[kind, f"{normalised(first.name)}@{version}"] = component
        return component

    def has_text_of(self, kind: Kind, name: str, beginning: str) -> bool:
        """Return whether a component of a name has a text whose path begins so."""
        return any(
            path.startswith(beginning) for item in self._copies(self.component(kind, name)) for path in item.texts
        )

    def _copies(self, first: DetectedComponent) -> list[DetectedComponent]:
        return [item for item in self.components.values() if item is first or item.copy_of is first]

    def add_finding(self, code: str, severity: Severity, message: str) -> None:
        """Add a finding on the distribution itself."""
        component_id = self.contents.component_id
        self.findings.append(Finding(code=code, severity=severity, component=component_id, message=message))

    def forms_of(self, patterns: Sequence[str]) -> set[Form]:
        """Return the forms of the files that patterns match.

        Sources of compiled code match nothing; they are machine code if the distribution has shared objects.
        """
        forms: set[Form] = set()
        for pattern in patterns:
            installed = pattern.removeprefix("lib/")
            for path in self.contents.paths:
                if fnmatch.fnmatch(path, installed) or path.startswith(f"{installed}/"):
                    forms.add(Form.BYTECODE if path.endswith(".py") else Form.STATIC if ".so" in path else Form.DATA)
        return forms or ({Form.STATIC} if patterns and self.contents.natives else set())
