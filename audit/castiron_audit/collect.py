"""Puts the report together: what is in, from whom, under which license, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from email.parser import HeaderParser
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from castiron_audit.chains import distribution_chains, module_chain
from castiron_audit.copyleft import compatibility_findings, linkage_findings, obligations
from castiron_audit.license_texts import copyright_lines
from castiron_audit.model import Component, Evidence, Finding, Form, Kind, Report, Source, Text, Verdict, sort_key
from castiron_audit.tables import table
from castiron_common.files import sha256_bytes
from castiron_manifest.model import ModuleKind, Origin
from castiron_runtime.licenses import rst_section

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from castiron_audit.detection.contents import View
    from castiron_audit.model import Step
    from castiron_audit.policy import Policy
    from castiron_manifest.model import Distribution, Manifest, Native
    from castiron_runtime.model import Component as RuntimeComponent

INTERPRETER = "cpython"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedPart:
    """A component of the runtime pack of which the linker took something."""

    component: RuntimeComponent
    size: int
    """Bytes in the binary; 0 if they count for another component of the same archive."""
    members: tuple[str, ...] = ()
    """Names of the archive members that were taken, sorted."""
    forms: tuple[Form, ...] = (Form.STATIC,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What is really in a binary."""

    parts: tuple[LinkedPart, ...]
    sizes: Mapping[str, Mapping[Form, int]]
    """Bytes by form for each owner: ``app`` or the name of a distribution."""
    images: Collection[str]
    """Paths of the shared objects that were absorbed, relative to site-packages."""


def build_report(
    manifest: Manifest,
    *,
    site: Path | None,
    linked: Linked | None = None,
    license_: str | None = None,
    version: str = "",
    generator: str | None = None,
) -> Report:
    """Return the audit of a manifest, or of a binary that is being linked from it; no policy is applied yet.

    ``site`` is the installed ``site-packages`` of the manifest's distributions; without it, what only the files say
    (vendored packages, crates, fonts) is not found.  ``license_`` is the application's own license.
    """
    # What looks into wheels is imported when there are any: a hello should not wait for it.
    if manifest.distributions:
        from castiron_audit.conclusions import judge
        from castiron_audit.detection.contents import View
        from castiron_audit.detection.driver import third_parties
        from castiron_runtime.target_files import load_target

        elf = load_target(manifest.target.platform).elf

    texts = dict(manifest.texts)
    chains = distribution_chains(manifest)
    natives = _natives(manifest, linked)
    components: list[Component] = [replace(_application(manifest, linked, license_), version=version)]
    findings: list[Finding] = []

    paths = _included_paths(manifest)
    counted: set[str] = set()
    for distribution in manifest.distributions:
        name = distribution.name
        if not _is_in(name, linked, paths):
            continue
        view = View(
            distribution=distribution,
            included=paths.get(name, frozenset())
            | {file.path for file in distribution.license.files}
            | {native.path for native in natives.get(name, ())},
            natives=natives.get(name, ()),
            texts=texts,
            site=site,
            elf=elf,
        )
        found = third_parties(view)
        texts.update(found.texts)
        judgement = judge(
            view.component, distribution, texts, subject=found.subject, description=_description(distribution, site)
        )
        chain = chains.get(name, ())
        forms, size = _extent(name, view, linked, manifest)
        inner = [
            replace(part, chain=chain, forms=part.forms or forms) if not part.chain else part
            for part in found.components
        ]
        inner = [_once(part, view.natives, counted) for part in inner]
        own_size = max(0, size - sum(part.size for part in inner))
        components.append(
            _distribution(distribution, judgement.verdict, texts, chain=chain, forms=forms, size=own_size)
        )
        components += inner
        findings += (*found.findings, *judgement.findings)

    runtime, runtime_texts = _runtime(manifest, linked)
    components += runtime
    texts.update(runtime_texts)
    components = _related(components, manifest)
    ordered = tuple(sorted(components, key=sort_key))
    findings += [*linkage_findings(ordered), *compatibility_findings(license_, ordered)]
    used = {text.sha256 for component in ordered for text in component.texts}
    return Report(
        name=manifest.entry.name,
        version=version,
        generator=generator or manifest.generator,
        target=manifest.target.platform,
        python=manifest.pack.removeprefix("cpython-"),
        license=license_,
        linked=linked is not None,
        components=ordered,
        findings=sort_findings(findings),
        obligations=obligations(ordered),
        texts=tuple(sorted((key, text) for key, text in texts.items() if key in used)),
    )


def application_version(manifest: Manifest, policy: Policy) -> str:
    """Return the application's version: that of its project or of the distribution it starts in; empty if unknown."""
    started = next((item for item in manifest.distributions if item.name == manifest.entry.distribution), None)
    return policy.version or (started.version if started is not None else "")


_SEVERITY_ORDER = {"error": 0, "warning": 1, "info": 2}


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, each once, the worst first."""
    return tuple(
        sorted(
            set(findings), key=lambda item: (_SEVERITY_ORDER[item.severity], item.code, item.component, item.message)
        )
    )


def _once(part: Component, natives: Sequence[Native], counted: set[str]) -> Component:
    """Return a library with the bytes of those of its files that no other distribution has brought."""
    if part.kind is not Kind.LIBRARY or not part.hashes:
        return part
    sizes = {native.sha256: native.size for native in natives}
    new = {sha256 for _, sha256 in part.hashes} - counted
    counted |= new
    return replace(part, size=sum(sizes.get(sha256, 0) for sha256 in new))


def _is_in(name: str, linked: Linked | None, paths: Mapping[str, frozenset[str]]) -> bool:
    if linked is not None:
        return name in linked.sizes
    return bool(paths.get(name))


def _natives(manifest: Manifest, linked: Linked | None) -> dict[str, tuple[Native, ...]]:
    """Return the shared objects that go in, by distribution: imported extension modules and what they need."""
    if linked is not None:
        wanted = set(linked.images)
    else:
        modules = {module.name for module in manifest.modules if module.kind is ModuleKind.EXTENSION}
        paths = {module.path for module in manifest.modules if module.kind is ModuleKind.EXTENSION}
        by_soname: dict[tuple[str, str], Native] = {}
        for native in manifest.natives:
            for name in {native.soname or "", native.path.rsplit("/", 1)[-1]}:
                by_soname[native.distribution, name] = native
        wave = [native for native in manifest.natives if native.module in modules or native.path in paths]
        wanted = set()
        while wave:
            native = wave.pop()
            if native.path not in wanted:
                wanted.add(native.path)
                wave += [
                    by_soname[native.distribution, name]
                    for name in native.needed
                    if (native.distribution, name) in by_soname
                ]
    found: dict[str, list[Native]] = {}
    for native in manifest.natives:
        if native.path in wanted:
            found.setdefault(native.distribution, []).append(native)
    return {name: tuple(items) for name, items in found.items()}


def _included_paths(manifest: Manifest) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    rows = [(item.distribution, item.path) for item in manifest.modules]
    rows += [(item.distribution, item.path) for item in manifest.resources]
    for distribution, path in rows:
        if distribution is not None and path is not None:
            found.setdefault(distribution, set()).add(path)
    return {name: frozenset(paths) for name, paths in found.items()}


def _extent(name: str, view: View, linked: Linked | None, manifest: Manifest) -> tuple[tuple[Form, ...], int]:
    """Return in which forms a distribution is in, and its bytes; before the link, the bytes of its files."""
    if linked is not None:
        sizes = linked.sizes.get(name, {})
        return tuple(form for form in Form if form in sizes), sum(sizes.values())
    forms = {Form.STATIC} if view.natives else set()
    size = sum(native.size for native in view.natives)
    for module in manifest.modules:
        if module.distribution == name and module.kind in {ModuleKind.SOURCE, ModuleKind.PACKAGE}:
            forms.add(Form.BYTECODE)
            if view.site is not None and module.path and (view.site / module.path).is_file():
                size += (view.site / module.path).stat().st_size
    for resource in manifest.resources:
        if resource.distribution == name:
            forms.add(Form.DATA)
            size += resource.size
    return tuple(form for form in Form if form in forms), size


def _description(distribution: Distribution, site: Path | None) -> str:
    """Return the long description of the metadata; licenses that are a choice are told there."""
    if site is None:
        return ""
    folder = f"{distribution.name.replace('-', '_')}-{distribution.version}.dist-info"
    options = [site / folder, *sorted(site.glob(f"*-{distribution.version}.dist-info"))]
    for option in options:
        path = option / "METADATA"
        if path.is_file():
            message = HeaderParser().parsestr(path.read_text(encoding="utf-8", errors="replace"))
            if (message["Name"] or "").lower().replace("_", "-").replace(".", "-") == distribution.name:
                return str(message["Description"] or message.get_payload() or "")
    return ""


def _application(manifest: Manifest, linked: Linked | None, license_: str | None) -> Component:
    if linked is not None:
        sizes = dict(linked.sizes.get("app", {}))
    else:
        blobs = {key: len(data) for key, data in manifest.blobs}
        sizes = {}
        for module in manifest.modules:
            if module.origin is Origin.APP and module.sha256:
                sizes[Form.BYTECODE] = sizes.get(Form.BYTECODE, 0) + blobs.get(module.sha256, 0)
        for resource in manifest.resources:
            if resource.origin is Origin.APP:
                sizes[Form.DATA] = sizes.get(Form.DATA, 0) + resource.size
    return Component(
        id="application",
        kind=Kind.APPLICATION,
        name=manifest.entry.name,
        verdict=Verdict(
            expression=license_,
            source=Source.EXPRESSION if license_ else Source.NONE,
            where="pyproject.toml" if license_ else "",
            reason="the application's own; not part of the audit",
        ),
        forms=tuple(form for form in Form if form in sizes),
        size=sum(sizes.values()),
    )


def _distribution(
    item: Distribution,
    verdict: Verdict,
    texts: Mapping[str, str],
    *,
    chain: tuple[Step, ...],
    forms: tuple[Form, ...],
    size: int,
) -> Component:
    shown = tuple(Text(path=file.path, sha256=file.sha256) for file in item.license.files if file.sha256 in texts)
    return Component(
        id=f"distribution/{item.name}",
        kind=Kind.DISTRIBUTION,
        name=item.name,
        version=item.version,
        purl=item.purl,
        hashes=((item.wheel.filename, item.wheel.sha256),),
        verdict=verdict,
        texts=shown,
        copyrights=_copyrights(texts[text.sha256] for text in shown),
        forms=forms,
        size=size,
        chain=chain,
        direct=item.direct,
        summary=item.summary or "",
        home_page=item.home_page or "",
    )


def _runtime(manifest: Manifest, linked: Linked | None) -> tuple[list[Component], dict[str, str]]:
    """Return the components of the runtime pack with their texts by hash."""
    if linked is None:
        version = manifest.pack.removeprefix("cpython-")
        foretold = Component(
            id=f"runtime/{INTERPRETER}",
            kind=Kind.RUNTIME,
            name=INTERPRETER,
            version=version,
            purl=f"pkg:generic/cpython@{version}",
            cpe=f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*",
            verdict=Verdict(expression="PSF-2.0", source=Source.RECIPE, where="LICENSE in CPython's source tree"),
            forms=(Form.STATIC, Form.BYTECODE),
        )
        return [foretold], {}
    components: list[Component] = []
    texts: dict[str, str] = {}
    for part in linked.parts:
        component = runtime_component(part)
        texts.update({text.sha256: text.text for text in part.component.texts})
        components.append(component)
        if part.component.name == INTERPRETER:
            inner, inner_texts = _interpreter_parts(manifest, part)
            components += inner
            texts.update(inner_texts)
    return components, texts


def runtime_component(part: LinkedPart) -> Component:
    """Return a component of the runtime pack as the report has it."""
    item = part.component
    return Component(
        id=f"runtime/{item.name}",
        kind=Kind.RUNTIME,
        name=item.name,
        version=item.version,
        purl=item.purl or None,
        cpe=item.cpe or None,
        hashes=(("source", item.source_sha256),) if item.source_sha256 else (),
        verdict=Verdict(
            expression=item.license,
            source=Source.RECIPE,
            where=item.evidence,
            evidence=(Evidence(source=Source.RECIPE, where=item.evidence, says=item.license, expression=item.license),),
        ),
        texts=tuple(Text(path=text.path, sha256=text.sha256) for text in item.texts),
        copyrights=_copyrights(text.text for text in item.texts),
        forms=part.forms,
        size=part.size,
    )


def _interpreter_parts(manifest: Manifest, part: LinkedPart) -> tuple[list[Component], dict[str, str]]:
    """Return what CPython's own files incorporate of others, as far as those files are in the binary."""
    whole = next((text for text in part.component.texts if text.path.endswith("license.rst")), None)
    stdlib = {module.name for module in manifest.modules if module.origin is Origin.STDLIB}
    feature = _feature(part.component.version)
    found: list[Component] = []
    texts: dict[str, str] = {}
    for row in table("cpython")["part"]:
        objects = [name for name in part.members if any(fnmatch(name, pattern) for pattern in row.get("objects", ()))]
        modules = [name for name in row.get("modules", ()) if name in stdlib]
        if not objects and not modules:
            continue
        if not _feature(row.get("series_from", "0")) <= feature <= _feature(row.get("series_to", "99")):
            continue
        section = row.get("section", "")
        text = rst_section(whole.text, section) if whole is not None and section else ""
        shown: tuple[Text, ...] = ()
        if text:
            digest = sha256_bytes(text.encode())
            texts[digest] = text
            shown = (Text(path=f"Doc/license.rst#{section}", sha256=digest),)
        where = f"Doc/license.rst, {section}" if section else row["evidence"]
        found.append(
            Component(
                id=f"vendored/{INTERPRETER}/{row['name']}",
                kind=Kind.VENDORED,
                name=row["name"],
                verdict=Verdict(
                    expression=row["license"],
                    source=Source.RECIPE,
                    where=where,
                    evidence=(
                        Evidence(source=Source.RECIPE, where=where, says=row["license"], expression=row["license"]),
                    ),
                ),
                texts=shown,
                copyrights=copyright_lines(text),
                forms=tuple(
                    form for form in Form if (form is Form.STATIC and objects) or (form is Form.BYTECODE and modules)
                ),
                parent=f"runtime/{INTERPRETER}",
                chain=module_chain(manifest, modules[0]) if modules else (),
            )
        )
    return found, texts


def _feature(version: str) -> tuple[int, ...]:
    """Return 3 and 13 of ``3.13.5``."""
    return tuple(int(part) for part in version.split(".")[:2])


def _related(components: Sequence[Component], manifest: Manifest) -> list[Component]:
    """Return the components with what each depends on: requirements, parts, and for the application all it asks for."""
    present = {component.id for component in components}
    parts: dict[str, list[str]] = {}
    for component in components:
        if component.parent is not None:
            parts.setdefault(component.parent, []).append(component.id)
    requires = {f"distribution/{item.name}": item.requires for item in manifest.distributions}
    needed = {f"distribution/{name}" for names in requires.values() for name in names}
    related = []
    for component in components:
        ids = set(parts.get(component.id, ()))
        ids |= {f"distribution/{name}" for name in requires.get(component.id, ())} & present
        if component.kind is Kind.APPLICATION:
            ids |= {item.id for item in components if item.kind is Kind.RUNTIME}
            ids |= {
                item.id
                for item in components
                if item.kind is Kind.DISTRIBUTION and (item.direct or item.id not in needed)
            }
        related.append(replace(component, requires=tuple(sorted(ids - {component.id}))))
    return related


def _copyrights(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line for text in texts for line in copyright_lines(text)))
