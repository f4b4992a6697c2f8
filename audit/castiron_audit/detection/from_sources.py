"""Detects what a distribution's sources show in its machine code, and completes what is known of other parts.

What is only in the sources is no part of the wheel: one finding counts it.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.catalogue import collected_library, library_of_name
from castiron_audit.detection.from_locks import detect_from_locks
from castiron_audit.detection.from_shared_objects import forks
from castiron_audit.license_files import is_own_license
from castiron_audit.model import Evidence, Form, Kind, Severity, Source
from castiron_audit.names import first_of, normalised
from castiron_audit.sdists.archive import CODE, read_sdist
from castiron_audit.sdists.declared import declared_versions
from castiron_audit.sdists.part_versions import titles_and_version
from castiron_audit.sdists.parts import divided
from castiron_audit.sdists.proof import proven_parts
from castiron_audit.sdists.tokens import NO_TRACES, traces_of
from castiron_audit.text_evidence import text_evidence
from castiron_common.unpacking import UnusableArchiveError
from castiron_common.words import counted
from castiron_elf.abi import MAGIC
from castiron_elf.defined_names import defined_names

if TYPE_CHECKING:
    from castiron_audit.catalogue import CatalogueEntry
    from castiron_audit.detection.collector import Collector, DetectedComponent
    from castiron_audit.sdists.archive import SourceTree
    from castiron_audit.sdists.parts import SourcePart
    from castiron_audit.sdists.proof import ProvenPart
    from castiron_audit.sdists.tokens import Traces

_NATIVE = (Kind.LIBRARY, Kind.VENDORED)
_PROOF = re.compile(r"contains '(?P<text>.+)', as ", re.DOTALL)
_LENGTH = re.compile(r"(?:_Z)?[EN]{0,2}(\d{1,2})(?=[A-Za-z_])")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|(?:^[ \t]*(?://|!|[cC*#;])[^\n]*\n?)+", re.DOTALL | re.MULTILINE)
_GNU = re.compile(r"GNU (?:LESSER |LIBRARY |AFFERO )?GENERAL PUBLIC", re.IGNORECASE)
_LATER = re.compile(rb"any[ \t]+later[\s*!/#]+version|or[ \t]+later", re.IGNORECASE)
_MARKS = re.compile(r"^[ \t]*(?:/?\*+/?|//+|!+|#+|;+|[cC](?=[ \t]|$))[ \t]?|[ \t]*\*+/[ \t]*$", re.MULTILINE)
"""What makes lines comments."""
_HEAD = 4000
_SHOWN = 60


def detect_from_sources(collector: Collector) -> None:
    """Add the parts that only the distribution's sources tell, if it has some that are to be read."""
    archive = collector.contents.sdist
    if archive is None:
        return
    if archive.path is None:
        _tell_lacking(collector, archive.lacking)
        return
    try:
        tree = read_sdist(archive.path)
        sources = divided(tree, collector.contents.distribution.name)
    except UnusableArchiveError as error:
        _tell_lacking(collector, f"{archive.path.name} cannot be used: {error}")
        return
    detect_from_locks(collector, tree)
    collector.own_texts = {
        tree.where(path): tree.text(path) for path in tree.files if "/" not in path and is_own_license(path)
    }
    traces = _traces(collector)
    proven = proven_parts(tree, sources, traces) if sources.parts and traces is not None else ()
    for item in proven:
        _add_proven(collector, tree, item)
    there = {item.part.name for item in proven}
    unproven = [part for part in sources.parts if part.name not in there and not _complete_known(collector, tree, part)]
    _add_declared_versions(collector, tree)
    if unproven:
        names = [part.name for part in unproven]
        collector.add_finding(
            "unproven-sources",
            Severity.INFO,
            f"Its sources contain {counted(len(names), 'part')} of others that leave no trace in the wheel and are "
            f"not listed: {first_of(names)}.",
        )


def _tell_lacking(collector: Collector, why: str) -> None:
    collector.add_finding(
        "no-sources", Severity.INFO, f"Its source distribution was not read: {why}; the wheel alone was examined."
    )


def _traces(collector: Collector) -> Traces | None:
    """Return what the machine code of the distribution has, None if it has none."""
    contents = collector.contents
    natives = {native.path for native in contents.natives}
    found: Traces | None = None
    for path in sorted(contents.paths | natives):
        if path in natives or contents.head(path, len(MAGIC)) == MAGIC:
            data = contents.read(path) or b""
            found = (found or NO_TRACES).joined(traces_of(data, defined_names(data)))
    return found


def _add_proven(collector: Collector, tree: SourceTree, proven: ProvenPart) -> None:
    titles, version = titles_and_version(tree, proven.part)
    component = _known_component(collector, titles) or _component_of_proof(collector, proven.texts)
    texts = _texts(tree, proven.part)
    evidence = _evidence(tree, proven.part, texts)
    if component is None:
        entry = _entry(titles, [item.expression for item in evidence if item.expression])
        if entry is not None and _has_fork(collector, entry.name):
            return
        component = collector.component(Kind.LIBRARY, entry.name if entry else titles[0])
        if entry is not None and not any(item.expression for item in evidence):
            component.add_catalogue_entry(entry)
    component.proven = component.shows = True
    component.forms.add(Form.STATIC)
    where = tree.where(proven.part.folders[0])
    says = f"contains {_one_line(proof=proven.proof)!r}, as the sources in {proven.part.folders[0]} do"
    component.evidence.append(Evidence(source=Source.SBOM, where=where, says=says, expression=None))
    _complete(component, texts, evidence, version)


def _complete_known(collector: Collector, tree: SourceTree, part: SourcePart) -> bool:
    """Complete a part that the wheel shows otherwise; return whether it does."""
    titles, version = titles_and_version(tree, part)
    component = _known_component(collector, titles)
    if component is None or not component.proven:
        return False
    texts = _texts(tree, part)
    evidence = _evidence(tree, part, texts)
    # A shared library of its own was built from other sources.
    _complete(component, texts, evidence, "" if component.natives else version)
    return True


def _complete(component: DetectedComponent, texts: dict[str, str], evidence: list[Evidence], version: str) -> None:
    """Add what is lacking: the version, the license, texts that go with it."""
    if not component.version or f"{version}.".startswith(f"{component.version}."):
        component.version = version or component.version
    said = next((item.expression for item in component.evidence if item.expression), None)
    if said is None:
        component.evidence += evidence
    elif (named := [item.expression for item in evidence if item.expression]) and not any(
        expressions.shares_license(item, said) for item in named
    ):
        return  # Another version's, or a part's.
    if not component.texts:
        component.texts |= texts


def _add_declared_versions(collector: Collector, tree: SourceTree) -> None:
    """Add the versions that the build fetches to what is linked in and has none, or only the beginning of one."""
    versions: dict[int, set[str]] = {}
    components: dict[int, DetectedComponent] = {}
    for title, declared in declared_versions(tree).items():
        component = _known_component(collector, (title,))
        if component is not None and component.proven and not component.natives and Form.STATIC in component.forms:
            components[id(component)] = component
            versions.setdefault(id(component), set()).update(declared)
    for key, component in components.items():
        (version, *others) = sorted(versions[key])
        if not others and f"{version}.".startswith(f"{component.version}." if component.version else ""):
            component.version = version


def _known_component(collector: Collector, titles: tuple[str, ...]) -> DetectedComponent | None:
    """Return the part that was found already under one of these names."""
    for title in titles:
        entry = library_of_name(title)
        # A library that comes in pieces: boost_regex, boost_math.
        whole = re.split(r"[_-]", title, maxsplit=1)[0]
        for name in dict.fromkeys(
            (entry.name if entry else title, title, *((whole,) if library_of_name(whole) else ()))
        ):
            for kind in _NATIVE:
                component = collector.components.get((kind, normalised(name)))
                if component is not None:
                    return component
    return None


def _component_of_proof(collector: Collector, texts: frozenset[bytes]) -> DetectedComponent | None:
    """Return the part that was found by a text which these sources have."""
    shown = {_one_line(proof=text.decode("ascii", "replace")) for text in texts}
    for (kind, _), component in collector.components.items():
        if kind is Kind.LIBRARY and any(
            (match := _PROOF.search(item.says)) and shown & {match["text"], _demangled(match["text"])}
            for item in component.evidence
        ):
            return component
    return None


def _demangled(text: str) -> str:
    """Return a namespace and what is in it of a mangled name, as traces have them: ``3tao5pegtl`` is ``tao::pegtl``."""
    names: list[str] = []
    while match := _LENGTH.match(text):
        end = match.end() + int(match[1])
        names.append(text[match.end() : end])
        text = text[end:]
    return "::".join(names[:2])


def _has_fork(collector: Collector, library: str) -> bool:
    """Return whether a fork of a library was found, which has its texts as well."""
    return any(
        (Kind.LIBRARY, fork) in collector.components
        for base, names in forks()
        if base == normalised(library)
        for fork in names
    )


def _one_line(*, proof: str) -> str:
    return " ".join(proof.split())[:_SHOWN]


def _entry(titles: tuple[str, ...], said: list[str]) -> CatalogueEntry | None:
    """Return what the catalogue knows under one of the names, if the license is one of its, too."""
    for title in titles:
        entry = library_of_name(title) or collected_library(title)
        if entry is None:
            continue
        known = entry.evidence().expression or ""
        if not said or not known or any(expressions.shares_license(item, known) for item in said):
            return entry
    return None


def _evidence(tree: SourceTree, part: SourcePart, texts: dict[str, str]) -> list[Evidence]:
    """Return what the license texts say, and of a GNU license whether the sources allow later versions."""
    read = list(texts.items())
    if any(_GNU.search(text) for text in texts.values()):
        later = [path for path in part.sources if _LATER.search(tree.files[path][:_HEAD])][:1]
        read += [(tree.where(path), _head(tree, path)) for path in later if tree.where(path) not in texts]
    return [item for where, text in read for item in text_evidence(where, text)]


def _head(tree: SourceTree, path: str) -> str:
    """Return what stands above the code of a source, without what makes it a comment."""
    match = _COMMENT.search(tree.text(path)[:_HEAD])
    return _MARKS.sub("", match[0]) if match else ""


def _texts(tree: SourceTree, part: SourcePart) -> dict[str, str]:
    """Return the license texts of a part by their places: files, or what stands above the code of sources."""
    texts: dict[str, str] = {}
    for path in part.licenses:
        text = _head(tree, path) if posixpath.splitext(path)[1].lower() in CODE else tree.text(path)
        if text.strip() and text not in texts.values():
            texts[tree.where(path)] = text
    return texts
