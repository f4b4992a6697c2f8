import pytest

from castiron_audit.library_versions import stated_versions
from castiron_audit.signatures import find

PNG = b"libpng error: %s\0Application built with libpng-%s but running with %s\0"
"""Texts that show the library."""


def version_of(library: str, data: bytes) -> str:
    return next(item.version for item in find(b"\0" + data + b"\0").libraries if item.name == library)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (b"frobnicate 1.2.3", "1.2.3"),
        (b"FROBNICATE/2.0.1 (Linux)", "2.0.1"),
        (b"Frobnicate version 1.4", "1.4"),
        (b"this is Frobnicate library, Version: v3.2.1.", "3.2.1"),
        (b"frobnicate-1.9.4", "1.9.4"),
        (b"frobnicate2 2.7.0", "2.7.0"),  # with the number of its interface
        (b"FROBNICATE_2.0", ""),  # a version of symbols
        (b"requires frobnicate 1.2.3", ""),
        (b"frobnicate 1.2.3 or later", ""),
        (b"since frobnicate 1.2.3", ""),
        (b"myfrobnicate 1.2.3", ""),
        (b"frobnicate 1.2.3\0frobnicate 1.2.4", ""),  # nothing tells which it is
        (b"frobnicate 1.2.3rc", ""),
    ],
)
def test_a_version_behind_the_name_counts_if_it_is_that_which_is_there(text: bytes, version: str) -> None:
    assert stated_versions(b"\0" + text + b"\0", ["frobnicate"]).get("frobnicate", "") == version


def test_names_that_are_words_tell_no_version() -> None:
    assert stated_versions(b"\0boost 1.2.3\0", ["boost"]) == {}


def test_a_whole_string_of_the_librarys_own_series_is_its_version() -> None:
    assert version_of("libpng", PNG + b"1.6.43\0") == "1.6.43"
    assert version_of("libpng", PNG + b"1.6.43\x001.6.44\0") == ""
    assert version_of("libpng", PNG + b"see 1.6.43 there\0") == ""
    assert version_of("libpng", PNG + b"1.2.11\0") == ""  # A series of zlib's, too.


def test_a_date_beside_it_tells_the_version() -> None:
    tabled = {item.name: item.version for item in find(b"\x0010.44 2024-06-07\0").tabled}
    assert tabled["pcre2"] == "10.44"
    assert {item.name: item.version for item in find(b"\x001.0.8, 13-Jul-2019\0").tabled}["bzip2"] == "1.0.8"
    built = find(b"\0libjpeg-turbo version 3.1.2\0%s version 3.1.4 (build 20260301)\0").tabled
    assert {item.name: item.version for item in built}["libjpeg-turbo"] == "3.1.4"
    fork = find(b"\0libjpeg-turbo version\0mozjpeg version 5.0.0 (build 20260301)\0").tabled
    assert "libjpeg-turbo" not in {item.name for item in fork if item.version}


def test_other_spellings_of_a_library_tell_its_version() -> None:
    assert stated_versions(b"\0OpenEXR 3.5.2;OpenGL;OpenJPEG 2.5.4;\0", ["openexr", "openjpeg"]) == {
        "openexr": "3.5.2",
        "openjpeg": "2.5.4",
    }


def test_a_string_that_is_the_version_of_another_library_there_is_not_this_ones() -> None:
    zlib = b" inflate 1.3.1 Copyright 1995-2024 Mark Adler \0"
    zstd = b"\0Frame requires too much memory for decoding\0Restored data doesn't match checksum\0"
    assert version_of("zstd", zlib + zstd + b"1.3.1\x001.5.6\0") == "1.5.6"
    assert version_of("zstd", zstd + b"1.3.1\x001.5.6\0") == ""


def test_a_namespace_tells_the_version_if_nothing_else_does() -> None:
    imath = b"AttributeIN9Imath_3_28Matrix33IfEEE"
    assert version_of("imath", imath) == "3.2"
    assert version_of("imath", imath + b"\0Imath 3.2.3\0") == "3.2.3"
