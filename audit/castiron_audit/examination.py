"""Examines one distribution: the third parties in it and its own license.

That reads all license texts, so what was found is kept: by the distribution's files and the code that examines them.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from email.parser import HeaderParser
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cattrs import BaseValidationError

from castiron_audit.model import Component, Finding, Verdict  # noqa: TC001 - the converter evaluates the annotations
from castiron_common.cache import cache_root
from castiron_common.files import sha256_bytes
from castiron_common.frozen import dataclass
from castiron_common.row_cache import RowCache
from castiron_common.source_key import source_key
from castiron_elf.store import reader_key
from castiron_manifest.model import LicenseFile
from castiron_manifest.structure import converter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from castiron_audit.conclusions import Conclusion
    from castiron_audit.detection.contents import DistributionContents
    from castiron_manifest.model import Distribution

_LIBRARIES = ("ahocorasick_rs", "license-expression", "packaging")
"""What reads license texts, besides our own code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found in one distribution."""

    components: tuple[Component, ...]
    """Third-party components, without what depends on the binary: sizes, and the forms of those that have none."""
    files: tuple[tuple[str, tuple[str, ...]], ...]
    """(id of a component, its own files relative to site-packages), in the order of the components."""
    findings: tuple[Finding, ...]
    texts: tuple[tuple[str, str], ...]
    """(SHA-256, license text) of those that the manifest does not have."""
    verdict: Verdict
    """The distribution's own license."""


class Examinations:
    """What was found in distributions before, and what is found now: that is kept in one go, at the end."""

    def __init__(self, cache: RowCache) -> None:
        self._cache = cache
        self._made: dict[str, tuple[str | None, bytes]] = {}

    def get(self, key: str) -> bytes | None:
        """Return what is kept under ``key``."""
        row = self._cache.get([key]).get(key)
        return None if row is None else row[1]

    def add(self, key: str, data: bytes) -> None:
        """Keep ``data`` under ``key`` when the context ends."""
        self._made[key] = (None, data)

    def write(self) -> None:
        """Keep what was added."""
        if self._made:
            self._cache.put(self._made)


@contextmanager
def examinations(file: Path) -> Iterator[Examinations]:
    """Give what a file of the cache holds; it gets what was added meanwhile."""
    with RowCache(file) as cache:
        known = Examinations(cache)
        try:
            yield known
        finally:
            known.write()


def examinations_for(site: Path | None) -> AbstractContextManager[Examinations | None]:
    """Return the context for installed distributions; None where there are none, which need no cache."""
    return nullcontext() if site is None else examinations(cache_root() / "audit" / "examinations.sqlite")


def examine(contents: DistributionContents, *, dist_info: Path | None, known: Examinations | None) -> Examination:
    """Return what is in a distribution, from ``known`` if it was examined before.

    ``dist_info`` is the folder of its metadata, None if that is not available.
    Raises `InputError` if a shared object cannot be read.
    """
    # A project's own signatures may name any file of the project.
    key = _key(contents) if known is not None and not contents.signatures else None
    if known is not None and key is not None and (kept := known.get(key)) is not None:
        # What does not fit was written by no code of ours: it is made again.
        with suppress(ValueError, BaseValidationError):
            found: Examination = converter(strict=True).structure(json.loads(kept), Examination)
            return found
    made = _examined(contents, dist_info)
    if known is not None and key is not None:
        known.add(key, json.dumps(converter(strict=True).unstructure(made)).encode())
    return made


def _key(contents: DistributionContents) -> str | None:
    """Return what an examination depends on, None if that is not known.

    The folder of installed distributions is named by all of their contents: whether a license list's files are
    installed is looked up among all of them.
    """
    if contents.site is None:
        return None
    evidence = contents.distribution.license
    texts = sorted({file.sha256 for file in (*evidence.files, *evidence.sboms)} & contents.texts.keys())
    facts = (
        _code_key(),
        reader_key(contents.elf),
        str(contents.site),
        repr(contents.distribution),
        *sorted(contents.paths),
        *map(repr, contents.natives),
        *texts,
        *(() if contents.sdist is None else (contents.sdist.key,)),
    )
    return sha256_bytes("\0".join(facts).encode("utf-8", "surrogatepass"))


@cache
def _code_key() -> str:
    """Return a hash of the code and the tables that examine."""
    folder = Path(__file__).parent
    sources = [*folder.rglob("*.py"), *(path for path in (folder / "data").iterdir() if path.is_file())]
    return source_key(sources, libraries=_LIBRARIES)


def _examined(contents: DistributionContents, dist_info: Path | None) -> Examination:
    # Who finds all in the cache does not wait for the import of the detectors.
    from castiron_audit.conclusions import conclude_distribution
    from castiron_audit.detection.driver import detect
    from castiron_audit.names import normalised
    from castiron_audit.source_heads import source_heads

    detection = detect(contents)
    found = dict(detection.texts)
    texts = {**contents.texts, **found}

    def concluded(distribution: Distribution) -> Conclusion:
        return conclude_distribution(
            contents.component_id,
            distribution,
            texts,
            sbom_evidence=detection.own_license,
            description=_description(dist_info),
            heads=source_heads(contents.paths, contents.read),
            included=contents.paths,
            parts=frozenset(normalised(item.name) for item in detection.components),
        )

    conclusion = concluded(contents.distribution)
    if conclusion.verdict.expression is None and detection.own_texts:
        # What neither metadata nor files of the wheel tell, the license files of its sources may.
        added = {path: (sha256_bytes(text.encode()), text) for path, text in detection.own_texts.items()}
        found |= dict(added.values())
        texts |= found
        conclusion = concluded(_with_files(contents.distribution, {path: key for path, (key, _) in added.items()}))
    return Examination(
        components=detection.components,
        files=tuple((item.id, tuple(sorted(detection.files[item.id]))) for item in detection.components),
        findings=(*detection.findings, *conclusion.findings),
        texts=tuple(sorted(found.items())),
        verdict=conclusion.verdict,
    )


def _with_files(distribution: Distribution, files: Mapping[str, str]) -> Distribution:
    """Return a distribution with further license files, by their paths."""
    further = tuple(LicenseFile(path=path, sha256=key) for path, key in sorted(files.items()))
    return replace(distribution, license=replace(distribution.license, files=(*distribution.license.files, *further)))


def _description(dist_info: Path | None) -> str:
    """Return the long description of the metadata, empty if it is not available."""
    path = None if dist_info is None else dist_info / "METADATA"
    if path is None or not path.is_file():
        return ""
    # The parser takes long for what stands behind the headers, which it returns as it is.
    head, blank, body = path.read_text(encoding="utf-8", errors="replace").partition("\n\n")
    message = HeaderParser().parsestr(head + blank)
    return str(message["Description"] or f"{message.get_payload()}{body}")
