"""What the linker put into a binary, as `castiron_link` tells it: the input of the audit of a linked binary."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from castiron_audit.model import Form, Overhead
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from castiron_runtime.model import Component as RuntimeComponent


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedComponent:
    """A component of the runtime pack of which the linker took something."""

    component: RuntimeComponent
    size: int
    """Bytes in the file; 0 if they count for another component of the same archive."""
    members: tuple[str, ...] = ()
    """Names of the archive members that were taken, sorted."""
    forms: tuple[Form, ...] = (Form.STATIC,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What is really in a binary."""

    components: tuple[LinkedComponent, ...]
    """Of the runtime pack."""
    sizes: Mapping[str, Mapping[Form, int]]
    """Bytes in the file by form for each owner: ``app`` or the name of a distribution."""
    images: Collection[str]
    """Paths of the shared objects that were absorbed, relative to site-packages."""
    files: Mapping[str, int] = field(default_factory=dict)
    """Bytes in the file of each module, data file and shared object of distributions, by its path in site-packages; of
    a shared object that several distributions bring, for one of its paths only."""
    overhead: tuple[tuple[Overhead, int], ...] = ()
    """Bytes of the file that belong to no component."""
