"""Collects the components of the runtime pack, and what CPython's own files incorporate of other projects."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from castiron_audit.chains import module_chain
from castiron_audit.collected import Collected
from castiron_audit.copyrights import copyright_notices
from castiron_audit.model import Component, Evidence, Form, Kind, Source, Text, Verdict
from castiron_audit.tables import table
from castiron_common.files import sha256_bytes
from castiron_manifest.model import Origin
from castiron_runtime.licenses import rst_section
from castiron_runtime.source_changes import NOTICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_audit.linked import Linked, LinkedComponent
    from castiron_manifest.model import Manifest

INTERPRETER = "cpython"


def collect_runtime(manifest: Manifest, linked: Linked | None) -> Collected:
    """Return the components that were linked; before the link only CPython itself is known."""
    if linked is None:
        return Collected(components=(_foreseen_interpreter(manifest),))
    components: list[Component] = []
    texts: dict[str, str] = {}
    for item in linked.components:
        components.append(_component(item))
        texts |= {text.sha256: text.text for text in item.component.texts}
        if item.component.name == INTERPRETER:
            for component, text in _incorporated(manifest, item):
                components.append(component)
                texts |= {reference.sha256: text for reference in component.texts}
    return Collected(components=tuple(components), texts=texts)


def _foreseen_interpreter(manifest: Manifest) -> Component:
    version = manifest.pack.removeprefix("cpython-")
    return Component(
        id=f"runtime/{INTERPRETER}",
        kind=Kind.RUNTIME,
        name=INTERPRETER,
        version=version,
        purl=f"pkg:generic/cpython@{version}",
        cpe=f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*",
        verdict=Verdict(expression="PSF-2.0", source=Source.RECIPE, where="LICENSE in CPython's source tree"),
        forms=(Form.STATIC, Form.BYTECODE),
    )


def _component(linked: LinkedComponent) -> Component:
    item = linked.component
    return Component(
        id=f"runtime/{item.name}",
        kind=Kind.RUNTIME,
        name=item.name,
        version=item.version,
        purl=item.purl or None,
        cpe=item.cpe or None,
        hashes=(("source", item.source_sha256),) if item.source_sha256 else (),
        verdict=_recipe_verdict(item.license, item.evidence),
        texts=tuple(Text(path=text.path, sha256=text.sha256) for text in item.texts),
        copyrights=copyright_notices(text.text for text in item.texts),
        forms=linked.forms,
        size=linked.size,
        changes=next((text.text for text in item.texts if text.path == NOTICE), ""),
    )


def _recipe_verdict(expression: str, where: str) -> Verdict:
    evidence = Evidence(source=Source.RECIPE, where=where, says=expression, expression=expression)
    return Verdict(expression=expression, source=Source.RECIPE, where=where, evidence=(evidence,))


def _incorporated(manifest: Manifest, interpreter: LinkedComponent) -> Iterator[tuple[Component, str]]:
    """Yield what CPython's files incorporate of other projects, as far as those files are in; with the license text."""
    license_rst = next((text.text for text in interpreter.component.texts if text.path.endswith("license.rst")), "")
    stdlib = {module.name for module in manifest.modules if module.origin is Origin.STDLIB}
    series = _series(interpreter.component.version)
    for row in table("cpython")["incorporated"]:
        patterns = row.get("objects", ())
        objects = [name for name in interpreter.members if any(fnmatch(name, pattern) for pattern in patterns)]
        modules = [name for name in row.get("modules", ()) if name in stdlib]
        if not objects and not modules:
            continue
        if not _series(row.get("series_from", "0")) <= series <= _series(row.get("series_to", "99")):
            continue
        section = row.get("section", "")
        text = rst_section(license_rst, section) if license_rst and section else ""
        forms = ((Form.STATIC, objects), (Form.BYTECODE, modules))
        component = Component(
            id=f"vendored/{INTERPRETER}/{row['name']}",
            kind=Kind.VENDORED,
            name=row["name"],
            verdict=_recipe_verdict(row["license"], _where(row)),
            texts=(Text(path=f"Doc/license.rst#{section}", sha256=sha256_bytes(text.encode())),) if text else (),
            copyrights=copyright_notices([text]),
            forms=tuple(form for form, files in forms if files),
            parent=f"runtime/{INTERPRETER}",
            chain=module_chain(manifest, modules[0]) if modules else (),
        )
        yield component, text


def _where(row: dict[str, Any]) -> str:
    """Return where the license in a row of ``data/cpython.toml`` was read."""
    section: str = row.get("section", "")
    return f"Doc/license.rst, {section}" if section else str(row["evidence"])


def _series(version: str) -> tuple[int, ...]:
    """Return 3 and 13 of ``3.13.5``."""
    return tuple(int(number) for number in version.split(".")[:2])
