"""Bytes <-> `Manifest`: one msgpack map whose body is guarded by its SHA-256.

Layout (msgpack specification 2.0, every map in the order written here)::

    {"format": "castiron-manifest", "version": [major, minor], "sha256": <64 hex digits>, "body": <bin>}

``body`` is a msgpack map with the fields of `model.Manifest`; fields that hold their default are left out.  In the body
a blob is ``[sha256, size, zstd frame]``.  The version stands outside the body, so that a newer major version is refused
by its number and not by whatever looks odd inside.  The hash, over the packed version and the body, makes every flipped
bit an error, also inside text.
"""

from __future__ import annotations

import operator
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import msgpack
import zstandard
from cattrs import ClassValidationError, Converter, transform_error
from cattrs.strategies import configure_union_passthrough
from cattrs.v import format_exception

from castiron_common.errors import ManifestError
from castiron_common.files import sha256_bytes
from castiron_manifest import model
from castiron_manifest.validate import problems

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT = "castiron-manifest"
_ENVELOPE = ("format", "version", "sha256", "body")
_COMPRESSION_LEVEL = 10
_MAKE_AGAIN = "Make it again with `trace APP > FILE`."
_SHOWN_PROBLEMS = 10


def encode(manifest: model.Manifest) -> bytes:
    """Return the bytes of a manifest; equal values give equal bytes.

    Raises ValueError if the manifest breaks a rule of the model (a bug of the caller): unsorted sequences, dangling
    references, paths that leave their root.
    """
    if found := problems(manifest):
        raise ValueError("not a valid manifest: " + "; ".join(found[:_SHOWN_PROBLEMS]))
    fields: dict[str, Any] = _converter(strict=True).unstructure(manifest)
    compressor = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL, write_checksum=False)
    if manifest.blobs:
        fields["blobs"] = [[key, len(data), compressor.compress(data)] for key, data in manifest.blobs]
    fields.pop("extra", None)
    body = msgpack.packb(fields | dict(manifest.extra), use_bin_type=True)
    version = [model.SCHEMA_MAJOR, model.SCHEMA_MINOR]
    envelope = (FORMAT, version, _digest(version, body), body)
    packed: bytes = msgpack.packb(dict(zip(_ENVELOPE, envelope, strict=True)), use_bin_type=True)
    return packed


def decode(data: bytes, *, source: str = "the manifest") -> model.Manifest:
    """Return the manifest that ``data`` holds; ``source`` names it in messages.

    Raises `ManifestError` for anything else than an intact manifest of a version that we can read.
    """
    minor, body = _open_envelope(data, source)
    fields = _unpack(body, source)
    if not isinstance(fields, dict):
        raise _malformed(source, ["not a map @ $"])
    known = set(model.Manifest.__dataclass_fields__) - {"extra"}
    extra = {key: value for key, value in fields.items() if key not in known}
    newer = minor > model.SCHEMA_MINOR
    if extra and not newer:
        raise _malformed(source, [f"unknown field {key!r} @ $" for key in sorted(map(str, extra))])
    fields = {key: value for key, value in fields.items() if key in known}
    fields["blobs"] = _decompress_blobs(fields.get("blobs", []), source)
    fields["extra"] = [[key, value] for key, value in sorted(extra.items())]
    try:
        manifest = _converter(strict=not newer).structure(fields, model.Manifest)
    except ClassValidationError as error:
        raise _malformed(source, transform_error(error, format_exception=_say)) from error
    if found := problems(manifest):
        raise _malformed(source, found)
    return manifest


def _open_envelope(data: bytes, source: str) -> tuple[int, bytes]:
    """Return the minor version and the verified bytes of the body."""
    if not data:
        raise ManifestError(
            f"{source} is empty.",
            hint="The trace that should have written it failed; run it again and look at its error.",
        )
    envelope = _unpack(data, source)
    if not isinstance(envelope, dict) or envelope.get("format") != FORMAT:
        raise ManifestError(f"{source} is not a Castiron manifest.", hint=_MAKE_AGAIN)
    version = envelope.get("version")
    if not (isinstance(version, list) and len(version) == 2 and all(type(part) is int for part in version)):
        raise _malformed(source, ["version is not [major, minor] @ $.version"])
    major, minor = version
    if major != model.SCHEMA_MAJOR:
        raise ManifestError(
            f"{source} has manifest version {major}.{minor}; this Castiron reads version {model.SCHEMA_MAJOR}.",
            hint="Use the Castiron that wrote it, or make it again with this one."
            if major < model.SCHEMA_MAJOR
            else "Use a newer Castiron, or make it again with this one.",
        )
    body = envelope.get("body")
    if not isinstance(body, bytes) or set(envelope) != set(_ENVELOPE):
        raise _malformed(source, ["the envelope has not exactly the fields " + ", ".join(_ENVELOPE) + " @ $"])
    if _digest(version, body) != envelope.get("sha256"):
        raise ManifestError(f"{source} is damaged: its content does not match its SHA-256.", hint=_MAKE_AGAIN)
    return minor, body


def _digest(version: list[int], body: bytes) -> str:
    return sha256_bytes(msgpack.packb(version) + body)


def _unpack(data: bytes, source: str) -> Any:
    try:
        return msgpack.unpackb(data, raw=False, strict_map_key=True)
    except (msgpack.UnpackException, ValueError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        raise ManifestError(
            f"{source} is not a Castiron manifest, or it was cut short ({reason}).", hint=_MAKE_AGAIN
        ) from error


def _decompress_blobs(rows: object, source: str) -> list[list[object]]:
    """Return the blobs as [sha256, content] rows, each verified against its declared size and hash."""
    if not isinstance(rows, list):
        raise _malformed(source, ["expected a list @ $.blobs"])
    decompressor = zstandard.ZstdDecompressor()
    blobs: list[list[object]] = []
    for index, row in enumerate(rows):
        path = f"$.blobs[{index}]"
        if not (isinstance(row, list) and [type(part) for part in row] == [str, int, bytes]):
            raise _malformed(source, [f"expected [sha256, size, zstd frame] @ {path}"])
        key, size, frame = row
        try:
            if zstandard.frame_content_size(frame) != size:
                raise _malformed(source, [f"the zstd frame is not of the declared size {size} @ {path}"])
            content = decompressor.decompress(frame, max_output_size=size) if size else b""
        except zstandard.ZstdError as error:
            raise _malformed(source, [f"{error} @ {path}"]) from error
        if sha256_bytes(content) != key:
            raise _malformed(source, [f"the content does not match its SHA-256 @ {path}"])
        blobs.append([key, content])
    return blobs


def _malformed(source: str, found: list[str]) -> ManifestError:
    shown = "\n".join(f"  {problem}" for problem in found[:_SHOWN_PROBLEMS])
    more = f"\n  ... and {len(found) - _SHOWN_PROBLEMS} more" if len(found) > _SHOWN_PROBLEMS else ""
    return ManifestError(f"{source} is malformed:\n{shown}{more}", hint=_MAKE_AGAIN)


def _strictly(kind: type) -> Callable[[object, Any], object]:
    """Return a structure hook that converts nothing but enumerations; cattrs would turn 5 into "5"."""

    def check(value: object, target: Any) -> object:
        if type(value) is not kind:
            raise TypeError(f"expected {kind.__name__}, not {type(value).__name__}")
        return value if target is kind else target(value)

    return check


@cache
def _converter(*, strict: bool) -> Converter:
    """Return the converter; a strict one refuses unknown fields, the other drops those of nested values."""
    converter = Converter(forbid_extra_keys=strict, omit_if_default=True)
    for kind in (str, int, bool, bytes):
        converter.register_structure_hook(kind, _strictly(kind))
    converter.register_structure_hook_func(partial(operator.is_, object), lambda value, _: value)
    configure_union_passthrough(str | None, converter)
    return converter


def _say(error: BaseException, kind: type | None) -> str:
    """Return our own wording for the type errors of `_strictly`, else that of cattrs."""
    return str(error) if isinstance(error, TypeError) else format_exception(error, kind)
