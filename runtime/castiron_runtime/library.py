"""Components other than CPython, as they stand in the cache."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_common.errors import RuntimePackError
from castiron_runtime.pack_reader import parse_component

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Component


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A built component in the cache."""

    root: Path
    key: str
    archives: tuple[Path, ...]
    """In link order."""
    include: Path
    component: Component


def read(root: Path, key: str) -> Library:
    """Return the built component below ``root``."""
    try:
        document = json.loads((root / "component.json").read_bytes())
        return Library(
            root=root,
            key=key,
            archives=tuple(root / "lib" / name for name in document["archives"]),
            include=root / "include",
            component=parse_component(document["component"], root / "licenses"),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RuntimePackError(
            f"The component in {root} is damaged: {error!r}.", hint=f"Delete {root} and run the command again."
        ) from error
