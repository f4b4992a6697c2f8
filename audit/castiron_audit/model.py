"""The values that make a report: components, the evidence for their licenses, findings, obligations.

Sequences are sorted by the key named in each docstring, so equal inputs give equal reports and equal documents.  The
names of fields are keys of ``--format json`` and of the report in the binary.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from castiron_common.frozen import dataclass
from castiron_manifest.model import Need  # noqa: TC001 - the reader of embedded reports evaluates the annotations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Kind(StrEnum):
    """What a component is."""

    APPLICATION = "application"
    """The program itself."""
    DISTRIBUTION = "distribution"
    """A Python distribution."""
    VENDORED = "vendored"
    """Code of another project in a distribution or in CPython."""
    LIBRARY = "library"
    """A native library that a wheel brings, as a shared object of its own or linked into one."""
    CRATE = "crate"
    """A Rust crate compiled into a shared object of a wheel."""
    DATA = "data"
    """Fonts and other files with a license of their own."""
    RUNTIME = "runtime"
    """CPython, its static libraries, libc, the compiler's runtime, Castiron's own start-up code."""


class Form(StrEnum):
    """The form in which a component is in the binary."""

    STATIC = "static"
    """Machine code, linked."""
    BYTECODE = "bytecode"
    DATA = "data"


class Source(StrEnum):
    """The kinds of evidence for a license, strongest first."""

    SETTLED = "settled"
    """The policy, with a written reason."""
    EXPRESSION = "License-Expression"
    """PEP 639 metadata."""
    RECIPE = "recipe"
    """The runtime pack's recipe, which names the file it was read from."""
    LISTING = "listing"
    """A "Name/Files/License" list in a license file of the wheel."""
    SBOM = "SBOM"
    """An SBOM in the wheel (PEP 770), or what a compiler or a library left in a shared object or font."""
    CATALOGUE = "catalogue"
    """Castiron's tables of libraries, fonts and projects, each row with its source."""
    CLASSIFIER = "classifier"
    """``License ::`` classifiers that name one license."""
    FIELD = "License field"
    """The free-text ``License`` field, if it names one license."""
    TEXT = "license text"
    """A license text, or a notice in one; of a text, ``similarity`` is how much of the known one it has."""
    NONE = "none"


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One statement about the license of a component."""

    source: Source
    where: str
    """The file or field: ``numpy-2.3.4.dist-info/METADATA``, ``pillow.libs/libtiff.so``."""
    says: str
    """The statement in its own words."""
    expression: str | None = None
    """The SPDX expression that it means; None if it is ambiguous."""
    similarity: float | None = None
    """For texts: share of the known text's words that are there; 1.0 is all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The license concluded for a component (SPDX: ``licenseConcluded``), and from what."""

    expression: str | None
    """SPDX license expression; None: unknown."""
    source: Source
    where: str = ""
    similarity: float | None = None
    evidence: tuple[Evidence, ...] = ()
    """Everything that was read, strongest first."""
    reason: str = ""
    """Why, where the source does not explain it (a runtime exception, a settlement)."""


UNKNOWN = Verdict(expression=None, source=Source.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A reference to a license or notice text."""

    path: str
    """Relative to site-packages or to the component's source tree."""
    sha256: str
    """Key of the text in `Report.texts`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the chain of imports or requirements that brings a component in."""

    name: str
    """A module, distribution or file."""
    how: str
    """``required import in app.py, line 3``; empty for the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """Who makes and publishes a component: a person, an organisation or a project."""

    name: str
    url: str = ""
    """``https://...`` or ``mailto:...``; empty if it is not known."""
    reason: str = ""
    """Why this one, where the component does not say it itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A piece of software or data with a license of its own."""

    id: str
    """Unique in the report and the same in every run: ``distribution/numpy``, ``library/numpy/libopenblas``."""
    kind: Kind
    name: str
    version: str = ""
    """Empty if it is unknown."""
    purl: str | None = None
    cpe: str | None = None
    supplier: Supplier | None = None
    """None only while the report is made."""
    hashes: tuple[tuple[str, str], ...] = ()
    """(file name, SHA-256) of wheels, shared libraries or source archives, sorted."""
    verdict: Verdict = UNKNOWN
    texts: tuple[Text, ...] = ()
    copyrights: tuple[str, ...] = ()
    """Copyright notices, as they are written in the texts."""
    forms: tuple[Form, ...] = ()
    size: int = 0
    """Bytes in the file that are its own; those of components that it contains count for these.  What was linked into
    a shared object together with other code counts for what that belongs to: 0 here."""
    parent: str | None = None
    """Id of the component that contains it."""
    requires: tuple[str, ...] = ()
    """Ids of the components that it depends on, sorted."""
    chain: tuple[Step, ...] = ()
    """From the entry point to this component."""
    direct: bool = False
    """For distributions: whether the application itself asks for it."""
    summary: str = ""
    home_page: str = ""
    changes: str = ""
    """What was changed in its published sources before they were compiled; empty if nothing was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a person should know.  Sorted by (severity, code, component, message)."""

    code: str
    """Stable identifier: ``unknown-license``."""
    severity: Severity
    component: str
    """Id of the component."""
    message: str
    settled: str | None = None
    """The reason that the policy gives why it does not matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """Something that has to be done because of a license.  Sorted by (code)."""

    code: str
    """``attribution``, ``source-offer`` ..."""
    title: str
    text: str
    source: str
    """The licenses and sections that ask for it."""
    components: tuple[str, ...]
    """Ids, sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A component that the policy refuses."""

    component: str
    reason: str
    """``GPL-3.0-only is denied``."""
    remedy: str
    """What to do about it."""


class Overhead(StrEnum):
    """What bytes of an executable are that belong to no component."""

    INDEX = "index"
    """Where modules, files and shared objects lie, and what they are called."""
    MERGED = "merged"
    """Constants that several components share, and tables that the linker makes of all of them."""
    HEADERS = "headers"
    """ELF headers, and the table of sections with their names."""
    PADDING = "padding"
    """So that what follows is aligned."""
    REPORT = "report"
    """The audit's own data: bill of materials, report, notices, with their section headers."""
    OTHER = "other"
    """What was added to the file after it was linked."""


@dataclass(frozen=True, kw_only=True)  # without slots, for the cached property
class Report:
    """The whole audit."""

    name: str
    version: str
    generator: str
    """``castiron 0.1.0``."""
    target: str
    """Name of the target."""
    python: str
    """``3.13.5``."""
    license: str | None = None
    """The application's own; None if its project does not say it."""
    linked: bool = False
    """True if the components are those of the linker's map; False if they are expected from a manifest."""
    policy: str = "none"
    """The policy that was applied, in one line."""
    components: tuple[Component, ...] = ()
    """Sorted by (kind, name, version, id); the application first."""
    findings: tuple[Finding, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    """Sorted by component."""
    needs: tuple[Need, ...] = ()
    """What the program needs of the machine, and which modules do."""
    unmatched: tuple[str, ...] = ()
    """Rules of the policy that name no component, each with what may be meant."""
    overhead: tuple[tuple[Overhead, int], ...] = ()
    """Bytes of the file that belong to no component; with those of the components they are the whole file."""
    file_size: int = 0
    """Bytes of the executable; 0 in the report within it, which cannot know it, and in that on a manifest."""
    texts: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Each text once: (sha256, text), sorted."""

    def component(self, key: str) -> Component:
        """Return the component with an id; KeyError if there is none."""
        return self._by_id[key]

    @cached_property
    def _by_id(self) -> Mapping[str, Component]:
        return {item.id: item for item in self.components}

    def display_name(self, component: Component) -> str:
        """Return how messages and documents name a component: ``libquadmath 14.2.0 (in scipy)``."""
        name = f"{component.name} {component.version}".strip()
        return f"{name} (in {self.component(component.parent).name})" if component.parent else name


KIND_ORDER = {kind: index for index, kind in enumerate(Kind)}


def sort_key(component: Component) -> tuple[int, str, str, str]:
    """Return the key by which components are sorted."""
    return KIND_ORDER[component.kind], component.name.lower(), component.version, component.id


SEVERITY_ORDER = {severity: index for index, severity in enumerate(reversed(Severity))}


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, each once, the most severe first."""
    return tuple(
        sorted(set(findings), key=lambda item: (SEVERITY_ORDER[item.severity], item.code, item.component, item.message))
    )
