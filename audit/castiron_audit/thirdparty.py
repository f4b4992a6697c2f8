"""Finds what others wrote inside of a distribution: libraries, crates, vendored packages, fonts, listed sources.

The same library is often told several times - by its file in ``*.libs``, a bill of materials, a list in a license file,
Castiron's own catalogue - and becomes one component with all that as evidence.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from dataclasses import dataclass, field
from email.parser import HeaderParser
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castiron_audit import binaries, expressions, fonts, verdicts
from castiron_audit.listings import read_listing
from castiron_audit.model import Component, Evidence, Finding, Form, Kind, Severity, Source, Text, Verdict
from castiron_audit.sboms import UnreadableSbomError, read_sbom
from castiron_audit.tables import table
from castiron_audit.texts import copyright_lines
from castiron_common.files import sha256_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from castiron_audit.sboms import Entry
    from castiron_manifest.model import Distribution, Native

_HASHED = re.compile(r"-[0-9a-f]{8}(?=[-.])")
"""What auditwheel adds to a library's name, once per repair."""
_VENDOR_FOLDER = re.compile(r"(?:^|/)(?:_vendor|_vendored|vendor|vendored|_externals?|extern|externals|third_party)/")
_LICENSE_NAME = re.compile(r"licen[sc]e|copying|notice|copyright", re.IGNORECASE)
_TITLED = re.compile(
    r"^(?P<before>.+?)[-_.]licen[sc]e|^licen[sc]e[-_.](?P<after>.+?)(?:\.(?:txt|md|rst))?$", re.IGNORECASE
)
_SHORT = 3000
"""Characters; a license file that only points to the license files beside it is shorter."""
_GENERIC = {"src", "source", "lib", "include", "licenses", "license", "python", "code", "subprojects", "vendor", "vendored",
            "_vendor", "third_party", "external", "external_licenses", "docs", "external-licenses"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One distribution, as far as it goes into the binary."""

    distribution: Distribution
    included: frozenset[str]
    """Paths of its files that go in, relative to site-packages."""
    natives: tuple[Native, ...]
    """Its shared objects that go in."""
    texts: Mapping[str, str]
    """License files and bills of materials by hash."""
    site: Path | None
    """The installed ``site-packages``; None if it is not at hand, then files cannot be looked into."""

    @property
    def component(self) -> str:
        """Id of the distribution's own component."""
        return f"distribution/{self.distribution.name}"

    def read(self, path: str) -> bytes | None:
        """Return a file of the distribution, None if it is not at hand."""
        if self.site is None:
            return None
        try:
            return (self.site / path).read_bytes()
        except OSError:
            return None


@dataclass(slots=True)
class _Part:
    """A component being put together."""

    kind: Kind
    name: str
    version: str = ""
    purl: str | None = None
    cpe: str | None = None
    evidence: list[Evidence] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """Path -> text."""
    natives: list[Native] = field(default_factory=list)
    forms: set[Form] = field(default_factory=set)
    size: int = 0
    reason: str = ""
    patterns: tuple[str, ...] = ()
    """Of its files, where a list tells them."""
    proven: bool = True
    """False while only a document that also lists optional parts names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The components inside of one distribution, and what a person should know about them."""

    components: tuple[Component, ...]
    findings: tuple[Finding, ...]
    texts: Mapping[str, str]
    """License texts that the manifest does not have, by hash."""
    subject: Evidence | None
    """What a bill of materials says of the distribution itself."""


def third_parties(view: View) -> Found:
    """Return what is inside of one distribution."""
    return _Search(view).run()


@cache
def _catalogue() -> tuple[tuple[re.Pattern[str], dict[str, Any]], ...]:
    return tuple((re.compile(f"^{row['match']}", re.IGNORECASE), row) for row in table("libraries")["library"])


def library_of_file(path: str) -> dict[str, Any] | None:
    """Return the catalogue's row for a shared library's file name."""
    name = _HASHED.sub("", posixpath.basename(path)).replace("_-", "_", 1)
    return next((row for pattern, row in _catalogue() if pattern.match(name)), None)


def library_of_name(name: str) -> dict[str, Any] | None:
    """Return the catalogue's row for a name in a document or list."""
    plain = name.lower().strip()
    for _, row in _catalogue():
        if plain == row["name"] or plain in row["aliases"]:
            return row
    return None


class _Search:
    """One walk through a distribution's evidence."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.parts: dict[tuple[Kind, str], _Part] = {}
        self.findings: list[Finding] = []
        self.subject: Evidence | None = None
        self.rust: set[str] = set()
        """Shared objects whose crates are known."""
        self.has_crates = False

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
            plain = _HASHED.sub("", posixpath.basename(native.path))
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
        return (binaries.examine(path).gcc or "") if path is not None and path.is_file() else ""

    def _from_catalogue(self, part: _Part, row: dict[str, Any], file: str) -> None:
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
            if subject and _same_name(subject.name, self.view.distribution.name) and subject.license:
                self.subject = Evidence(
                    source=Source.SBOM, where=file.path, says=subject.license, expression=subject.license
                )
            for entry in document.entries:
                if entry.scope != "excluded" and not self._is_itself(entry):
                    self._entry(entry, file.path)

    def _is_itself(self, entry: Entry) -> bool:
        own = self.view.distribution
        return _same_name(entry.name, own.name) or (entry.purl or "").startswith(f"pkg:pypi/{own.name}@")

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
        """ "Name/Files/License" lists inside of the distribution's own license files."""
        for file in self.view.distribution.license.files:
            text = self.view.texts.get(file.sha256)
            if text is None or not verdicts.is_main_file(file.path):
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
                part.evidence += verdicts.judge_texts(where, entry.text)
                part.texts[where] = entry.text
                if row is not None:
                    self._from_catalogue(part, row, "")

    def _license_files(self) -> None:
        """License files of others in the ``.dist-info`` folder, named by their folder or file name."""
        own = self.view.distribution.license
        for file in own.files:
            text = self.view.texts.get(file.sha256)
            inner = file.path.split("/", 1)[1] if ".dist-info/" in file.path else None
            if text is None or inner is None or verdicts.is_main_file(file.path):
                continue
            folder, name = posixpath.split(inner)
            if not _LICENSE_NAME.search(name):
                continue
            subject = _subject(folder, name)
            if subject is None or _same_name(subject[0], self.view.distribution.name):
                continue
            title, version, origin = subject
            row = library_of_name(title)
            part = self._part(Kind.LIBRARY if row else Kind.VENDORED, row["name"] if row else title)
            part.version = part.version or version
            part.forms |= self._forms((f"{origin}/*",) if origin else ())
            part.proven = True
            part.evidence += verdicts.judge_texts(file.path, text)
            part.texts[file.path] = text
            if row is not None:
                self._from_catalogue(part, row, "")

    def _vendored_folders(self) -> None:
        """Packages in ``_vendor`` folders: with metadata of their own, or named by ``vendor.txt``."""
        folders: dict[str, set[str]] = {}
        for path in self.view.included:
            if ".dist-info/" in path.split("/", 1)[0] + "/":
                continue
            match = _VENDOR_FOLDER.search(path)
            if match:
                rest = path[match.end() :]
                top = rest.split("/")[0]
                if top.endswith((".dist-info", ".egg-info")) or (("/" not in rest) and not top.endswith(".py")):
                    folders.setdefault(path[: match.end()], set())
                elif top != "__init__.py":
                    folders.setdefault(path[: match.end()], set()).add(top.removesuffix(".py"))
        for root, names in sorted(folders.items()):
            metadata = self._vendored_metadata(root)
            versions = self._vendor_txt(root)
            for name in sorted(names):
                key = _plain(name)
                headers = metadata.get(key)
                version = headers["Version"] if headers else versions.get(key, "")
                title = (headers["Name"] if headers else name).lower()
                if not headers and key not in versions and not self._has_license(root, name):
                    continue  # A folder called so need not hold anybody else's code.
                part = self._part(Kind.VENDORED, title)
                part.forms.add(Form.BYTECODE)
                part.version = part.version or version
                if version:
                    part.purl = part.purl or f"pkg:pypi/{_plain(title)}@{part.version}"
                if headers is not None:
                    part.evidence += _header_evidence(headers, f"{root}{title}-{version}.dist-info/METADATA")
                self._folder_texts(part, root, name, headers)

    def _vendored_metadata(self, root: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        site = self.view.site
        for path in sorted(site.glob(f"{root}*.dist-info/METADATA")) if site is not None else ():
            headers = HeaderParser().parsestr(path.read_text(encoding="utf-8", errors="replace"))
            if headers["Name"] and headers["Version"]:
                names = {headers["Name"]}
                top = path.with_name("top_level.txt")
                names |= set(top.read_text().split()) if top.is_file() else set()
                # ``jaraco.text`` is found as the folder ``jaraco``; the first of a namespace stands for the folder.
                names.add(headers["Name"].split(".")[0])
                for name in names:
                    found.setdefault(_plain(name), headers)
        return found

    def _vendor_txt(self, root: str) -> dict[str, str]:
        data = self.view.read(f"{root}vendor.txt")
        if data is None:
            return {}
        rows = re.findall(r"^\s*([A-Za-z0-9_.-]+)==([^\s;#]+)", data.decode("utf-8", "replace"), re.MULTILINE)
        return {_plain(name): version for name, version in rows}

    def _has_license(self, root: str, name: str) -> bool:
        site = self.view.site
        folder = site / root / name if site is not None else None
        return (
            folder is not None
            and folder.is_dir()
            and any(
                _LICENSE_NAME.search(path.name) for path in folder.iterdir() if path.is_file() and path.suffix != ".py"
            )
        )

    def _folder_texts(self, part: _Part, root: str, name: str, headers: Any) -> None:
        site = self.view.site
        if site is None:
            return
        places = [site / root / name]
        if headers is not None:
            places += sorted((site / root).glob(f"{headers['Name'].replace('-', '?')}-{headers['Version']}.dist-info"))
        for place in places:
            for path in sorted(place.rglob("*")) if place.is_dir() else ():
                if (
                    path.is_file()
                    and path.suffix not in {".py", ".pyc", ".pyi", ".so"}
                    and _LICENSE_NAME.search(path.name)
                ):
                    text = path.read_text(encoding="utf-8", errors="replace")
                    where = path.relative_to(site).as_posix()
                    part.texts.setdefault(where, text)
                    part.evidence += verdicts.judge_texts(where, text)

    def _compiled_in(self) -> None:
        """What compilers left in the shared objects."""
        if self.view.site is None:
            return
        silent = []
        for native in self.view.natives:
            path = self.view.site / native.path
            if not path.is_file():
                continue
            facts = binaries.examine(path)
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
                f"{path_} was compiled by rustc {compiler}, and neither a bill of materials nor cargo-auditable data says "
                "which crates are in it.",
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
            part = self._part(
                Kind.DATA, re.sub(r"\s+(?:Sans|Serif|Mono|Display|Math|General|Size\w+|NonUnicode).*$", "", family_)
            )
            part.forms.add(Form.DATA)
            part.size += len(data or b"")
            part.version = part.version or font.version
            for text in (font.license, font.copyright):
                for item in verdicts.judge_texts(path, text) if text else ():
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

    def _beside(self, part: _Part, path: str) -> None:
        """Add the license file that stands in the folder of a font and has its name: ``LICENSE_DEJAVU``."""
        site = self.view.site
        if site is None:
            return
        key = _plain(part.name).replace("-", "")[:5]
        for file in sorted((site / path).parent.glob("*")):
            if _LICENSE_NAME.search(file.name) and key in _plain(file.name).replace("-", ""):
                where = file.relative_to(site).as_posix()
                if where not in part.texts:
                    text = file.read_text(encoding="utf-8", errors="replace")
                    part.texts[where] = text
                    part.evidence += verdicts.judge_texts(where, text)

    # --- putting together ---

    def _part(self, kind: Kind, name: str, version: str = "") -> _Part:
        key = (kind, f"{_plain(name)}@{version}" if kind is Kind.CRATE else _plain(name))
        if key not in self.parts:
            self.parts[key] = _Part(kind=kind, name=name, version=version)
        return self.parts[key]

    def _find(self, code: str, severity: Severity, message: str) -> None:
        self.findings.append(Finding(code=code, severity=severity, component=self.view.component, message=message))

    def _any_included(self, patterns: Sequence[str]) -> bool:
        """Return whether a list's entry is in; sources of compiled code are in no wheel and thus taken as in."""
        site = self.view.site
        compiled = True
        for pattern in patterns:
            plain = pattern.removeprefix("./").removeprefix("lib/").removeprefix("src/")
            options = (plain, f"{plain.rstrip('/')}/*", f"{plain}*")
            if any(fnmatch.fnmatch(path, option) for path in self.view.included for option in options):
                return True
            if site is not None and (any(site.glob(plain)) if "*" in plain else (site / plain).exists()):
                compiled = False
        return compiled

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
            component = self._component(part, texts)
            components.append(component)
            self.findings += _part_findings(component)
        return Found(components=tuple(components), findings=tuple(self.findings), texts=texts, subject=self.subject)

    def _component(self, part: _Part, texts: dict[str, str]) -> Component:
        shown = []
        for path, text in sorted(part.texts.items()):
            digest = sha256_bytes(text.encode())
            texts[digest] = text
            shown.append(Text(path=path, sha256=digest))
        row = library_of_name(part.name) if part.kind is Kind.LIBRARY else None
        cpe = part.cpe or (
            f"{row['cpe']}:{_upstream(part.version)}:*:*:*:*:*:*:*" if row and "cpe" in row and part.version else None
        )
        owner = self.view.distribution
        tail = f"{part.name}@{part.version}" if part.kind is Kind.CRATE else part.name
        return Component(
            id=f"{part.kind}/{owner.name}/{tail}",
            kind=part.kind,
            name=part.name,
            version=part.version,
            purl=part.purl or (f"pkg:generic/{_plain(part.name)}@{_upstream(part.version)}" if part.version else None),
            cpe=cpe,
            hashes=tuple(sorted((native.path, native.sha256) for native in part.natives)),
            verdict=_verdict(part),
            texts=tuple(shown),
            copyrights=tuple(dict.fromkeys(line for text in part.texts.values() for line in copyright_lines(text))),
            forms=tuple(form for form in Form if form in part.forms),
            size=part.size,
            parent=self.view.component,
        )


def _verdict(part: _Part) -> Verdict:
    """Return the verdict on a third party: a list or document in the wheel, else the catalogue, else its texts."""
    order = list(Source)
    evidence = sorted(dict.fromkeys(part.evidence), key=lambda item: order.index(item.source))
    strong = next((item for item in evidence if item.expression and item.source is not Source.TEXT), None)
    if strong is not None:
        # A bill of materials may know less than the catalogue, which was read in the library's own source.
        catalogue = next((item for item in evidence if item.source is Source.CATALOGUE), None)
        if strong.source is Source.SBOM and catalogue is not None:
            strong = catalogue
        similarity = max(
            (
                item.similarity
                for item in evidence
                if item.similarity is not None
                and item.expression
                and any(
                    verdicts.similar(left, right)
                    for left in expressions.leaves(item.expression)
                    for right in expressions.leaves(strong.expression or "")
                )
            ),
            default=None,
        )
        return Verdict(
            expression=strong.expression,
            source=strong.source,
            where=strong.where,
            similarity=similarity,
            evidence=tuple(evidence),
            reason=part.reason,
        )
    texts = [item for item in evidence if item.expression]
    choice = verdicts.says_choice(tuple(text for text in part.texts.values() if len(text) < _SHORT))
    return Verdict(
        expression=verdicts.joined(texts, choice=choice),
        source=Source.TEXT if texts else Source.NONE,
        where=", ".join(dict.fromkeys(item.where for item in texts)),
        similarity=min((item.similarity for item in texts if item.similarity is not None), default=None),
        evidence=tuple(evidence),
        reason=part.reason,
    )


def _part_findings(component: Component) -> Iterable[Finding]:
    verdict = component.verdict
    if verdict.expression is None:
        said = "; ".join(item.says for item in verdict.evidence) or "nothing"
        yield Finding(
            code="unknown-license",
            severity=Severity.ERROR if component.kind is not Kind.CRATE else Severity.WARNING,
            component=component.id,
            message=f"Its license is unknown; it says: {said}.",
        )
        return
    families = {verdicts.family(leaf) for leaf in expressions.leaves(verdict.expression)}
    for item in verdict.evidence:
        if item.expression is None or item.source in {verdict.source, Source.TEXT}:
            continue
        if not families & {verdicts.family(leaf) for leaf in expressions.leaves(item.expression)}:
            yield Finding(
                code="contradiction",
                severity=Severity.WARNING,
                component=component.id,
                message=f"{item.source} ({item.where}) says {item.expression}, {verdict.source} says {verdict.expression}.",
            )


def _header_evidence(headers: Any, where: str) -> list[Evidence]:
    found = []
    if headers["License-Expression"]:
        said = headers["License-Expression"]
        found.append(Evidence(source=Source.EXPRESSION, where=where, says=said, expression=expressions.normalise(said)))
    exact = [
        expression
        for item in headers.get_all("Classifier", [])
        if item.startswith("License ::") and (expression := expressions.from_classifier(item)[0])
    ]
    if exact:
        found.append(
            Evidence(source=Source.CLASSIFIER, where=where, says="; ".join(exact), expression=expressions.both(exact))
        )
    if headers["License"] and (plain := expressions.from_field(headers["License"])):
        found.append(Evidence(source=Source.FIELD, where=where, says=headers["License"][:100], expression=plain))
    return found


def _subject(folder: str, name: str) -> tuple[str, str, str] | None:
    """Return (name, version, source folder) of whom a license file speaks; None if it does not say."""
    match = _TITLED.match(name)
    if match is not None:
        title = (match["before"] or match["after"] or "").strip("-_. ")
        if title.lower() in {"external", "third-party", "thirdparty", "third_party", "bundled"}:
            return "third-party parts", "", ""
        if (
            title
            and title.lower() not in {"txt", "md", "rst"}
            and not verdicts.is_main_file(f"x.dist-info/licenses/{name}")
        ):
            return title.lower(), "", ""
    parts = [part for part in folder.split("/") if part]
    parts = parts[1:] if parts[:1] == ["licenses"] else parts
    meaningful = [part for part in parts if part.lower() not in _GENERIC]
    if not meaningful:
        return None
    last = meaningful[-1]
    found = re.fullmatch(r"(?P<name>[A-Za-z][\w.+-]*?)-v?(?P<version>\d[\w.]*)", last)
    origin = "/".join(parts).removeprefix("src/")
    return (found["name"], found["version"], origin) if found else (last, "", origin)


def _upstream(version: str) -> str:
    """Return a version without a Linux distribution's revision: ``14.2.0`` for ``14.2.0-r6``."""
    return re.sub(r"-r\d+$", "", version)


def _same_name(left: str, right: str) -> bool:
    return _plain(left) == _plain(right) or _plain(left) in {f"{_plain(right)}-rust", f"{_plain(right)}-python"}


def _plain(name: str) -> str:
    return re.sub(r"[-_.\s/]+", "-", name.lower()).strip("-")
