"""Names the component of everything that is in the binary, from the linker's map; the rest is `castiron_audit`'s."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_audit.linked import Linked, LinkedComponent
from castiron_audit.model import Form
from castiron_common.errors import LinkError
from castiron_common.files import sha256_bytes
from castiron_runtime.model import Component, LicenseText

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from castiron_link.model import Piece
    from castiron_runtime.model import LinkInputs

STUB = "castiron"
INTERPRETER = "cpython"
"""Name of the component that owns the standard library."""

STDLIB = "stdlib"
"""Owner of the standard library's contributions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """How much of one form an owner brought in."""

    owner: str
    """``app``, ``stdlib``, or the name of a distribution or of an added component."""
    inclusion: Form
    size: int
    """Bytes."""


@dataclass(slots=True)
class _Taken:
    """What was taken of one component."""

    sizes: dict[Form, int]
    members: set[str]


def linked(
    *,
    contributions: Iterable[Contribution],
    taken: Iterable[Piece],
    inputs: LinkInputs,
    stub: Path,
    stub_components: Mapping[str, Component],
    own: Sequence[Path],
    added: Sequence[Component] = (),
    images: Iterable[str],
) -> Linked:
    """Return what is really in the binary.

    ``taken`` is what the map says, ``stub`` the archive of our own C code (with the code of others in the members that
    ``stub_components`` names), ``own`` are the objects of this link, whose owners ``contributions`` has counted;
    ``added`` are components among these owners, ``images`` the paths of absorbed files, relative to site-packages.
    Raises `LinkError` if something is in the binary that no component owns.
    """
    sizes: dict[str, dict[Form, int]] = {}
    for contribution in contributions:
        forms = sizes.setdefault(contribution.owner, {})
        forms[contribution.inclusion] = forms.get(contribution.inclusion, 0) + contribution.size

    everything = (*inputs.components, *added, *stub_components.values(), own_component())
    components = {component.name: component for component in everything}
    components_taken: dict[str, _Taken] = {}
    if STDLIB in sizes:
        components_taken[INTERPRETER] = _Taken(sizes.pop(STDLIB), set())
    for component in added:
        if component.name in sizes:
            components_taken[component.name] = _Taken(sizes.pop(component.name), set())
    owners = {**inputs.owners, stub: (STUB,)}
    ours = frozenset(map(str, own))
    for piece in taken:
        names = _owners(piece, owners, ours)
        if Path(piece.source) == stub and (other := stub_components.get(piece.member or "")) is not None:
            names = [other.name, *names]
        for index, name in enumerate(names):
            part = components_taken.setdefault(name, _Taken({}, set()))
            # The archives of the interpreter hold code of others, too; its bytes count as its own.
            part.sizes[Form.STATIC] = part.sizes.get(Form.STATIC, 0) + (0 if index else piece.size)
            if piece.member is not None:
                part.members.add(piece.member)
    return Linked(
        components=tuple(
            LinkedComponent(
                component=components[name],
                size=sum(part.sizes.values()),
                members=tuple(sorted(part.members)),
                forms=tuple(form for form in Form if form in part.sizes),
            )
            for name, part in sorted(components_taken.items())
        ),
        sizes=sizes,
        images=frozenset(images),
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


def _owners(piece: Piece, owners: Mapping[Path, tuple[str, ...]], own: frozenset[str]) -> list[str]:
    """Return the components of a linked object, the one that its bytes count for first; none for our own objects."""
    if piece.source in own:
        return []
    names = owners.get(Path(piece.source))
    if not names:
        raise LinkError(
            f"{piece.source} is in the binary, and no component owns it.",
            hint="The license report would be incomplete. This is a bug in castiron, please report it.",
        )
    return sorted(names, key=lambda name: (name != INTERPRETER, name))
