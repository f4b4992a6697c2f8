"""Turns the tree and its bytecode into what the payload writer takes, and counts who brought how much."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from castiron_audit.model import Form
from castiron_link.audit import Contribution
from castiron_link.model import Compression, Sources, owner_of
from castiron_link.payload import PayloadFile, PayloadLink, PayloadModule
from castiron_manifest.model import ModuleKind, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from castiron_link.model import Compiled, Tree
    from castiron_link.payload import Payload
    from castiron_manifest.model import Module

_SUFFIX = re.compile(r"\.(?:py|abi3\.so|cpython-[^/.]*\.so|so)$")
"""File name suffixes of modules.  A script without suffix (``bin/aws``) keeps its whole name."""

_ANY_GAIN = 7 / 8
_GREAT_GAIN = 1 / 2
_QUICKLY_INFLATED = 4 << 20
"""Bytes: some 20 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """The input of the payload writer, sorted by path."""

    modules: tuple[PayloadModule, ...]
    files: tuple[PayloadFile, ...]
    links: tuple[PayloadLink, ...]
    contributions: tuple[Contribution, ...]
    """What each module and file is before compression."""


def as_stored(contributions: Iterable[Contribution], payload: Payload) -> tuple[Contribution, ...]:
    """Return contributions with the sizes that files and bytecode have in the payload."""
    sizes = {Form.DATA: payload.stored, Form.BYTECODE: payload.stored_code}
    return tuple(
        replace(item, size=sizes[item.inclusion][item.path]) if item.inclusion in sizes else item
        for item in contributions
    )


def stem(tree_path: str, *, package: bool) -> str:
    """Return the path of a module in the payload: without suffix; that of a package is its folder."""
    return posixpath.dirname(tree_path) if package else _SUFFIX.sub("", tree_path)


def has_source(module: Module, sources: Sources) -> bool:
    """Return whether the source of a module goes in beside its bytecode."""
    return not module.compiled and (sources is Sources.ALL or (sources is Sources.APP and module.origin is Origin.APP))


def pack_tree(
    tree: Tree,
    compiled: Sequence[Compiled],
    *,
    sources: Sources,
    compress: Compression,
    extensions: Mapping[str, int],
    libraries: Iterable[str] = (),
    interpreters: Iterable[str] = (),
) -> Packed:
    """Return what goes into the payload.

    ``compiled`` is in the order of ``tree.modules``; ``extensions`` gives each extension module's row in the table of
    extensions by its tree path.  ``libraries`` are the tree paths of absorbed shared objects: empty files.
    ``interpreters`` are those of an interpreter, which the stub takes for the executable itself: empty, too.
    """
    modules: list[PayloadModule] = []
    files: list[PayloadFile] = []
    contributions: list[Contribution] = []
    without_source: set[str] = set()
    for placed, code in zip(tree.modules, compiled, strict=True):
        owner = owner_of(placed.module.origin, placed.module.distribution)
        package = placed.module.kind is ModuleKind.PACKAGE
        with_source = has_source(placed.module, sources)
        path = stem(placed.tree_path, package=package)
        modules.append(
            PayloadModule(
                path=path,
                package=package,
                code=code.code,
                source=with_source,
                suffix=placed.tree_path.removeprefix(path),
            )
        )
        contributions.append(
            Contribution(owner=owner, inclusion=Form.BYTECODE, size=len(code.code), path=placed.tree_path)
        )
        if not with_source:
            without_source.add(placed.tree_path)
        else:
            share = 0.0 if compress is Compression.NONE else _ANY_GAIN
            files.append(PayloadFile(path=placed.tree_path, data=placed.source, compressed_share=share))
            contributions.append(
                Contribution(owner=owner, inclusion=Form.DATA, size=len(placed.source), path=placed.tree_path)
            )
    modules += _extension_modules(tree, extensions)
    files += [PayloadFile(path=path, data=b"", executable=True) for path in libraries if path not in extensions]
    taken = {file.tree_path for file in tree.files}
    files += [PayloadFile(path=path, data=b"", executable=True) for path in interpreters if path not in taken]
    for file in tree.files:
        data = file.content()
        share = 0.0 if file.executable else _data_share(len(data), compress)
        files.append(PayloadFile(path=file.tree_path, data=data, executable=file.executable, compressed_share=share))
        contributions.append(Contribution(owner=file.owner, inclusion=Form.DATA, size=len(data), path=file.tree_path))
    return Packed(
        modules=tuple(sorted(modules, key=lambda module: module.path)),
        files=tuple(sorted(files, key=lambda file: file.path)),
        links=tuple(
            PayloadLink(path=link.tree_path, target=link.target, leads_to=link.leads_to, followed=link.followed)
            for link in tree.links
            if link.leads_to not in without_source
        ),
        contributions=tuple(contributions),
    )


def _data_share(size: int, compress: Compression) -> float:
    """Return what share of a data file's size it must shrink to; a file is inflated each time it is opened."""
    if compress is Compression.FAST:
        return _GREAT_GAIN if size <= _QUICKLY_INFLATED else 0.0
    return _ANY_GAIN if compress is Compression.ALL else 0.0


def _extension_modules(tree: Tree, rows: Mapping[str, int]) -> Iterator[PayloadModule]:
    for placed in tree.extensions:
        if placed.tree_path not in rows:
            continue
        name = posixpath.basename(placed.tree_path).split(".")[0]
        package = name == "__init__"
        path = stem(placed.tree_path, package=package)
        yield PayloadModule(
            path=path,
            package=package,
            code=b"",
            source=False,
            extension=rows[placed.tree_path],
            suffix=placed.tree_path.removeprefix(path),
        )
