"""A manifest as text and as JSON values, the difference of two, and the chain that brings a module in."""

from __future__ import annotations

import base64
import dataclasses
from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING, Any

from castiron_common.errors import ModuleMissingError
from castiron_common.words import counted
from castiron_manifest.validate import SORT_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_manifest.model import LicenseEvidence, Manifest, Module, Via

_LICENSE_NAME = 40
"""Characters of a ``License`` field that may be a name; longer ones are texts."""


def as_json_value(manifest: Manifest, *, contents: bool = False) -> dict[str, Any]:
    """Return the manifest as values that ``json`` can write (docs: ``manifest.schema.json``).

    Blobs are named by hash and size, texts by hash and length; with ``contents``, blobs are Base64 and texts whole.
    """
    value: dict[str, Any] = {
        field.name: _plain(getattr(manifest, field.name))
        for field in dataclasses.fields(manifest)
        if field.name not in ("blobs", "texts", "extra")
    }
    value["texts"] = [
        {"sha256": key, "length": len(text)} | ({"text": text} if contents else {}) for key, text in manifest.texts
    ]
    value["blobs"] = [
        {"sha256": key, "size": len(data)} | ({"base64": base64.b64encode(data).decode()} if contents else {})
        for key, data in manifest.blobs
    ]
    return value | {key: _plain(extra) for key, extra in manifest.extra}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def summary(manifest: Manifest) -> list[tuple[str, str]]:
    """Return rows of (label, text) that fit on one screen."""
    entry = manifest.entry
    start = entry.path or (f"{entry.module}:{entry.function}" if entry.function else f"-m {entry.module}")
    kinds = Counter(str(module.kind) for module in manifest.modules)
    origins = Counter(str(module.origin) for module in manifest.modules)
    embedded = sum(len(data) for _, data in manifest.blobs)
    texts = counted(len(manifest.texts), "license text")
    return [
        ("made by", f"{manifest.generator} with {manifest.pack}"),
        ("target", f"{manifest.target.platform}, Python {manifest.target.python}"),
        ("program", f"{entry.name} ({entry.kind} {start})"),
        ("distributions", f"{len(manifest.distributions)}"),
        ("modules", f"{len(manifest.modules)} ({_counts(origins)}; {_counts(kinds)})"),
        ("resources", f"{len(manifest.resources)} ({sum(r.size for r in manifest.resources):,} bytes)"),
        *(
            [("links", f"{counted(len(manifest.links), 'symbolic link')} among the resources")]
            if manifest.links
            else []
        ),
        ("natives", f"{len(manifest.natives)} ({sum(n.size for n in manifest.natives):,} bytes)"),
        ("carried along", f"{counted(len(manifest.blobs), 'blob')} ({embedded:,} bytes), {texts}"),
        ("findings", _counts(Counter(str(finding.severity) for finding in manifest.findings)) or "none"),
    ]


def license_name(evidence: LicenseEvidence) -> str:
    """Return in few words what a distribution says about its license; the audit tells what it is."""
    if evidence.expression:
        return evidence.expression
    if evidence.text and "\n" not in evidence.text and len(evidence.text) <= _LICENSE_NAME:
        return evidence.text
    if evidence.classifiers:
        return "; ".join(item.rpartition(" :: ")[2] for item in evidence.classifiers)
    if evidence.text:
        return "(a text in its metadata)"
    return f"(in {evidence.files[0].path.rpartition('/')[2]})" if evidence.files else "none"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counter.items()))


def chain(manifest: Manifest, name: str) -> list[tuple[str, Via | None]]:
    """Return how ``name`` comes in: (module, the edge that brings it in) from the module back to the entry.

    Raises `ModuleMissingError` if the manifest has no such module.
    """
    modules: dict[str, Module] = {module.name: module for module in manifest.modules}
    if name not in modules:
        near = sorted(other for other in modules if other.rpartition(".")[2] == name.rpartition(".")[2])[:5]
        raise ModuleMissingError(
            f"The manifest has no module {name!r}.",
            hint=f"Did you mean {', '.join(near)}?" if near else "`castiron manifest show --modules` lists them all.",
        )
    steps: list[tuple[str, Via | None]] = []
    seen: set[str] = set()
    at: str | None = name
    while at is not None and at not in seen:
        seen.add(at)
        module = modules.get(at)
        via = module.via if module else None
        steps.append((at, via))
        at = via.importer if via else None
    return steps


def differences(old: Manifest, new: Manifest) -> Iterator[str]:
    """Yield a line for each thing that only one has (``-`` old, ``+`` new) or that has changed (``~``)."""
    for name in ("generator", "pack", "target", "entry"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"~ {name}: {_one_line(before)} -> {_one_line(after)}"
    for name, key in SORT_KEYS.items():
        before_items = {key(item): item for item in getattr(old, name)}
        after_items = {key(item): item for item in getattr(new, name)}
        for at in sorted(before_items.keys() | after_items.keys()):
            label = f"{name} " + " ".join(part for part in at if part)
            if at not in after_items:
                yield f"- {label}"
            elif at not in before_items:
                yield f"+ {label}"
            elif before_items[at] != after_items[at]:
                yield f"~ {label}: {', '.join(_changed_fields(before_items[at], after_items[at]))}"


def _changed_fields(before: Any, after: Any) -> Iterator[str]:
    for field in dataclasses.fields(before):
        one, other = getattr(before, field.name), getattr(after, field.name)
        if one != other:
            yield f"{field.name} {_one_line(one)} -> {_one_line(other)}"


def _one_line(value: Any) -> str:
    plain = _plain(value)
    if isinstance(plain, dict):
        return " ".join(f"{key}={item}" for key, item in plain.items() if item is not None)
    return str(plain)
