"""Names the component of everything that is in the binary, from the linker's map; the rest is `castiron_audit`'s."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_audit.linked import Linked, LinkedComponent
from castiron_audit.model import Form, Overhead
from castiron_common.errors import LinkError
from castiron_common.files import sha256_bytes
from castiron_link.tree_layout import below_site_packages
from castiron_runtime.model import Component, LicenseText

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from castiron_elf.sections import FileLayout
    from castiron_link.model import Piece, Taken
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
    """Bytes in the file."""
    path: str = ""
    """Tree path of the file or module, or path of the shared object relative to site-packages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnObjects:
    """The objects of this link, which are of no archive."""

    payload_size: int
    """Bytes of the payload, which the contributions account for up to its index and padding."""
    payload_padding: int
    app: Path
    """The application's: the payload, and tables."""
    images: Mapping[Path, tuple[str, str]]
    """Those of shared objects: whose each is, and its path relative to site-packages."""
    tables: tuple[Path, ...]
    """Those that only have tables."""


@dataclass(slots=True)
class _Part:
    """What was taken of one component."""

    sizes: dict[Form, int]
    members: set[str]


def linked(
    *,
    contributions: Iterable[Contribution],
    taken: Taken,
    layout: FileLayout,
    inputs: LinkInputs,
    stub: Path,
    stand_ins: Sequence[Path] = (),
    stub_components: Mapping[str, Component],
    own: OwnObjects,
    added: Sequence[Component] = (),
    images: Iterable[str],
    feature: str,
) -> Linked:
    """Return what is really in the binary, and whose each byte of the file is.

    ``contributions`` are those of the payload.  ``taken`` is what the map says, ``layout`` what lies where in the file,
    ``stub`` the archive of our own C code (with the code of others in the members that ``stub_components`` names),
    ``stand_ins`` further archives of it;
    ``added`` are components that own some of the images, ``images`` the paths of absorbed files, relative to
    site-packages; ``feature`` is Python's feature release.
    Raises `LinkError` if something is in the binary that no component owns, or if the sizes do not add up.
    """
    contributions = tuple(contributions)
    ours = {
        own.app: sum(piece.size for piece in taken.pieces if piece.source == str(own.app)) - own.payload_size,
        **{path: sum(piece.size for piece in taken.pieces if piece.source == str(path)) for path in own.tables},
    }
    of_images = tuple(
        Contribution(owner=owner, inclusion=Form.STATIC, size=piece.size, path=path)
        for piece in taken.pieces
        if (found := own.images.get(Path(piece.source))) is not None
        for owner, path in (found,)
    )
    sizes: dict[str, dict[Form, int]] = {}
    for contribution in (*contributions, *of_images):
        forms = sizes.setdefault(contribution.owner, {})
        forms[contribution.inclusion] = forms.get(contribution.inclusion, 0) + contribution.size

    everything = (*inputs.components, *added, *stub_components.values(), own_component())
    components = {component.name: component for component in everything}
    parts: dict[str, _Part] = {}
    if STDLIB in sizes:
        parts[INTERPRETER] = _Part(sizes.pop(STDLIB), set())
    for component in added:
        if component.name in sizes:
            parts[component.name] = _Part(sizes.pop(component.name), set())
    owners = {**inputs.owners, **dict.fromkeys((stub, *stand_ins), (STUB,))}
    not_archives = {str(path) for path in (*ours, *own.images)}
    for piece in taken.pieces:
        names = [] if piece.source in not_archives else _owners(piece, owners)
        if Path(piece.source) == stub and (other := stub_components.get(piece.member or "")) is not None:
            names = [other.name, *names]
        for index, name in enumerate(names):
            part = parts.setdefault(name, _Part({}, set()))
            # The archives of the interpreter hold code of others, too; its bytes count as its own.
            part.sizes[Form.STATIC] = part.sizes.get(Form.STATIC, 0) + (0 if index else piece.size)
            if piece.member is not None:
                part.members.add(piece.member)

    # What belongs to no component.  The index of the payload is what is left of it.
    in_payload = sum(item.size for item in contributions) + own.payload_padding
    overhead = {
        Overhead.INDEX: own.payload_size - in_payload + sum(ours.values()),
        Overhead.MERGED: taken.merged,
        Overhead.HEADERS: layout.headers,
        Overhead.PADDING: taken.padding + own.payload_padding + layout.padding,
    }
    total = sum(sum(forms.values()) for forms in (*sizes.values(), *(part.sizes for part in parts.values())))
    if total + sum(overhead.values()) != layout.size or min(overhead.values()) < 0:
        raise LinkError(
            f"The components add up to {total} bytes, the rest to {sum(overhead.values())}, and the executable has "
            f"{layout.size}.",
            hint="The license report would be wrong. This is a bug in castiron, please report it.",
        )
    return Linked(
        components=tuple(
            LinkedComponent(
                component=components[name],
                size=sum(part.sizes.values()),
                members=tuple(sorted(part.members)),
                forms=tuple(form for form in Form if form in part.sizes),
            )
            for name, part in sorted(parts.items())
        ),
        sizes=sizes,
        images=frozenset(images),
        files=_files((*contributions, *of_images), feature),
        overhead=tuple(overhead.items()),
    )


def _files(contributions: Iterable[Contribution], feature: str) -> dict[str, int]:
    """Return the bytes of each file by its path relative to site-packages; of a module, of its code and its source."""
    paths = below_site_packages([item.path for item in contributions], feature)
    files: dict[str, int] = {}
    for path, item in zip(paths, contributions, strict=True):
        files[path] = files.get(path, 0) + item.size
    return files


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


def _owners(piece: Piece, owners: Mapping[Path, tuple[str, ...]]) -> list[str]:
    """Return the components of a linked archive's member, the one that its bytes count for first."""
    names = owners.get(Path(piece.source))
    if not names:
        raise LinkError(
            f"{piece.source} is in the binary, and no component owns it.",
            hint="The license report would be incomplete. This is a bug in castiron, please report it.",
        )
    return sorted(names, key=lambda name: (name != INTERPRETER, name))
