"""Names the component of everything that is in the binary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.errors import LinkError
from castiron_link import report
from castiron_link.model import ReportedComponent, ReportedText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from castiron_link.model import Piece
    from castiron_link.report import Contribution
    from castiron_manifest.model import Manifest
    from castiron_runtime.model import Component, LinkInputs

INTERPRETER = "cpython"
"""Name of the component that owns the standard library."""


def audit(
    manifest: Manifest,
    *,
    contributions: Iterable[Contribution],
    taken: Iterable[Piece],
    inputs: LinkInputs,
    own: Sequence[Path],
) -> tuple[ReportedComponent, ...]:
    """Return every component of the binary.

    ``taken`` is what the map says, ``own`` are the objects of this link, whose owners ``contributions`` has counted.
    Raises `LinkError` if something is in the binary that no component owns.
    """
    by_name = {component.name: component for component in inputs.components}
    return report.components(
        manifest,
        contributions=contributions,
        pieces=taken,
        component_of=_finder(by_name, inputs.owners, frozenset(map(str, own))),
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


def _finder(
    components: Mapping[str, Component], owners: Mapping[Path, tuple[str, ...]], own: frozenset[str]
) -> Callable[[Piece], ReportedComponent | None]:
    def find(piece: Piece) -> ReportedComponent | None:
        if piece.source in own:
            return None
        names = owners.get(Path(piece.source))
        if not names:
            raise LinkError(
                f"{piece.source} is in the binary, and no component owns it.",
                hint="The license report would be incomplete. This is a bug in castiron, please report it.",
            )
        return runtime_component(components[names[0]])

    return find
