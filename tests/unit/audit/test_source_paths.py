import pytest

from castiron_audit.signatures import find

HASH = b"0123456789abcdef0123456789abcdef01234567"


def found(data: bytes) -> dict[str, str]:
    return {item.name: item.version for item in find(b"\0" + data + b"\0").libraries}


@pytest.mark.parametrize(
    ("data", "name", "version"),
    [
        (b"/tmp/build/_deps/tinyxml2-src/tinyxml2.cpp", "tinyxml2", ""),
        (b"/project/json-c-0.18/linkhash.c", "json-c", "0.18"),
        (b"/src/curl-8_23_0-7ec8cad9a3.clean/lib/vtls/vtls.c", "curl", "8.23.0"),
        (b"cextern/wcslib/C/wcs.c", "wcslib", ""),
        (b"../third_party/flatbuffers/src/util.cpp", "flatbuffers", ""),
        (b"/x/3rdparty/openexr-3.2.1/Half/half.cpp", "openexr", "3.2.1"),
        (b"/project/src/vendor/libbacktrace/elf.c", "libbacktrace", ""),
        (b"external/xla++third_party_ext+XNNPACK/src/init.c", "xnnpack", ""),  # a module's extension fetched it
        (b"external/_main~deps~flatbuffers/src/util.cpp", "flatbuffers", ""),
        (b"/home/build/SDL2-2.30.7/src/render/opengl/SDL_render_gl.c", "sdl", "2.30.7"),
        (b"/deps/darts-clone-0.32h/include/darts.h:1480", "darts-clone", "0.32h"),
        (b"../subprojects/cadical-rel-3.0.1/src/analyze.cpp", "cadical", "3.0.1"),
        (b"/io/jasper-version-4.2.5/src/jas_cm.c", "jasper", "4.2.5"),
        (b"/opt/vcpkg/buildtrees/sdl/src/se-2.30.11-e9693b8e70.clean/src/render/SDL_render.c", "sdl", "2.30.11"),
        (b"/opt/vcpkg/buildtrees/flac/src/4bdf7e0cd2-fa9c1a08.clean/src/libFLAC/bitmath.c", "flac", ""),
        (b"/home/me/.conan/data/zlib/1.2.13/_/_/build/" + HASH + b"/src/inflate.c", "zlib", "1.2.13"),
        (b"/c/.conan/data/libwebp/1.3.2/user/stable/source/src/src/dec/vp8_dec.c", "libwebp", "1.3.2"),
        (b"/c/.conan/data/nanosvg/cci.20210904/_/_/build/" + HASH + b"/src/nanosvg.c", "nanosvg", ""),
        (b"/home/me/.conan2/p/b/zlib0123456789abc/b/src/inflate.c", "zlib", ""),
        (b"/home/me/.conan2/p/b/opens0123456789abc/b/src/openssl/crypto/mem.c", "openssl", ""),
        (b"/home/me/.conan2/p/bzip20123456789abc/s/src/bzip2.c", "bzip2", ""),
        (b"extension/libmaxminddb/src/data-pool.c", "libmaxminddb", ""),
        (b"../../../json-glib/json-glib/json-node.c", "json-glib", ""),
        (b"crt/aws-c-cal/source/ecc.c", "aws-c-cal", ""),
        (b"../../../libgee/gee/arraylist.vala", "libgee", ""),
        (b"stan/lib/stan_math/lib/eigen_3.4.0/Eigen/src/Core/Redux.h", "eigen", "3.4.0"),
        (b"_ZN8tinyxml27XMLNode8ToXMLNodeEv", "tinyxml2", ""),
        (b"_ZN17double_conversion6Bignum8RawBigitEi", "double-conversion", ""),
        (b"AttributeIN9Imath_3_28Matrix33IfEEE", "imath", "3.2"),  # The length says where the version ends.
        (b"_ZN3tsl9robin_mapIiiE6insertEv", "robin-map", ""),
        (b"_ZN16OpenColorIO_v2_56Config6CreateEv", "opencolorio", "2.5"),
    ],
)
def test_paths_and_namespaces_name_libraries(data: bytes, name: str, version: str) -> None:
    assert found(data) == {name: version}


@pytest.mark.parametrize(
    "data",
    [
        b"/home/me/.cargo/registry/src/index.crates.io-6f17d22bba15001f/lz4-1.24.0/src/lib.rs",
        b"/third_party/file/x.c",  # a general word
        b"/third_party/tinyxml2/README",
        b"https://example.org/json-c-0.18/",
        b"_ZN9libunwind10CFI_ParserE",  # LLVM's, not the library of that name
        b"see curl-8.1 for more",
        b"_ZN8tinyxml2E",  # nothing in the namespace
        b"/usr/include/libxml2/libxml/parser.h",  # what a program that loads the library was compiled with
        b"mylibmaxminddb/src/data-pool.c",  # another project
        b"my-json-glib/json-node.c",
        b"/usr/include/json-glib/json-node.h",
        b"/home/me/.conan/data/zlib/1.2.13/_/_/package/" + HASH + b"/include/zlib.h",  # what it was compiled with
        b"/home/me/.conan/data/zlib/1.2.13/_/_/build/" + HASH + b"/CMakeLists.txt",
        b"/home/me/.conan2/p/b/opens0123456789abc/b/src/crypto/mem.c",  # OpenSSL, OpenSceneGraph ...?
        b"/home/me/.conan2/p/b/libpq0123456789abc/b/src/libpqyy.cxx",
        b"/home/me/.conan2/p/zlib0123456789abc/p/include/zlib.h",
        b"/home/me/.conan2/p/b/zlib/b/src/inflate.c",
    ],
)
def test_what_only_looks_so(data: bytes) -> None:
    assert found(data) == {}


def test_a_path_completes_the_version_of_what_texts_show() -> None:
    assert found(b"NetCDF: HDF error\0/p/netcdf-c-4.10.1/libdap4/d4util.c") == {"netcdf-c": "4.10.1"}
