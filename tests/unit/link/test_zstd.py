"""Frames of Zstandard, and the dictionary that they refer to."""

from __future__ import annotations

import json

import pytest
import zstandard

import castiron_link.deflate
from castiron_link.deflate import Wanted
from castiron_link.dictionary import trained
from castiron_link.zstd import frame, zstd

SAMPLES = [
    f"def function_{number}(self, value):\n    return self.table[{number}].get(value, {number % 7})\n".encode() * 20
    for number in range(300)
]
TEXT = b"def function_7(self, other):\n    return self.table[7].get(other, 0)\n" + bytes(range(256)) * 3


@pytest.fixture(scope="module")
def dictionary() -> bytes:
    return trained(SAMPLES, 16 << 10)


def one(content: bytes, dictionary: bytes = b"") -> bytes:
    return zstd([Wanted(data=content, most=len(content))], dictionary)[0]


def test_a_dictionary_depends_on_its_samples_alone(dictionary: bytes) -> None:
    assert trained(iter(SAMPLES), 16 << 10) == dictionary
    assert 1000 < len(dictionary) <= 16 << 10
    assert trained(SAMPLES[:200], 16 << 10) != dictionary


def test_frames_refer_to_the_dictionary_without_naming_it(dictionary: bytes) -> None:
    made, alone = one(TEXT, dictionary), one(TEXT)
    assert len(made) < len(alone)
    parameters = zstandard.get_frame_parameters(made)
    assert (parameters.dict_id, parameters.has_checksum, parameters.content_size) == (0, True, len(TEXT))
    shared = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_FULLDICT)
    assert zstandard.ZstdDecompressor(dict_data=shared).decompress(made) == TEXT
    # The stub reads all frames with the dictionary, also those of images, which were made without.
    assert zstandard.ZstdDecompressor(dict_data=shared).decompress(alone) == TEXT
    with pytest.raises(zstandard.ZstdError):
        zstandard.ZstdDecompressor().decompress(made)


def test_large_contents_do_without_it(dictionary: bytes) -> None:
    large = json.dumps(list(range(60000))).encode()
    assert len(large) > 256 << 10
    assert one(large, dictionary) == frame(large)


def test_what_does_not_shrink_is_left(dictionary: bytes) -> None:
    assert zstd([Wanted(data=TEXT, most=10), Wanted(data=b"short", most=5)], dictionary) == [b"", b""]


def test_small_contents_take_neither_dictionary_nor_threads(dictionary: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link that finds all frames in the cache has none but these left."""

    def refused(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(zstandard, "ZstdCompressionDict", refused)
    monkeypatch.setattr(castiron_link.deflate, "thread_pool", refused)
    small = [Wanted(data=b" " * 511, most=511)] * 3
    assert zstd(small, dictionary) == castiron_link.deflate.deflate(small) == [b"", b"", b""]
    with pytest.raises(AssertionError):
        zstd([Wanted(data=b" " * 512, most=512)], dictionary)
