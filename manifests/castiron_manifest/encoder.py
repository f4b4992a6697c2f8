"""Encodes manifests; `castiron_manifest.codec` says how they are laid out, and reads them.

This is a module of its own, and does without cattrs, as `trace` writes manifests and reads none: importing cattrs and
having it make functions for the model's classes would take longer than to encode a small manifest.
"""

from __future__ import annotations

import dataclasses
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import msgpack
import zstandard

from castiron_common.files import sha256_bytes
from castiron_manifest import model
from castiron_manifest.validate import problems

if TYPE_CHECKING:
    from collections.abc import Hashable

FORMAT = "castiron-manifest"
ENVELOPE = ("format", "version", "sha256", "body")
"""The keys of the outer map, in their order."""
START = b"\x84" + msgpack.packb(ENVELOPE[0]) + msgpack.packb(FORMAT)
"""How the bytes of every manifest begin: a map of four, of which the first is the format."""
_COMPRESSION_LEVEL = 10
_SHOWN_PROBLEMS = 10


def encode(manifest: model.Manifest) -> bytes:
    """Return the bytes of a manifest; equal values give equal bytes.

    Raises ValueError if the manifest breaks a rule of the model (a bug of the caller): unsorted sequences, dangling
    references, paths outside of their root.
    """
    if broken_rules := problems(manifest):
        raise ValueError("not a valid manifest: " + "; ".join(broken_rules[:_SHOWN_PROBLEMS]))
    fields = plain(dataclasses.replace(manifest, blobs=(), extra=()))
    compressor = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL, write_checksum=False)
    if manifest.blobs:
        fields["blobs"] = [[key, len(data), compressor.compress(data)] for key, data in manifest.blobs]
    body = msgpack.packb(fields | dict(manifest.extra), use_bin_type=True)
    version = [model.SCHEMA_MAJOR, _lowest_minor(manifest)]
    envelope = (FORMAT, version, digest(version, body), body)
    packed: bytes = msgpack.packb(dict(zip(ENVELOPE, envelope, strict=True)), use_bin_type=True)
    return packed


def plain(value: Any) -> Any:
    """Return a value of the model in the types of msgpack; of a dataclass, fields that do not hold their default."""
    if value is None or type(value) in {str, int, bool, bytes}:
        return value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    made = {}
    for name, default in _fields(cast("Hashable", type(value))):
        item = getattr(value, name)
        if item != default:
            made[name] = plain(item)
    return made


@cache
def _fields(kind: Any) -> tuple[tuple[str, object], ...]:
    """Return the names of a dataclass's fields, each with its default; to the mark of those without, nothing is equal.

    Those come first, as cattrs has them: the order is part of the bytes.
    """
    fields = [
        (field.name, field.default_factory() if callable(field.default_factory) else field.default)
        for field in dataclasses.fields(kind)
    ]
    return tuple(sorted(fields, key=lambda field: field[1] is not dataclasses.MISSING))


def digest(version: list[int], body: bytes) -> str:
    """Return the SHA-256 of what an envelope holds, in hexadecimal."""
    return sha256_bytes(msgpack.packb(version) + body)


def _lowest_minor(manifest: model.Manifest) -> int:
    """Return the lowest minor version that has all fields of a manifest."""
    if manifest.links:
        return 3
    return 2 if any(module.compiled for module in manifest.modules) else 1
