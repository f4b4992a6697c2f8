"""Encodes and decodes manifests: one msgpack map, with a SHA-256 of its body.

Layout (msgpack specification 2.0, every map in the order written here)::

    {"format": "castiron-manifest", "version": [major, minor], "sha256": <64 hex digits>, "body": <bin>}

``body`` is a msgpack map with the fields of `model.Manifest`; fields that hold their default are left out.  In the body
a blob is ``[sha256, size, zstd frame]``.  The version is not in the body, so that a newer major version is refused for
its number and not for the first field that looks wrong.  The hash, over the packed version and the body, makes every
flipped bit an error, even one in a text.
"""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import msgpack
import zstandard
from cattrs import BaseValidationError

from castiron_common.errors import ManifestError
from castiron_common.files import sha256_bytes
from castiron_manifest import model
from castiron_manifest.encoder import ENVELOPE, FORMAT, digest, encode
from castiron_manifest.structure import converter, problems_of
from castiron_manifest.validate import problems

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FORMAT", "decode", "encode"]

_MAKE_AGAIN = "Make it again with `trace APP > FILE`."
_SHOWN_PROBLEMS = 10
_SHOWN_LETTERS = 300
"""Letters of one problem that are shown."""
_MOST_ITEMS = 1 << 20
"""In one list or map: more than the files of any application."""
_LARGEST_EXPANSION = 8 << 30
"""Bytes that blobs may have beyond a thousand times the size of the manifest: hashing them takes some 10 seconds."""
_PIECE = 1 << 20
_DEEPEST = 50
"""Levels of an unknown field."""


def decode(data: bytes, *, source: str = "the manifest") -> model.Manifest:
    """Return the manifest that ``data`` holds; ``source`` names it in messages.

    Raises `ManifestError` for anything but an intact manifest of a version that this code reads.
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
    if deep := sorted(key for key, value in extra.items() if _deeper(value, _DEEPEST)):
        raise _malformed(source, [f"nested too deeply @ $.{key}" for key in deep])
    fields = {key: value for key, value in fields.items() if key in known}
    fields["blobs"] = _decompress_blobs(fields.get("blobs", []), source, limit=1000 * len(data) + _LARGEST_EXPANSION)
    fields["extra"] = [[key, value] for key, value in sorted(extra.items())]
    try:
        manifest = converter(strict=not newer).structure(fields, model.Manifest)
    except BaseValidationError as error:
        raise _malformed(source, problems_of(error)) from error
    if broken_rules := problems(manifest):
        raise _malformed(source, broken_rules)
    return manifest


def _open_envelope(data: bytes, source: str) -> tuple[int, bytes]:
    """Return the minor version and the verified bytes of the body."""
    if not data:
        raise ManifestError(
            f"{source} is empty.",
            hint="The `trace` that should have written it failed; run it again and read its error.",
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
            hint="Use the version of Castiron that wrote it, or make it again with this one."
            if major < model.SCHEMA_MAJOR
            else "Use a newer version of Castiron, or make it again with this one.",
        )
    body = envelope.get("body")
    if not isinstance(body, bytes) or set(envelope) != set(ENVELOPE):
        raise _malformed(source, ["the envelope does not have exactly the fields " + ", ".join(ENVELOPE) + " @ $"])
    if digest(version, body) != envelope.get("sha256"):
        raise ManifestError(f"{source} is damaged: its content does not match its SHA-256.", hint=_MAKE_AGAIN)
    return minor, body


def _unpack(data: bytes, source: str) -> Any:
    try:
        return msgpack.unpackb(
            data,
            raw=False,
            strict_map_key=True,
            object_pairs_hook=_map,
            max_array_len=_MOST_ITEMS,
            max_map_len=_MOST_ITEMS,
        )
    except (msgpack.UnpackException, ValueError, RecursionError) as error:
        reason = {"FormatError": "it is not msgpack", "StackError": "it is nested too deeply"}.get(
            type(error).__name__, str(error) or type(error).__name__
        )
        raise ManifestError(
            f"{source} is not a Castiron manifest, or it was cut short ({reason}).", hint=_MAKE_AGAIN
        ) from error


def _map(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    """Return a map; refuse a key that occurs twice, as either value might count."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a map has a key twice")
    if not all(type(key) is str for key in made):
        raise ValueError("a map has a key that is not a string")
    return made


def _deeper(value: object, levels: int) -> bool:
    """Return whether a value has containers in more than that many levels."""
    inner: Iterable[object] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(levels == 0 or _deeper(item, levels - 1) for item in inner)


def _decompress_blobs(rows: object, source: str, *, limit: int) -> list[list[object]]:
    """Return the blobs as [sha256, content] rows, each verified against its declared size and hash.

    ``limit`` is for the bytes of all together.
    """
    if not isinstance(rows, list):
        raise _malformed(source, ["expected list @ $.blobs"])
    blobs: list[list[object]] = []
    for index, row in enumerate(rows):
        path = f"$.blobs[{index}]"
        if not (isinstance(row, list) and [type(part) for part in row] == [str, int, bytes]):
            raise _malformed(source, [f"expected [sha256, size, zstd frame] @ {path}"])
        key, size, frame = row
        limit -= max(size, 0)
        if limit < 0:
            raise _malformed(source, [f"the contents are larger than a manifest of its size may hold @ {path}"])
        try:
            blobs.append([key, _content(key, size, frame)])
        except (zstandard.ZstdError, ValueError) as error:
            raise _malformed(source, [f"{error} @ {path}"]) from error
    return blobs


def _content(key: str, size: int, frame: bytes) -> bytes:
    """Return what a frame holds.  Raises ValueError or ZstdError if that is not ``size`` bytes of the hash ``key``."""
    if size < 0 or zstandard.frame_content_size(frame) != size:
        raise ValueError(f"the zstd frame is not of the declared size {size}")
    decompressor = zstandard.ZstdDecompressor()
    if size > max(16 * _PIECE, 8 * len(frame)):
        # A few bytes may expand to gigabytes: memory is allocated only if the hash is right.
        digest, total = hashlib.sha256(), 0
        with decompressor.stream_reader(io.BytesIO(frame)) as reader:
            while piece := reader.read(_PIECE):
                digest.update(piece)
                total += len(piece)
        if total != size or digest.hexdigest() != key:
            raise ValueError("the content does not match its SHA-256")
    content = decompressor.decompress(frame, max_output_size=size) if size else b""
    if sha256_bytes(content) != key:
        raise ValueError("the content does not match its SHA-256")
    return content


def _malformed(source: str, messages: list[str]) -> ManifestError:
    shown = "\n".join(f"  {_shortened(problem)}" for problem in messages[:_SHOWN_PROBLEMS])
    more = f"\n  ... and {len(messages) - _SHOWN_PROBLEMS} more" if len(messages) > _SHOWN_PROBLEMS else ""
    return ManifestError(f"{source} is malformed:\n{shown}{more}", hint=_MAKE_AGAIN)


def _shortened(problem: str) -> str:
    """Return a problem, without the middle if it is very long; the path at its end stays."""
    half = _SHOWN_LETTERS // 2
    return problem if len(problem) <= _SHOWN_LETTERS else f"{problem[:half]} ... {problem[-half:]}"
