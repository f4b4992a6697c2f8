"""Turns shared objects into objects that a static linker takes: see docs/absorbing.md."""

from castiron_link.absorb.absorber import Absorbed, AbsorbedExtension, AbsorbedImage, Lookup, absorb
from castiron_link.absorb.closure import LibraryFile
from castiron_link.absorb.selection import Skipped

__all__ = ["Absorbed", "AbsorbedExtension", "AbsorbedImage", "LibraryFile", "Lookup", "Skipped", "absorb"]
