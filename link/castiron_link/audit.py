"""Names the component of everything that is in the binary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.errors import LinkError
from castiron_common.files import sha256_bytes
from castiron_link import report
from castiron_link.model import ReportedComponent, ReportedText
from castiron_runtime.model import Component, LicenseText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from castiron_link.model import Piece
    from castiron_link.report import Contribution
    from castiron_manifest.model import Manifest
    from castiron_runtime.model import LinkInputs

STUB = "castiron"
INTERPRETER = "cpython"
"""Name of the component that owns the standard library."""


def audit(
    manifest: Manifest,
    *,
    contributions: Iterable[Contribution],
    taken: Iterable[Piece],
    inputs: LinkInputs,
    stub: Path,
    own: Sequence[Path],
) -> tuple[ReportedComponent, ...]:
    """Return every component of the binary.

    ``taken`` is what the map says, ``stub`` the archive of our own C code, ``own`` are the objects of this link, whose
    owners ``contributions`` has counted.
    Raises `LinkError` if something is in the binary that no component owns.
    """
    by_name = {component.name: component for component in (*inputs.components, own_component())}
    return report.components(
        manifest,
        contributions=contributions,
        pieces=taken,
        owners_of=_finder(by_name, {**inputs.owners, stub: (STUB,)}, frozenset(map(str, own))),
        interpreter=runtime_component(by_name[INTERPRETER]),
    )


def runtime_component(component: Component) -> ReportedComponent:
    """Return a component of the runtime pack as the report has it."""
    return ReportedComponent(
        kind="runtime",
        name=component.name,
        version=component.version,
        license=component.license,
        evidence=component.evidence,
        inclusion=(),
        size=0,
        texts=tuple(ReportedText(path=text.path, sha256=text.sha256, text=text.text) for text in component.texts),
        purl=component.purl,
    )


def own_component() -> Component:
    """Return castiron itself: the stub is in every binary."""
    from importlib.metadata import distribution

    ours = distribution("castiron")
    files = sorted((file for file in ours.files or () if file.name.startswith("LICENSE")), key=lambda file: file.name)
    texts = [(file.name, file.read_text()) for file in files]
    return Component(
        name="castiron",
        version=ours.version,
        purl=f"pkg:pypi/castiron@{ours.version}",
        cpe="",
        license=ours.metadata["License-Expression"],
        evidence="License-Expression",
        texts=tuple(LicenseText(path=name, sha256=sha256_bytes(text.encode()), text=text) for name, text in texts),
        source_sha256="",
    )


def _finder(
    components: Mapping[str, Component], owners: Mapping[Path, tuple[str, ...]], own: frozenset[str]
) -> Callable[[Piece], Sequence[ReportedComponent]]:
    made = {name: runtime_component(component) for name, component in components.items()}

    def find(piece: Piece) -> Sequence[ReportedComponent]:
        if piece.source in own:
            return ()
        names = owners.get(Path(piece.source))
        if not names:
            raise LinkError(
                f"{piece.source} is in the binary, and no component owns it.",
                hint="The license report would be incomplete. This is a bug in castiron, please report it.",
            )
        # The archives of the interpreter hold code of others, too; its bytes count as its own.
        return [made[name] for name in sorted(names, key=lambda name: (name != INTERPRETER, name))]

    return find
