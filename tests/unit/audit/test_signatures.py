import re
import struct

import pytest

from castiron_audit.catalogue import library_of_name
from castiron_audit.signatures import FoundLibrary, FoundModule, find, known_signatures, signature


def libraries(*texts: bytes) -> dict[str, str]:
    return {item.name: item.version for item in find(b"\0".join((b"x" * 5000, *texts, b"y" * 100))).libraries}


def test_versions_stand_in_the_texts() -> None:
    assert libraries(b" inflate 1.3.1 Copyright 1995-2024 Mark Adler ", b"OpenSSL 3.5.1 1 Jul 2025", b"OpenSSL is") == {
        "openssl": "3.5.1",
        "zlib": "1.3.1",
    }
    assert libraries(b"N8nlohmann16json_abi_v3_12_06detail9exceptionE") == {"nlohmann-json": "3.12.0"}
    assert libraries(b"_ZN4absl12lts_2023080213foo", b"4absl9Duration") == {"abseil-cpp": "20230802"}
    assert libraries(b"see OpenSSL 3 and libcurl") == {}


def test_several_texts_are_asked_for_where_one_may_be_anybodys() -> None:
    assert libraries(b"Unspecified error code") == {}
    assert libraries(b"Unspecified error code", b"Restored data doesn't match checksum") == {"zstd": ""}


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        # zlib-ng has zlib's copyright texts; what is found of it is not zlib.
        ((b" deflate 1.3.1 Copyright 1995-2024 ", b"1.3.1.zlib-ng"), {"zlib-ng": ""}),
        ((b"Bogus message code %d", b"libjpeg-turbo version 3.1.0 (build 1)"), {"libjpeg-turbo": "3.1.0"}),
        # A port to Rust has the messages of the original.
        ((b"did not find expected <document start>", b"unsafe-libyaml-0.2"), {}),
        ((b"did not find expected <document start>",), {"libyaml": ""}),
        # Namespaces of others with the same last part.
        ((b"_ZN7rocksdb6crc32c6ExtendEjPKcm",), {"rocksdb": ""}),
        ((b"polars_parquet_format6thrift8protocol",), {}),
        ((b"N5boost4asio6detail9scheduler",), {"boost": ""}),
        ((b"N6icu_6617double_conversion6Bignum",), {}),
        ((b"OpenSSL 1.1.1 (compatible; BoringSSL)",), {"boringssl": ""}),
        ((b"_ZNKSt12_GLOBAL__N_110fast_float5parse",), {}),
        ((b"cmark_utf8proc_iterate",), {}),
        # A fork is not what it was forked from.
        (
            (b"x\x000.11.0\0too many ranges", b"QuickJS-ng memory usage -- %s", b"JS_NewContextRaw"),
            {"quickjs-ng": "0.11.0"},
        ),
        ((b"QuickJS memory usage -- %s",), {"quickjs": ""}),
        # What only calls a library has names of its functions, and not its messages.
        ((b"openblas_set_num_threads", b"OpenBLAS is used"), {}),
        ((b"OpenBLAS : Program is Terminated. Because",), {"openblas": ""}),
        ((b"(FFTW-0 fftw_wisdom #x%M #x%M",), {"fftw": ""}),
        ((b"Xiph.Org libVorbis I 20200704",), {"libvorbis": ""}),
        ((b"oneTBB: VERSION\t\t2022.0.0",), {"onetbb": "2022.0.0"}),
        ((b"ONEDNN_VERBOSE", b"/x/oneDNN-3.1.1/src/cpu/a.cpp"), {"onednn": "3.1.1"}),
        ((b"AOMedia Project AV1 Encoder v3.15.1",), {"aom": "3.15.1"}),
        ((b"8.18.7\0libvips %s\n\0flag", b"GIF save with cgif: true"), {"vips": "8.18.7", "cgif": ""}),
        ((b"libosmium/2.23.1", b"osmium"), {"libosmium": "2.23.1"}),
        ((b"N4juce6StringE", b"N9Steinberg3Vst8IMessageE"), {"juce": "", "vst3sdk": ""}),
        ((b"liq_attr",), {}),
        ((b"liq_attr", b"liq_image"), {"libimagequant": ""}),
    ],
)
def test_what_only_looks_like_a_library(texts: tuple[bytes, ...], expected: dict[str, str]) -> None:
    assert libraries(*texts) == expected


def test_of_several_rows_for_a_library_the_one_with_the_version_tells_more() -> None:
    paths = (b"providers/implementations/ciphers/cipher_aes.c", b"providers/implementations/keymgmt/rsa_kmgmt.c")
    assert libraries(*paths) == {"openssl": ""}
    assert libraries(*paths, b"OpenSSL 3.5.1 1 Jul 2025") == {"openssl": "3.5.1"}
    assert libraries(paths[0]) == {}


def test_runtimes_in_static_programs() -> None:
    ends = (b"terminate called recursively\n", b"pure virtual method called\n")
    assert libraries(*ends, b"/src/gcc-14.2.0/libstdc++-v3/include/bits/cow_string.h") == {"libstdc++": "14.2.0"}
    assert libraries(ends[0]) == {}
    assert libraries(b"MUSL_LOCPATH") == {"musl": ""}
    assert libraries(b"GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.") == {"glibc": "2.36"}


def test_crates_of_vendor_folders_and_of_repositories() -> None:
    data = b"\0".join(
        (
            b"/99-librsvg/vendor/gio-0.22.9/src/auto/file.rsassertion failed",
            b"/vendor/libuv-1.48.0/src/unix/core.c",  # not Rust
            b"/home/me/.cargo/git/checkouts/libdatadog-fb268e227e330049/8fffdf9/libdd-common/src/lib.rs",
            b"/home/me/.cargo/git/checkouts/one-fb268e227e330049/8fffdf9/src/lib.rs",
            b"/home/me/git/checkouts/mine/src/lib.rs",
            b"/src/vendor/gio/src/lib.rs",  # the same without its version
            b"/src/vendor/unnumbered/src/deep/er/lib.rs",
            b"/src/vendor/rust/other/lib.rs",  # nothing tells which folder is the crate's
            b"external/rules_rust++crate+crates__heck-0.5.0/src/lib.rs",
            b"/nix/store/x-cargo-vendor-dir/itoa-1.0.11/src/lib.rs",
            b"/usr/share/cargo/registry/memchr-2.7.4/src/lib.rs",
            b"third_party/rust/zlib_rs/v0_6/src/deflate.rs",  # as Chromium has them
            b"third_party/rust/chromium_crates_io/vendor/fend_core-v1/src/lib.rs",
            b"third_party/rust/memchr/v2/src/lib.rs",  # the same without its version
            b"third_party/rust/README/v1/a.md",
        )
    )
    found = find(data)
    assert [(item.name, item.version) for item in found.crates] == [
        ("gio", "0.22.9"),
        ("heck", "0.5.0"),
        ("itoa", "1.0.11"),
        ("memchr", "2.7.4"),
    ]
    assert found.git_crates == ("fend_core", "libdd-common", "one", "unnumbered", "zlib_rs")


def test_namespaces_within_namespaces() -> None:
    assert set(libraries(b"N10duckdb_fmt2v68internal6bufferIcEE", b"N13duckdb_snappy4SinkE")) == {"fmt", "snappy"}
    assert set(libraries(b"N14arrow_vendored10fast_float9small_mul", b"N6apache6thrift10TExceptionE")) == {
        "fast_float",
        "thrift",
    }


def test_what_a_library_says_about_its_license() -> None:
    (found,) = find(b"\0libavutil license: GPL version 3 or later\0FFmpeg version 8.0.1\0").libraries
    assert (found.name, found.version, found.license) == ("ffmpeg", "8.0.1", "GPL-3.0-or-later")


def test_crates_in_panic_messages() -> None:
    found = find(
        b"/home/builder/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/bzip2-sys-0.1.13+1.0.8/lib.rs"
        b"/rust/deps/hashbrown-0.17.1/src/raw.rs\0/cargo/registry/25cdd57fae9f0462/pyo3-0.24.1-beta.2/src/x.rs"
        b"/rustc/05f98/library/std/src/io.rs"
    )
    assert found.crates == (
        FoundModule(name="bzip2-sys", version="0.1.13+1.0.8"),
        FoundModule(name="hashbrown", version="0.17.1"),
        FoundModule(name="pyo3", version="0.24.1-beta.2"),
    )
    assert found.rust
    assert find(b"/home/me/registry/src/x/not-a-crate/y").crates == ()


def test_modules_that_go_built_in() -> None:
    modules = (
        "path\texample.org/app\nmod\texample.org/app\t(devel)\t\ndep\tgithub.com/x/y\tv1.2.3\th1:abc=\n"
        "dep\told.org/z\tv0.1.0\n=>\tnew.org/z\tv0.2.0\th1:def=\n"
    )
    data = b"\xff Go buildinf:\x08\x02" + bytes(16) + struct.pack("B", 8) + b"go1.23.4" + modules.encode()
    found = find(b"x" * 100 + data)
    assert found.go == "1.23.4"
    assert [(item.name, item.version) for item in found.go_modules] == [
        ("github.com/x/y", "1.2.3"),
        ("new.org/z", "0.2.0"),
    ]


def test_the_table_names_libraries_of_the_catalogue() -> None:
    for row in known_signatures():
        entry = library_of_name(row.library)
        assert entry is not None, row.library
        assert entry.name == row.library
        assert 1 <= row.at_least <= len(row.strings), row.library
        assert all(library_of_name(name) for name in row.unless_library), row.library


def test_all_patterns_of_the_table_can_be_read() -> None:
    for row in known_signatures():
        for pattern in (row.pattern, row.version[1] if row.version else None, row.says[0] if row.says else None):
            assert pattern is None or re.compile(pattern)


def test_signatures_of_a_project() -> None:
    mine = signature({"library": "mine", "strings": ["MINE-"], "pattern": r"MINE-(\d+)"})
    assert find(b"\0MINE-12\0", (mine,)).libraries == (FoundLibrary(name="mine", version="12", proof="MINE-12"),)
