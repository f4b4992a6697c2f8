"""Manifests of any shape that the rules allow, for property tests."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from castiron_manifest import model
from castiron_manifest.validate import SORT_KEYS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

names = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4})?", fullmatch=True)
module_names = st.lists(st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True), min_size=1, max_size=4).map(".".join)
paths = st.lists(
    st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=8).filter(
        lambda part: part not in (".", "..")
    ),
    min_size=1,
    max_size=4,
).map("/".join)
texts = st.text(max_size=30)
vias = st.none() | st.builds(
    model.Via, importer=module_names, line=st.integers(0, 10**6), tier=st.sampled_from(model.Tier)
)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def ordered(field: str, items: Iterable[Any]) -> tuple[Any, ...]:
    """Sort as the rules ask and drop what has the same key."""
    by_key = {SORT_KEYS[field](item): item for item in items}
    return tuple(by_key[key] for key in sorted(by_key))


@st.composite
def manifests(draw: st.DrawFn) -> model.Manifest:
    blobs = ordered("blobs", [(sha256(b), b) for b in draw(st.lists(st.binary(max_size=40), min_size=1, max_size=4))])
    license_texts = ordered("texts", [(sha256(t.encode()), t) for t in draw(st.lists(texts, max_size=3))])
    some_blob = st.sampled_from([key for key, _ in blobs])
    distributions = ordered("distributions", draw(st.lists(_distributions(license_texts, some_blob), max_size=4)))
    owned = [d.name for d in distributions]
    distributions = tuple(
        replace(d, requires=tuple(sorted(set(draw(st.lists(st.sampled_from(owned), max_size=2))))))
        for d in distributions
    )
    modules = draw(st.lists(_modules(owned, some_blob), max_size=6))
    resources = draw(st.lists(_resources(owned, some_blob), max_size=4))
    natives = draw(st.lists(_natives(owned), max_size=3)) if owned else []
    own = {item.path for item in (*modules, *resources) if item.origin is model.Origin.APP and item.path}
    modules = [item for item in modules if not _is_below(item, own)]
    resources = [item for item in resources if not _is_below(item, own)]
    findings = st.builds(
        model.Finding, code=names, severity=st.sampled_from(model.Severity), subject=texts, message=texts
    )
    return model.Manifest(
        generator=draw(texts),
        pack=draw(texts),
        target=model.Target(platform=draw(texts), python=draw(texts)),
        entry=draw(_entries()),
        distributions=distributions,
        modules=ordered("modules", modules),
        resources=ordered("resources", resources),
        natives=ordered("natives", natives),
        links=ordered("links", draw(_links(modules, resources, natives))),
        findings=ordered("findings", draw(st.lists(findings, max_size=3))),
        texts=license_texts,
        blobs=blobs,
    )


@st.composite
def _links(
    draw: st.DrawFn, modules: list[model.Module], resources: list[model.Resource], natives: list[model.Native]
) -> list[model.SymbolicLink]:
    """Links at the top to a data file of the application, to its folder, and to another link."""
    taken = {(item.path or "").partition("/")[0] for item in (*modules, *resources, *natives)}
    ends = [item.path for item in resources if item.origin is model.Origin.APP]
    ends += [folder for path in ends if (folder := path.rpartition("/")[0])]
    made: list[model.SymbolicLink] = []
    for name in draw(st.lists(names, max_size=3, unique=True)) if ends else ():
        if name not in taken:
            made.append(model.SymbolicLink(path=name, target=draw(st.sampled_from(ends))))
            ends.append(name)
    # A module or another file may be on the way to a file that the generator made of the same words.
    files = {item.path for item in (*modules, *natives) if item.path}
    files |= {item.path for item in resources}
    return made if not any(file in above(other) for file in files for other in files) else []


def _is_below(item: model.Module | model.Resource, files: Collection[str]) -> bool:
    """Say whether one of the application's files would lie below another, which no manifest may have."""
    return item.origin is model.Origin.APP and bool(item.path) and any(folder in files for folder in above(item.path))


def above(path: str) -> list[str]:
    """Return the folders that a path goes through."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


@st.composite
def _entries(draw: st.DrawFn) -> model.Entry:
    kind = draw(st.sampled_from(model.EntryKind))
    return model.Entry(
        kind=kind,
        module=draw(module_names),
        function=draw(module_names) if kind is model.EntryKind.FUNCTION else None,
        path=draw(paths) if kind is model.EntryKind.SCRIPT else None,
        name=draw(names),
    )


@st.composite
def _distributions(
    draw: st.DrawFn, license_texts: tuple[tuple[str, str], ...], some_blob: st.SearchStrategy[str]
) -> model.Distribution:
    embedded = draw(st.booleans())
    name, version = draw(names), "1.0"
    files = [model.LicenseFile(path=draw(paths), sha256=key) for key, _ in license_texts if draw(st.booleans())]
    return model.Distribution(
        name=name,
        version=version,
        purl=f"pkg:pypi/{name}@{version}",
        wheel=model.Wheel(
            filename=f"{name}-1.0-py3-none-any.whl",
            sha256=draw(some_blob) if embedded else sha256(name.encode()),
            size=draw(st.integers(0, 2**40)),
            embedded=embedded,
        ),
        direct=draw(st.booleans()),
        license=model.LicenseEvidence(
            expression=draw(st.none() | texts), classifiers=tuple(draw(st.lists(texts, max_size=2))), files=tuple(files)
        ),
        summary=draw(st.none() | texts),
    )


@st.composite
def _modules(draw: st.DrawFn, owned: list[str], some_blob: st.SearchStrategy[str]) -> model.Module:
    kind = draw(st.sampled_from(model.ModuleKind))
    origin = draw(st.sampled_from([o for o in model.Origin if owned or o is not model.Origin.DISTRIBUTION]))
    fileless = kind in (model.ModuleKind.BUILTIN, model.ModuleKind.NAMESPACE)
    return model.Module(
        name=draw(module_names),
        kind=kind,
        origin=origin,
        distribution=draw(st.sampled_from(owned)) if origin is model.Origin.DISTRIBUTION else None,
        path=None if fileless else draw(paths),
        via=draw(vias),
        sha256=draw(some_blob) if origin is model.Origin.APP and not fileless else None,
    )


@st.composite
def _resources(draw: st.DrawFn, owned: list[str], some_blob: st.SearchStrategy[str]) -> model.Resource:
    origin = draw(st.sampled_from([o for o in model.Origin if owned or o is not model.Origin.DISTRIBUTION]))
    prefix = draw(st.sampled_from(["", "../../../"])) if origin is model.Origin.DISTRIBUTION else ""
    return model.Resource(
        path=prefix + draw(paths),
        origin=origin,
        distribution=draw(st.sampled_from(owned)) if origin is model.Origin.DISTRIBUTION else None,
        size=draw(st.integers(0, 2**40)),
        executable=draw(st.booleans()),
        sha256=draw(some_blob) if origin is model.Origin.APP else None,
    )


@st.composite
def _natives(draw: st.DrawFn, owned: list[str]) -> model.Native:
    return model.Native(
        path=draw(paths),
        distribution=draw(st.sampled_from(owned)),
        soname=draw(st.none() | texts),
        sha256=sha256(draw(st.binary(max_size=4))),
        size=draw(st.integers(0, 2**40)),
        needed=tuple(draw(st.lists(texts, max_size=2))),
        relocations=tuple(draw(st.lists(st.tuples(texts, st.integers(0, 10**6)), max_size=2))),
        module=draw(st.none() | module_names),
    )
