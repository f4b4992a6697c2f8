"""What of one distribution goes into the binary: the input of every detector."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from castiron_audit.names import normalised
from castiron_common.frozen import dataclass
from castiron_wheels.record import parse_record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from castiron_audit.own_signatures import OwnSignature
    from castiron_common.target import Elf
    from castiron_manifest.model import Distribution, Native
    from castiron_wheels.source_archives import SourceArchive


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionContents:
    """One distribution, as far as it goes into the binary."""

    distribution: Distribution
    paths: frozenset[str]
    """Its files that go in, relative to site-packages."""
    natives: tuple[Native, ...]
    """Its shared objects that go in."""
    texts: Mapping[str, str]
    """Texts of license files and SBOMs by SHA-256."""
    site: Path | None
    """The installed ``site-packages``; None if it is not available, then no file can be read."""
    elf: Elf
    """The target's machine."""
    signatures: tuple[OwnSignature, ...] = ()
    """Those of the application's project."""
    sdist: SourceArchive | None = None
    """Its source distribution, if that is to be read as well."""
    is_application: bool = False
    """True for the application's own files; ``distribution`` is none then."""

    @property
    def component_id(self) -> str:
        """Id of the distribution's own component in the report, or that of the application."""
        return "application" if self.is_application else f"distribution/{self.distribution.name}"

    @property
    def owner(self) -> str:
        """What ids of parts have as the owner; no distribution has the name that stands for the application."""
        return "(application)" if self.is_application else self.distribution.name

    def read(self, path: str) -> bytes | None:
        """Return a file of the distribution, None if it is not available."""
        if self.site is None:
            return None
        try:
            return (self.site / path).read_bytes()
        except OSError:
            return None

    def head(self, path: str, size: int) -> bytes:
        """Return the first bytes of a file of the distribution, none if it is not available."""
        if self.site is None:
            return b""
        try:
            with (self.site / path).open("rb", buffering=0) as file:
                return file.read(size)
        except OSError:
            return b""

    def recorded(self) -> frozenset[str]:
        """Return all files of the distribution as installed, also those that do not go in; empty if not available.

        Source: "Recording installed projects", ``RECORD``.
        """
        if self.is_application:
            return self.paths
        if self.site is None:
            return frozenset()
        # The wheel's name nearly always names the folder; to look through the whole environment for each of its
        # distributions would take time that grows with their square.
        named = self.site / f"{'-'.join(self.distribution.wheel.filename.split('-')[:2])}.dist-info" / "RECORD"
        others = f"*-{self.distribution.version}.dist-info/RECORD"
        for path in [named] if named.is_file() else sorted(self.site.glob(others)):
            if normalised(path.parent.name.removesuffix(".dist-info").rpartition("-")[0]) == self.distribution.name:
                return _inside(path)
        return frozenset()


@lru_cache(maxsize=2)
def _inside(record: Path) -> frozenset[str]:
    """Return the files of a distribution that are in site-packages: several detectors in turn ask for them."""
    return frozenset(name for name in parse_record(record.read_bytes()) if not name.startswith(("/", "..")))
