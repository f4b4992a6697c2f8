"""What is really in the binary: every component with its version, license, form, size and license texts.

Static code is taken from the linker's map, so a library that was offered but not needed is not listed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from castiron_link.model import Inclusion, ReportedComponent, ReportedText
from castiron_link.sbom import vendored

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from castiron_link.model import Piece
    from castiron_manifest.model import Distribution, LicenseEvidence, LicenseFile, Manifest

UNKNOWN = "unknown"
"""The license of a component that says nothing about it: a finding, never a guess."""

_OSI = "License :: OSI Approved :: "
_ORDER = {"application": 0, "distribution": 1, "vendored": 2, "runtime": 3}
_RULE = "=" * 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """How much of one form an owner brought in."""

    owner: str
    """``app``, ``stdlib`` or the name of a distribution."""
    inclusion: Inclusion
    size: int
    """Bytes."""


def components(
    manifest: Manifest,
    *,
    contributions: Iterable[Contribution],
    pieces: Iterable[Piece],
    owners_of: Callable[[Piece], Sequence[ReportedComponent]],
    interpreter: ReportedComponent,
) -> tuple[ReportedComponent, ...]:
    """Return every component of the binary.

    ``owners_of`` names the runtime components that a linked object comes from (size and inclusion are ignored), the
    one that its bytes count for first; none for the application's own objects.  ``interpreter`` owns the bytecode of
    the standard library.
    """
    sizes: dict[str, dict[Inclusion, int]] = {}
    for contribution in contributions:
        forms = sizes.setdefault(contribution.owner, {})
        forms[contribution.inclusion] = forms.get(contribution.inclusion, 0) + contribution.size

    runtime: dict[str, tuple[ReportedComponent, dict[Inclusion, int]]] = {}
    if "stdlib" in sizes:
        runtime[interpreter.name] = (interpreter, sizes.pop("stdlib"))
    for piece in pieces:
        for index, component in enumerate(owners_of(piece)):
            _, forms = runtime.setdefault(component.name, (component, {}))
            forms[Inclusion.STATIC] = forms.get(Inclusion.STATIC, 0) + (0 if index else piece.size)

    found = [_sized(component, forms) for component, forms in runtime.values()]
    texts = dict(manifest.texts)
    found += [
        _sized(_distribution(distribution, texts), sizes[distribution.name])
        for distribution in manifest.distributions
        if distribution.name in sizes
    ]
    # What is compiled into a wheel's shared objects has no size of its own: it is part of the wheel's.
    found += [
        replace(component, inclusion=(Inclusion.STATIC,))
        for distribution in manifest.distributions
        if Inclusion.STATIC in sizes.get(distribution.name, {})
        for sbom in distribution.license.sboms
        for component in vendored(distribution, texts[sbom.sha256], unknown=UNKNOWN)
    ]
    if "app" in sizes:
        found.append(_sized(_application(manifest), sizes["app"]))
    return tuple(sorted(found, key=lambda row: (_ORDER[row.kind], row.name, row.version)))


def license_of(evidence: LicenseEvidence) -> tuple[str, str]:
    """Return (license, which evidence says so).  An expression beats a classifier beats the free-text field."""
    if evidence.expression:
        return evidence.expression, "License-Expression"
    named = [item for item in evidence.classifiers if item.startswith("License ::") and item != _OSI.rstrip(" :")]
    if named:
        return " AND ".join(item.rsplit(" :: ", 1)[-1] for item in named), "classifier"
    if evidence.text and (first := evidence.text.strip().splitlines()):
        return first[0][:80], "license field"
    return UNKNOWN, "license file" if evidence.files else "none"


def render(name: str, components: Collection[ReportedComponent]) -> str:
    """Return the text of ``<output>.licenses.txt``: a table, then every license text once."""
    lines = [
        f"Components of {name}",
        "",
        "What is in this executable, in which form (static: machine code; bytecode: Python code; data: files), and",
        "under which license.  Sizes are bytes in the executable.",
        "",
    ]
    header = ("component", "version", "license", "form", "bytes", "texts")
    numbers = _numbered(components)
    rows = [
        (
            component.name,
            component.version,
            component.license,
            "+".join(component.inclusion),
            str(component.size),
            " ".join(f"[{numbers[text.sha256]}]" for text in component.texts) or "-",
        )
        for component in components
    ]
    widths = [min(60, max(len(row[column]) for row in (header, *rows))) for column in range(len(header))]
    lines += [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, tuple("-" * width for width in widths), *rows)
    ]
    lines += ["", "Where the licenses come from:", ""]
    lines += [f"  {component.name}: {component.evidence}" for component in components]
    lines.append("")
    for sha256, number in numbers.items():
        users = [(component, text) for component in components for text in component.texts if text.sha256 == sha256]
        lines += [_RULE, f"[{number}]"]
        lines += [f"{component.name} {component.version}: {text.path}" for component, text in users]
        lines += [_RULE, "", users[0][1].text.strip("\n"), ""]
    return "\n".join(lines) + "\n"


def _numbered(components: Iterable[ReportedComponent]) -> Mapping[str, int]:
    numbers: dict[str, int] = {}
    for component in components:
        for text in component.texts:
            numbers.setdefault(text.sha256, len(numbers) + 1)
    return numbers


def _sized(component: ReportedComponent, forms: Mapping[Inclusion, int]) -> ReportedComponent:
    present = tuple(form for form in Inclusion if form in forms)
    return replace(component, inclusion=present, size=sum(forms.values()))


def _application(manifest: Manifest) -> ReportedComponent:
    return ReportedComponent(
        kind="application",
        name=manifest.entry.name,
        version="",
        license="its own",
        evidence="not part of the audit",
        inclusion=(),
        size=0,
    )


def _distribution(distribution: Distribution, texts: Mapping[str, str]) -> ReportedComponent:
    license_, evidence = license_of(distribution.license)
    return ReportedComponent(
        kind="distribution",
        name=distribution.name,
        version=distribution.version,
        license=license_,
        evidence=evidence,
        inclusion=(),
        size=0,
        texts=tuple(_text(file, texts) for file in distribution.license.files),
        purl=distribution.purl,
    )


def _text(file: LicenseFile, texts: Mapping[str, str]) -> ReportedText:
    return ReportedText(path=file.path, sha256=file.sha256, text=texts[file.sha256])
