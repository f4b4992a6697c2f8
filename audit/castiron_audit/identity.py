"""Completes what identifies components in other people's tools: valid purls and CPE names, and a supplier for each.

Sources: purl specification (canonical form); NISTIR 7695, section 6.2 (CPE 2.3 formatted strings); NTIA, The Minimum
Elements For an SBOM (2021).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from castiron_audit.model import Kind, Supplier
from castiron_audit.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castiron_audit.model import Component

_CPE_FIELDS = 13
_UNQUOTED = re.compile(r"[^A-Za-z0-9_.-]")
_PURL = re.compile(r"pkg:([A-Za-z][A-Za-z0-9.+-]*)/([^?#]+)(\?[^#]*)?(#.*)?")
_PAGES = {
    "pypi": "https://pypi.org/project/{}/",
    "cargo": "https://crates.io/crates/{}",
    "npm": "https://www.npmjs.com/package/{}",
    "golang": "https://pkg.go.dev/{}",
    "gem": "https://rubygems.org/gems/{}",
}
"""Where a registry shows a package and who publishes it."""


def identified(components: Iterable[Component], application: Supplier | None) -> tuple[Component, ...]:
    """Return the components with valid identifiers and suppliers; ``application`` is the application's own.

    A part without a supplier of its own has that of the component that contains it: they deliver it.
    """
    made: dict[str, Component] = {}
    for component in components:
        version = component.version
        purl = component.purl or _own_purl(component)
        supplier = component.supplier or (
            _of_application(application) if component.kind is Kind.APPLICATION else _supplier(component)
        )
        made[component.id] = replace(
            component,
            purl=purl_name(purl) if purl else None,
            cpe=cpe_name(component.cpe, version) if component.cpe else None,
            supplier=supplier,
        )
    return tuple(_with_supplier_of_parent(component, made) for component in made.values())


def cpe_name(text: str, version: str = "") -> str | None:
    """Return a CPE 2.3 name with what must be quoted quoted, and all its fields; None if it names no product."""
    parts = re.split(r"(?<!\\):", text)
    if parts[:2] != ["cpe", "2.3"] or len(parts) < 5 or not all(parts[2:5]):
        return None
    # A colon in a version looks like the next field: the seven fields after the version are wildcards.
    rest = parts[5:]
    while rest and rest[-1] in {"*", "-"} and len(rest) > 1:
        rest.pop()
    written = ":".join(rest) if rest else version or "*"
    fields = [_cpe_field(part) for part in (*parts[3:5], written)]
    if not all(fields):
        return None
    named = ["cpe", "2.3", parts[2].lower(), fields[0].lower(), fields[1].lower(), fields[2]]
    return ":".join([*named, *["*"] * (_CPE_FIELDS - len(named))])


def _cpe_field(text: str) -> str:
    if text in {"*", "-"}:
        return text
    plain = re.sub(r"\\(.)", r"\1", text)
    if not plain.isascii() or re.search(r"\s", plain):
        return ""
    return _UNQUOTED.sub(lambda match: "\\" + match[0], plain)


def purl_name(text: str) -> str | None:
    """Return a purl in its canonical form, None if it is none."""
    match = _PURL.fullmatch(text)
    if match is None:
        return None
    *namespace, last = match[2].strip("/").split("/")
    name, at, version = last.partition("@") if not last.startswith("@") else (last, "", "")
    parts = [quote(unquote(part), safe=".-_~:") for part in (*namespace, name)]
    if not parts[-1]:
        return None
    kind = match[1].lower()
    if kind == "pypi":
        parts[-1] = re.sub(r"[-_.]+", "-", parts[-1].lower())
    written = f"@{quote(unquote(version), safe='.-_~:')}" if at and version else ""
    return f"pkg:{kind}/{'/'.join(parts)}{written}{match[3] or ''}{match[4] or ''}"


def _own_purl(component: Component) -> str | None:
    """Return the purl of what no index publishes: the application, and projects whose name is all that is known."""
    if component.kind not in {Kind.APPLICATION, Kind.LIBRARY, Kind.RUNTIME}:
        return None
    version = f"@{component.version}" if component.version else ""
    return f"pkg:generic/{quote(component.name, safe='')}{version}"


def _of_application(application: Supplier | None) -> Supplier:
    return application or Supplier(
        name="not stated", reason="its project names no authors, or it has no pyproject.toml"
    )


def _supplier(component: Component) -> Supplier | None:
    """Return who publishes a component: a row of the table, else the page of the registry that its purl names."""
    row = table("suppliers")["suppliers"].get(component.name.lower())
    if row is not None and component.kind in {Kind.RUNTIME, Kind.LIBRARY}:
        return Supplier(name=row[0], url=row[1])
    match = _PURL.fullmatch(component.purl or "")
    if match is None:
        return None
    kind, path = match[1].lower(), unquote(match[2].partition("@")[0])
    if kind in {"apk", "deb", "rpm"}:
        distribution = table("suppliers")["distributions"].get(path.split("/")[0])
        return Supplier(name=distribution[0], url=distribution[1]) if distribution else None
    if kind in _PAGES:
        name = f"{component.name} project"
        home = component.home_page if component.home_page.startswith(("http://", "https://")) else ""
        return Supplier(name=name, url=home or _PAGES[kind].format(path))
    if component.home_page.startswith(("http://", "https://")):
        return Supplier(name=f"{component.name} project", url=component.home_page)
    return None


def _with_supplier_of_parent(component: Component, made: dict[str, Component]) -> Component:
    if component.supplier is not None:
        return component
    parent = made.get(component.parent or "")
    if parent is not None and parent.supplier is not None:
        reason = f"it comes as a part of {parent.name}, and says nothing of its own"
        return replace(component, supplier=replace(parent.supplier, reason=reason))
    return replace(component, supplier=Supplier(name=f"{component.name} project", reason="known by its name only"))
