"""Finds what others wrote inside of a distribution: libraries, crates, vendored packages, fonts, listed sources.

The same library is often told several times - by its file in ``*.libs``, a bill of materials, a list in a license file,
Castiron's own catalogue - and becomes one component with all that as evidence.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from castiron_audit import binaries, conclusions, expressions, fonts
from castiron_audit.catalogue import known_license
from castiron_audit.detection.contents import LICENSE_NAME
from castiron_audit.detection.detected import (
    Part,
    font_of_family,
    header_evidence,
    library_of_file,
    library_of_name,
    part_findings,
    part_verdict,
    plain_name,
    same_name,
    subject_of,
    unhashed,
    upstream,
)
from castiron_audit.detection.from_vendor_folders import license_texts, vendored_packages
from castiron_audit.license_files import read_listing
from castiron_audit.license_texts import copyright_lines
from castiron_audit.model import Component, Evidence, Finding, Form, Kind, Severity, Source, Text
from castiron_audit.sboms import UnreadableSbomError, read_sbom
from castiron_common.files import sha256_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castiron_audit.detection.contents import View
    from castiron_audit.sboms import Entry
    from castiron_manifest.model import Native

_COMPILED = re.compile(
    r"(?:^|/)[^./]*/?$|\*$|\.(?:c|cc|cpp|cxx|h|hpp|hh|f|f90|pyx|s|rs|so)(?:[.*]\S*)?$", re.IGNORECASE
)
"""Patterns of folders, sources and libraries, which may be in a wheel as machine code; ``x.ttf`` may not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The components inside of one distribution, and what a person should know about them."""

    components: tuple[Component, ...]
    findings: tuple[Finding, ...]
    texts: Mapping[str, str]
    """License texts that the manifest does not have, by hash."""
    subject: Evidence | None
    """What a bill of materials says of the distribution itself."""


def _is_requirement(entry: Entry) -> bool:
    """A Python distribution without a version is none that somebody packed: it is what the metadata requires."""
    return entry.ecosystem == "pypi" and not entry.version


def third_parties(view: View) -> Found:
    """Return what is inside of one distribution."""
    return _Search(view).run()


class _Search:
    """One walk through a distribution's evidence."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.parts: dict[tuple[Kind, str], Part] = {}
        self.findings: list[Finding] = []
        self.subject: Evidence | None = None
        self.rust: set[str] = set()
        """Shared objects whose crates are known."""
        self.has_crates = False
        self.installed: frozenset[str] | None = None
        """What the environment has, relative to site-packages, once somebody asked."""

    def run(self) -> Found:
        self._libraries()
        self._boms()
        self._lists()
        self._license_files()
        self._vendored_folders()
        self._compiled_in()
        self._fonts()
        return self._finish()

    # --- each source of evidence ---

    def _libraries(self) -> None:
        """Shared libraries that auditwheel or the project put beside the modules."""
        for native in self.view.natives:
            folder = posixpath.dirname(native.path)
            row = library_of_file(native.path)
            if not folder.endswith(".libs") and row is None:
                continue
            if native.module is not None:
                continue
            plain = unhashed(native.path)
            part = self._part(Kind.LIBRARY, row["name"] if row else re.split(r"\.so|-\d", plain)[0])
            part.natives.append(native)
            part.forms.add(Form.STATIC)
            part.size += native.size
            if row is not None:
                self._from_catalogue(part, row, plain)
                if row.get("cpe") == "cpe:2.3:a:gnu:gcc" and not part.version:
                    part.version = self._gcc(native)

    def _gcc(self, native: Native) -> str:
        """Return the version of the GCC that a part of its runtime comes from; it compiles itself."""
        path = self.view.site / native.path if self.view.site is not None else None
        return (
            (binaries.examine(path, native.sha256, self.view.elf).gcc or "")
            if path is not None and path.is_file()
            else ""
        )

    def _from_catalogue(self, part: Part, row: dict[str, Any], file: str) -> None:
        license_ = row["license"]
        found = re.search(r"\.so\.(\d+)", file)
        if found and "since" in row:
            license_ = next(text for since, text in row["since"] if int(found[1]) >= int(since))
        evidence = Evidence(source=Source.CATALOGUE, where=row["source"], says=license_, expression=license_)
        if evidence not in part.evidence:
            part.evidence.append(evidence)
        part.reason = part.reason or row.get("reason", "")

    def _boms(self) -> None:
        for file in self.view.distribution.license.sboms:
            text = self.view.texts.get(file.sha256)
            if text is None:
                continue
            try:
                document = read_sbom(text)
            except UnreadableSbomError as error:
                self._find(
                    "unreadable-sbom", Severity.WARNING, f"{file.path} cannot be read as a bill of materials: {error}."
                )
                continue
            subject = document.subject
            if subject and same_name(subject.name, self.view.distribution.name) and subject.license:
                self.subject = Evidence(
                    source=Source.SBOM, where=file.path, says=subject.license, expression=subject.license
                )
            for entry in document.entries:
                if entry.scope != "excluded" and not self._is_itself(entry) and not _is_requirement(entry):
                    self._entry(entry, file.path)

    def _is_itself(self, entry: Entry) -> bool:
        own = self.view.distribution
        return same_name(entry.name, own.name) or (entry.purl or "").startswith(f"pkg:pypi/{own.name}@")

    def _entry(self, entry: Entry, where: str) -> None:
        if entry.ecosystem == "cargo":
            self.has_crates = True
            part = self._part(Kind.CRATE, entry.name, entry.version)
            part.forms.add(Form.STATIC)
            part.purl = part.purl or entry.purl
        elif entry.ecosystem == "pypi":
            part = self._part(Kind.VENDORED, entry.name.lower())
            part.forms.add(Form.BYTECODE)
            part.purl, part.version = entry.purl, entry.version
        else:
            row = library_of_name(entry.name)
            known = (Kind.LIBRARY, row["name"]) if row else None
            if known not in self.parts and entry.scope == "optional":
                self._part(Kind.LIBRARY, known[1] if known else entry.name).proven = False
            part = self._part(Kind.LIBRARY, known[1] if known else entry.name)
            part.forms.add(Form.STATIC)
            # A distribution's package says the release; a project's own document the upstream version: prefer that.
            if not part.version or part.purl is None or re.search(r"-r\d+$", part.version):
                part.version = entry.version
                part.purl = entry.purl or part.purl
            if row is not None:
                self._from_catalogue(part, row, "")
        part.cpe = part.cpe or entry.cpe
        if entry.license is not None:
            part.evidence.append(
                Evidence(source=Source.SBOM, where=where, says=entry.license, expression=entry.license)
            )

    def _lists(self) -> None:
        """Lists of "Name/Files/License" inside of the distribution's own license files."""
        for file in self.view.distribution.license.files:
            text = self.view.texts.get(file.sha256)
            if text is None or not conclusions.is_main_file(file.path):
                continue
            for entry in read_listing(text).entries:
                if entry.files and not self._any_included(entry.files):
                    continue
                row = library_of_name(entry.name)
                in_libs = any(".libs/" in pattern for pattern in entry.files)
                part = self._part(Kind.LIBRARY if row or in_libs else Kind.VENDORED, row["name"] if row else entry.name)
                part.proven = True
                part.forms |= self._forms(entry.files)
                part.patterns += entry.files
                where = f"{file.path}, {entry.name}"
                said = expressions.normalise(entry.license) if entry.license else None
                if entry.license:
                    part.evidence.append(
                        Evidence(source=Source.LISTING, where=where, says=entry.license, expression=said)
                    )
                part.evidence += conclusions.judge_texts(where, entry.text)
                part.texts[where] = entry.text
                if row is not None:
                    self._from_catalogue(part, row, "")

    def _license_files(self) -> None:
        """License files of others in the ``.dist-info`` folder, named by their folder or file name."""
        own = self.view.distribution.license
        for file in own.files:
            text = self.view.texts.get(file.sha256)
            inner = file.path.split("/", 1)[1] if ".dist-info/" in file.path else None
            if text is None or inner is None or conclusions.is_main_file(file.path):
                continue
            folder, name = posixpath.split(inner)
            if not LICENSE_NAME.search(name):
                continue
            subject = subject_of(folder, name)
            if subject is None or same_name(subject[0], self.view.distribution.name):
                continue
            title, version, origin = subject
            row = library_of_name(title)
            part = self._part(Kind.LIBRARY if row else Kind.VENDORED, row["name"] if row else title)
            part.version = part.version or version
            part.forms |= self._forms((f"{origin}/*",) if origin else ())
            part.proven = True
            part.evidence += conclusions.judge_texts(file.path, text)
            part.texts[file.path] = text
            if row is not None:
                self._from_catalogue(part, row, "")

    def _vendored_folders(self) -> None:
        """Packages in ``_vendor`` folders: with metadata of their own, named by ``vendor.txt``, or with a license."""
        for package in vendored_packages(self.view):
            part = self._part(Kind.VENDORED, package.title)
            part.forms.add(Form.BYTECODE)
            part.version = part.version or package.version
            if package.version:
                part.purl = part.purl or f"pkg:pypi/{plain_name(package.title)}@{part.version}"
            if package.headers is not None:
                where = f"{package.root}{package.title}-{package.version}.dist-info/METADATA"
                part.evidence += header_evidence(package.headers, where)
            for path, text in license_texts(self.view, package):
                part.texts.setdefault(path, text)
                part.evidence += conclusions.judge_texts(path, text)

    def _compiled_in(self) -> None:
        """What compilers left in the shared objects."""
        if self.view.site is None:
            return
        silent = []
        for native in self.view.natives:
            path = self.view.site / native.path
            if not path.is_file():
                continue
            facts = binaries.examine(path, native.sha256, self.view.elf)
            for name, version in facts.signatures:
                self._signature(native, name, version)
            if facts.crates is not None:
                self.has_crates = True
                for crate in facts.crates:
                    part = self._part(Kind.CRATE, crate.name, crate.version)
                    part.forms.add(Form.STATIC)
                    part.purl = part.purl or f"pkg:cargo/{crate.name}@{crate.version}"
            elif facts.rustc is not None and ".libs/" not in native.path:
                silent.append((native.path, facts.rustc))
        if silent and not self.has_crates:
            path_, compiler = silent[0]
            self._find(
                "unknown-static-contents",
                Severity.WARNING,
                f"{path_} was compiled by rustc {compiler}, and neither a bill of materials nor cargo-auditable data "
                "says which crates are in it.",
            )

    def _signature(self, native: Native, name: str, version: str) -> None:
        """Add a library that left its words in a shared object; its own file is no news."""
        row = library_of_name(name)
        own = library_of_file(native.path)
        if row is None or (own is not None and own["name"] != name):
            return  # A bundled library that has another one inside is told by its own evidence.
        part = self._part(Kind.LIBRARY, row["name"])
        part.version = part.version or version
        part.proven = True
        part.forms.add(Form.STATIC)
        if own is None:
            part.evidence.append(
                Evidence(
                    source=Source.SBOM,
                    where=native.path,
                    says=f"has words of {name} {version}".strip(),
                    expression=None,
                )
            )
            self._from_catalogue(part, row, f".so.{version}" if version else "")

    def _fonts(self) -> None:
        for path in sorted(self.view.included):
            if not path.lower().endswith(fonts.SUFFIXES):
                continue
            data = self.view.read(path)
            font = fonts.read_font(data) if data is not None else None
            listed = any(fnmatch.fnmatch(path, pattern) for part in self.parts.values() for pattern in part.patterns)
            if font is None or listed:
                continue
            family_ = font.family.split(",")[0] or posixpath.basename(path)
            row = None if font.license else font_of_family(family_)
            plain = re.sub(r"\s+(?:Sans|Serif|Mono|Display|Math|General|Size\w+|NonUnicode).*$", "", family_)
            part = self._part(Kind.DATA, row["name"] if row else plain)
            if row:
                self._from_catalogue(part, row, "")
            part.forms.add(Form.DATA)
            part.size += len(data or b"")
            part.version = part.version or font.version
            for text in (font.license, font.copyright):
                for item in conclusions.judge_texts(path, text) if text else ():
                    if item.expression not in {known.expression for known in part.evidence}:
                        part.evidence.append(item)
            if "OFL" in font.license or "scripts.sil.org/OFL" in font.license_url:
                part.evidence.append(
                    Evidence(
                        source=Source.SBOM,
                        where=f"{path}, name table",
                        says="SIL Open Font License",
                        expression="OFL-1.1",
                    )
                )
            if font.copyright:
                part.texts.setdefault(f"{path}, name table", f"{font.copyright}\n\n{font.license}\n".strip() + "\n")
            self._beside(part, path)

    def _beside(self, part: Part, path: str) -> None:
        """Add the license file that stands in the folder of a font and has its name: ``LICENSE_DEJAVU``."""
        site = self.view.site
        if site is None:
            return
        key = plain_name(part.name).replace("-", "")[:5]
        for file in sorted((site / path).parent.glob("*")):
            if LICENSE_NAME.search(file.name) and key in plain_name(file.name).replace("-", ""):
                where = file.relative_to(site).as_posix()
                if where not in part.texts:
                    text = file.read_text(encoding="utf-8", errors="replace")
                    part.texts[where] = text
                    part.evidence += conclusions.judge_texts(where, text)

    # --- putting together ---

    def _part(self, kind: Kind, name: str, version: str = "") -> Part:
        key = (kind, f"{plain_name(name)}@{version}" if kind is Kind.CRATE else plain_name(name))
        if key not in self.parts:
            self.parts[key] = Part(kind=kind, name=name, version=version)
        return self.parts[key]

    def _find(self, code: str, severity: Severity, message: str) -> None:
        self.findings.append(Finding(code=code, severity=severity, component=self.view.component, message=message))

    def _any_included(self, patterns: Sequence[str]) -> bool:
        """Return whether a list's entry is in; sources of compiled code are in no wheel and thus taken as in."""
        compiled = False
        present = False
        for pattern in patterns:
            plain = pattern.removeprefix("./").lstrip("/").removeprefix("lib/").removeprefix("src/")
            options = (plain, f"{plain.rstrip('/')}/*", f"{plain}*")
            if any(fnmatch.fnmatch(path, option) for path in self.view.included for option in options):
                return True
            present = present or self._is_installed(plain)
            compiled = compiled or _COMPILED.search(plain) is not None
        return compiled and not present

    def _is_installed(self, pattern: str) -> bool:
        """Whether the environment has a file of that name or pattern, or a folder; texts write anything there."""
        if self.installed is None:
            site = self.view.site
            found = () if site is None else (path.relative_to(site).as_posix() for path in site.rglob("*"))
            self.installed = frozenset(found)
        if "*" in pattern:
            return any(fnmatch.fnmatch(path, pattern) for path in self.installed)
        return posixpath.normpath(pattern) in self.installed

    def _forms(self, patterns: Sequence[str]) -> set[Form]:
        """Return the forms of the files that patterns match; none if nothing says it, then they are the parent's."""
        found: set[Form] = set()
        for pattern in patterns:
            plain = pattern.removeprefix("lib/")
            for path in self.view.included:
                if fnmatch.fnmatch(path, plain) or path.startswith(f"{plain}/"):
                    found.add(Form.BYTECODE if path.endswith(".py") else Form.STATIC if ".so" in path else Form.DATA)
        return found or ({Form.STATIC} if patterns and self.view.natives else set())

    def _finish(self) -> Found:
        components: list[Component] = []
        texts: dict[str, str] = {}
        for part in self.parts.values():
            if not part.proven and not part.natives:
                self._find(
                    "optional-part",
                    Severity.INFO,
                    f"A bill of materials names {part.name} {part.version} as optional; nothing in the wheel shows it.",
                )
                continue
            if part.kind is Kind.VENDORED and not any(item.expression for item in part.evidence):
                known = known_license(part.name)
                part.evidence += [] if known is None else [known]
            component = self._component(part, texts)
            components.append(component)
            self.findings += part_findings(component)
        return Found(components=tuple(components), findings=tuple(self.findings), texts=texts, subject=self.subject)

    def _component(self, part: Part, texts: dict[str, str]) -> Component:
        shown = []
        for path, text in sorted(part.texts.items()):
            digest = sha256_bytes(text.encode())
            texts[digest] = text
            shown.append(Text(path=path, sha256=digest))
        row = library_of_name(part.name) if part.kind is Kind.LIBRARY else None
        cpe = part.cpe or (
            f"{row['cpe']}:{upstream(part.version)}:*:*:*:*:*:*:*" if row and "cpe" in row and part.version else None
        )
        owner = self.view.distribution
        tail = f"{part.name}@{part.version}" if part.kind is Kind.CRATE else part.name
        return Component(
            id=f"{part.kind}/{owner.name}/{tail}",
            kind=part.kind,
            name=part.name,
            version=part.version,
            purl=part.purl
            or (f"pkg:generic/{plain_name(part.name)}@{upstream(part.version)}" if part.version else None),
            cpe=cpe,
            hashes=tuple(sorted((native.path, native.sha256) for native in part.natives)),
            verdict=part_verdict(part),
            texts=tuple(shown),
            copyrights=tuple(dict.fromkeys(line for text in part.texts.values() for line in copyright_lines(text))),
            forms=tuple(form for form in Form if form in part.forms),
            size=part.size,
            parent=self.view.component,
        )
