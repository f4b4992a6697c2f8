from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from castiron_common.errors import ManifestError
from castiron_common.files import sha256_bytes
from castiron_manifest import codec, model
from castiron_manifest.encoder import plain
from castiron_manifest.structure import converter
from tests.unit.manifest.strategies import manifests, sha256

APP = b"print('hello')\n"


def small() -> model.Manifest:
    key = sha256(APP)
    return model.Manifest(
        generator="castiron 0.1.0",
        pack="cpython-3.13.5",
        target=model.Target(platform="x86_64-linux-musl", python="3.13"),
        entry=model.Entry(kind=model.EntryKind.SCRIPT, module="__main__", path="hello.py", name="hello"),
        modules=(
            model.Module(
                name="__main__", kind=model.ModuleKind.SOURCE, origin=model.Origin.APP, path="hello.py", sha256=key
            ),
        ),
        blobs=((key, APP),),
    )


def repack(change: dict[str, Any], *, version: tuple[int, int] = (1, 0), body: dict[str, Any] | None = None) -> bytes:
    """Return the bytes of `small` with fields of its body changed, in a sound envelope."""
    fields = body or msgpack.unpackb(msgpack.unpackb(codec.encode(small()))["body"])
    data = msgpack.packb(fields | change)
    digest = sha256_bytes(msgpack.packb(list(version)) + data)
    envelope = {"format": codec.FORMAT, "version": list(version), "sha256": digest, "body": data}
    return bytes(msgpack.packb(envelope))


@given(manifests())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_is_written_is_what_cattrs_makes_of_the_model(manifest: model.Manifest) -> None:
    assert msgpack.packb(plain(manifest)) == msgpack.packb(converter(strict=True).unstructure(manifest))


@given(manifests())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_round_trip(manifest: model.Manifest) -> None:
    data = codec.encode(manifest)
    assert codec.decode(data) == manifest
    assert codec.encode(codec.decode(data)) == data


def test_truncation_at_every_byte_is_a_manifest_error() -> None:
    data = codec.encode(small())
    for length in range(len(data)):
        with pytest.raises(ManifestError) as caught:
            codec.decode(data[:length])
        assert caught.value.hint


def test_every_flipped_bit_is_a_manifest_error() -> None:
    data = codec.encode(small())
    for position in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[position] ^= 1 << bit
            with pytest.raises(ManifestError):
                codec.decode(bytes(damaged))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_manifest_error(data: bytes) -> None:
    with pytest.raises(ManifestError):
        codec.decode(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5) | st.binary(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    ),
    st.sampled_from(sorted(set(model.Manifest.__dataclass_fields__) - {"extra"})),
)
@settings(deadline=None)
def test_any_value_in_any_field_is_decoded_or_a_manifest_error(value: object, field: str) -> None:
    refusal: ManifestError | None = None
    try:
        codec.decode(repack({field: value}))
    except ManifestError as error:
        refusal = error
    assert refusal is None or "@ $" in refusal.what


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"generator": 5}, "expected str, not int @ $.generator"),
        ({"modules": [{"name": "x"}]}, "@ $.modules[0].kind"),
        ({"modules": [{"name": "x", "kind": "odd", "origin": "app"}]}, "@ $.modules[0].kind"),
        ({"surprise": 1}, "unknown field 'surprise' @ $"),
        ({"target": {"platform": "p", "python": "3.13", "cpu": "z80"}}, "@ $.target"),
        ({"blobs": [["00", 3, b"x"]]}, "@ $.blobs[0]"),
        ({"blobs": []}, "the content is not among the blobs @ $.modules[0]"),
        ({"entry": {"kind": "script", "module": "m", "path": "../x", "name": "n"}}, "'../x' @ $.entry.path"),
    ],
)
def test_malformed_fields_are_named_by_their_path(change: dict[str, Any], path: str) -> None:
    with pytest.raises(ManifestError) as caught:
        codec.decode(repack(change), source="x.manifest")
    assert path in caught.value.what
    assert caught.value.what.startswith("x.manifest is malformed")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("d/" + "x" * 256, "longer than a path can be: 'd/xxx"),
        ("d/" * 1500 + "x", "longer than a path can be: 'd/d/"),
        ("hello.py/data/x", "lies below the file 'hello.py'"),
    ],
)
def test_files_that_no_file_system_can_hold_are_refused(path: str, message: str) -> None:
    resource = {"path": path, "origin": "app", "size": len(APP), "executable": False, "sha256": sha256(APP)}
    with pytest.raises(ManifestError) as caught:
        codec.decode(repack({"resources": [resource]}))
    assert message in caught.value.what
    assert "@ $.resources[0].path" in caught.value.what


def test_a_newer_major_version_is_refused_by_its_number() -> None:
    with pytest.raises(ManifestError, match=r"version 2\.7; this Castiron reads version 1"):
        codec.decode(repack({"modules": "whatever"}, version=(2, 7)))


def test_unknown_fields_of_a_newer_minor_version_are_kept() -> None:
    data = repack({"colour": ["red"]}, version=(1, model.SCHEMA_MINOR + 1))
    manifest = codec.decode(data)
    assert manifest.extra == (("colour", ["red"]),)
    assert msgpack.unpackb(msgpack.unpackb(codec.encode(manifest))["body"])["colour"] == ["red"]


def test_unknown_fields_of_a_newer_minor_version_are_not_endlessly_deep() -> None:
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]
    with pytest.raises(ManifestError, match=r"nested too deeply @ \$\.colour"):
        codec.decode(repack({"colour": deep}, version=(1, model.SCHEMA_MINOR + 1)))


def test_encode_refuses_what_decode_would_refuse() -> None:
    with pytest.raises(ValueError, match="the content is not among the blobs"):
        codec.encode(replace(small(), blobs=()))
    unsorted = (
        model.Finding(code="b", severity=model.Severity.INFO, subject="", message=""),
        model.Finding(code="a", severity=model.Severity.INFO, subject="", message=""),
    )
    with pytest.raises(ValueError, match=r"not in sorted order @ \$\.findings\[1\]"):
        codec.encode(replace(small(), findings=unsorted))


def test_a_blob_that_expands_beyond_its_declared_size_is_refused() -> None:
    fields = msgpack.unpackb(msgpack.unpackb(codec.encode(small()))["body"])
    fields["blobs"][0][1] = 3
    with pytest.raises(ManifestError, match="declared size 3"):
        codec.decode(repack({}, body=fields))


def frame_that_declares(size: int) -> bytes:
    """Return the header of a zstd frame (RFC 8878, 3.1.1.1) with nothing behind it."""
    return b"\x28\xb5\x2f\xfd\xe0" + size.to_bytes(8, "little")


def repeated(blocks: int) -> bytes:
    """Return a zstd frame of four bytes per 128 KiB of zeros (RFC 8878, 3.1.1.2.2: RLE_Block)."""
    head = ((1 << 17) << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    last = ((1 << 17) << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"\0"
    return frame_that_declares(blocks << 17) + head * (blocks - 1) + last


@pytest.mark.parametrize(
    ("change", "path"),
    [
        # What looks like a sequence in Python is none in a manifest.
        ({"modules": "text"}, "expected list, not str @ $.modules"),
        ({"modules": {"a": 1}}, "expected list, not map @ $.modules"),
        ({"modules": b"\0" * 1000}, "expected list, not bytes @ $.modules"),
        ({"modules": ["text"]}, "expected map, not str @ $.modules[0]"),
        ({"modules": [{"name": "x", "kind": "source", "origin": "app", "via": "text"}]}, "@ $.modules[0].via"),
        ({"target": [1]}, "expected map, not list @ $.target"),
        ({"texts": [["a", "b", "c"]]}, "expected a list of 2, not of 3 @ $.texts[0]"),
        ({"texts": [["a", 1]]}, "expected str, not int @ $.texts[0][1]"),
        # Blobs that declare more than is there, and that hold more than anybody wants.
        ({"blobs": [["0" * 64, 1 << 33, frame_that_declares(1 << 33)]]}, "@ $.blobs[0]"),
        ({"blobs": [["0" * 64, -1, b"\x28\xb5\x2f\xfd\0\0\1\0\0"]]}, "not of the declared size -1 @ $.blobs[0]"),
        ({"blobs": [["0" * 64, 1 << 29, repeated(1 << 12)]]}, "too much memory for decoding @ $.blobs[0]"),
        ({"blobs": [["0" * 64, 1 << 40, frame_that_declares(1 << 40)]]}, "larger than a manifest of its size"),
    ],
)
def test_values_that_pretend_are_named_by_their_path(change: dict[str, Any], path: str) -> None:
    with pytest.raises(ManifestError) as caught:
        codec.decode(repack(change))
    assert path in caught.value.what


def test_a_million_wrong_items_are_not_a_million_errors() -> None:
    with pytest.raises(ManifestError) as caught:
        codec.decode(repack({"modules": [None] * 1_000_000}))
    assert caught.value.what.count("expected map, not nil @ $.modules[") == 10


def test_more_items_than_any_application_has_are_refused() -> None:
    with pytest.raises(ManifestError, match="max_array_len"):
        codec.decode(repack({"modules": [None] * (1 << 21)}))


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (b"\x82\xa1a\x01\xa1a\x02", "a key twice"),
        (b"\x81\xc4\x01a\x01", "a key that is not a string"),
        (b"\x81\x90\x90", "list"),
        (b"\x91" * 100_000 + b"\xc0", "nested too deeply"),
        (b"\xa3\xed\xa0\x80", "utf-8"),
    ],
)
def test_maps_that_python_would_merge_or_refuse(target: bytes, reason: str) -> None:
    body = b"\x81\xa6target" + target
    envelope = {"format": codec.FORMAT, "version": [1, 0], "sha256": sha256_bytes(msgpack.packb([1, 0]) + body)}
    with pytest.raises(ManifestError, match=reason):
        codec.decode(bytes(msgpack.packb(envelope | {"body": body})))


def test_a_message_does_not_repeat_pages_of_what_it_complains_about() -> None:
    with pytest.raises(ManifestError) as caught:
        codec.decode(repack({"x" * 100_000: 1}))
    assert len(caught.value.what) < 500
    assert caught.value.what.endswith("@ $")
