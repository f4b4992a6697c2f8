"""Components that a wheel declares in its own bills of materials (PEP 770): libraries vendored into shared objects.

Source: CycloneDX 1.4 to 1.6, JSON.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from castiron_link.model import ReportedComponent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_manifest.model import Distribution


def vendored(distribution: Distribution, text: str, *, unknown: str) -> tuple[ReportedComponent, ...]:
    """Return the components of one bill of materials, sorted, without the distribution itself.

    A text that is not CycloneDX JSON declares nothing.  ``unknown`` stands for a license that is not given.
    """
    try:
        document = json.loads(text)
    except ValueError:
        return ()
    if not isinstance(document, dict) or document.get("bomFormat") != "CycloneDX":
        return ()
    found = {}
    for item in _components(document):
        name, version = str(item["name"]), str(item.get("version", ""))
        if name.lower().replace("_", "-") == distribution.name:
            continue
        license_ = _license(item)
        found[name, version] = ReportedComponent(
            kind="vendored",
            name=name,
            version=version,
            license=license_ or unknown,
            evidence=f"bill of materials of {distribution.name}" if license_ else "none",
            inclusion=(),
            size=0,
            purl=item.get("purl") if isinstance(item.get("purl"), str) else None,
        )
    return tuple(found[key] for key in sorted(found))


def _components(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    listed = document.get("components")
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            yield item
            yield from _components(item)


def _license(item: dict[str, Any]) -> str:
    listed = item.get("licenses")
    names = []
    for row in listed if isinstance(listed, list) else ():
        if not isinstance(row, dict):
            continue
        inner = row.get("license")
        name = row.get("expression") or (inner.get("id") or inner.get("name") if isinstance(inner, dict) else None)
        if isinstance(name, str):
            names.append(f"({name})" if " OR " in name and len(listed or ()) > 1 else name)
    return " AND ".join(names)
