"""Source distributions are somebody else's archives: what is read of them, and what that proves."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castiron_audit.detection.contents import DistributionContents
from castiron_audit.detection.driver import Detection, detect
from castiron_audit.sdists import archive
from castiron_audit.sdists.archive import SourceTree, read_sdist
from castiron_audit.sdists.declared import declared_versions
from castiron_audit.sdists.locks import needed_packages
from castiron_audit.sdists.part_versions import titles_and_version
from castiron_audit.sdists.parts import divided
from castiron_audit.sdists.proof import proven_parts
from castiron_audit.sdists.tokens import Traces, traces_of
from castiron_common.unpacking import UnusableArchiveError
from castiron_wheels.source_archives import SourceArchive
from tests.support.elf_values import ELF
from tests.unit.audit.making import MIT, distribution

if TYPE_CHECKING:
    from pathlib import Path

FROB = b"""/* Copyright (c) 2020 A. Nother */
#include "frob.h"
#define FROB_VERSION "2.1.3"
static const char *frob_error(void) { return "the frobnicator is \\"jammed\\""
    " and must be oiled"; } // "not this one of comments"
const char *frob_other(void) { return "another frobnicator is running already"; }
"""
OWN = b'int main(void) { puts("a message of the project itself"); return frob_call(1); }\n'


def tar(path: Path, files: dict[str, bytes], *, top: str = "d-1.0/") -> Path:
    with tarfile.open(path, "w:gz") as made:
        for name, data in files.items():
            member = tarfile.TarInfo(top + name)
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
    return path


def tree(files: dict[str, bytes]) -> SourceTree:
    return SourceTree(archive="d-1.0.tar.gz", files=dict(sorted(files.items())), paths=frozenset(files))


def compiled(*texts: bytes) -> bytes:
    return b"\x7fELF\0" + b"\0".join(texts) + b"\0"


def test_a_tar_file_and_a_zip_file_give_the_same(tmp_path: Path) -> None:
    files = {"third_party/frob/frob.c": FROB, "third_party/frob/LICENSE": MIT.encode(), "d/picture.png": b"x"}
    made = tar(tmp_path / "d-1.0.tar.gz", files)
    with zipfile.ZipFile(tmp_path / "d-1.0.zip", "w") as zipped:
        for name, data in files.items():
            zipped.writestr(f"d-1.0/{name}", data)
    read, other = read_sdist(made), read_sdist(tmp_path / "d-1.0.zip")
    assert read.files == other.files == {key: files[key] for key in sorted(files) if not key.endswith("png")}
    assert read.paths == other.paths == frozenset(files)
    assert read.where("LICENSE") == "d-1.0.tar.gz/LICENSE"


def test_what_leads_elsewhere_is_passed_over(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "d.tar.gz", "w:gz") as made:
        for name in ("../../etc/LICENSE", "/etc/LICENSE", "d/../../LICENSE", "d/a\nb/LICENSE", "d\\LICENSE", "LICENSE"):
            member = tarfile.TarInfo(name)
            member.size = 3
            made.addfile(member, io.BytesIO(b"mit"))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            member = tarfile.TarInfo("d/LICENSE")
            member.type, member.linkname = kind, "/etc/passwd"
            made.addfile(member)
    assert read_sdist(tmp_path / "d.tar.gz").files == {}


def test_a_link_in_a_zip_file_is_passed_over(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as made:
        link = zipfile.ZipInfo("d/LICENSE")
        link.external_attr = 0o120777 << 16
        made.writestr(link, "/etc/passwd")
    assert read_sdist(tmp_path / "d.zip").files == {}


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = tar(tmp_path / "d.tar.gz", {"d.bin": bytes(300_000)})
    monkeypatch.setattr(archive, "_MOST_UNPACKED", 200_000)
    with pytest.raises(UnusableArchiveError, match="unpacks to more than"):
        read_sdist(bomb)
    many = tar(tmp_path / "many.tar.gz", {f"{index}.c": b"" for index in range(40)})
    monkeypatch.setattr(archive, "_MOST_MEMBERS", 30)
    with pytest.raises(UnusableArchiveError, match="more than 30 members"):
        read_sdist(many)
    sources = tar(tmp_path / "sources.tar.gz", {"a.c": b"x" * 60, "b.c": b"x" * 60})
    monkeypatch.setattr(archive, "_MOST_KEPT", 100)
    with pytest.raises(UnusableArchiveError, match="of sources"):
        read_sdist(sources)
    monkeypatch.setattr(archive, "LARGEST_ARCHIVE", 10)
    with pytest.raises(UnusableArchiveError, match="larger than"):
        read_sdist(sources)


@given(data=st.binary(max_size=3000), at=st.integers(0, 3000), name=st.sampled_from(["d.tar.gz", "d.zip", "d.tar"]))
def test_damaged_archives_are_unusable_or_read(
    data: bytes, at: int, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    sound = gzip.decompress(tar(folder / "sound.tar.gz", {"LICENSE": b"mit", "a/b.c": FROB}).read_bytes())
    whole = sound if name == "d.tar" else gzip.compress(sound)
    (folder / name).write_bytes(whole[:at] + data + whole[at + len(data) :])
    try:
        read = read_sdist(folder / name)
    except UnusableArchiveError:
        return
    assert all(".." not in path.split("/") and not path.startswith("/") for path in read.paths)


@given(source=st.binary(max_size=400), fortran=st.booleans())
def test_any_bytes_are_sources(source: bytes, *, fortran: bool) -> None:
    name = "third_party/x/a.f90" if fortran else "third_party/x/a.c"
    files = tree({name: source, "third_party/x/x.h": source})
    proven_parts(files, divided(files, "d"), traces_of(source, frozenset({source[:9], b"_ZN1a1bEv"})))
    for part in divided(files, "d").parts:
        titles_and_version(files, part)


def test_hostile_sources_take_no_time() -> None:
    for text in (b"/*" * 200_000, b'"\\' * 200_000, b"struct a " * 50_000, b"abcd(" * 8_000, b"'" * 300_000):
        files = tree({"third_party/x/a.cpp": text})
        found = Traces(strings=frozenset(), names=frozenset({b"abcd", b"struct"}), members=frozenset({(b"abcd", b"b")}))
        assert proven_parts(files, divided(files, "d"), found) == ()


def test_hostile_names_and_build_files_take_no_time() -> None:
    names = {f"third_party/a{index}{'.1' * 400}/a.c": b"int a;" for index in range(300)}
    build = (
        b"FetchContent_Declare(" * 3_000
        + b"GIT_REPOSITORY "
        + b"a." * 100_000
        + b"\nGIT_TAG 1"
        + b".1-" * 50_000
        + b")"
    )
    files = tree(names | {"CMakeLists.txt": build, "x.wrap": b"revision = " + b"a-" * 200_000})
    assert len(divided(files, "d").parts) == len(names)
    assert declared_versions(files) == {}
    with pytest.raises(UnusableArchiveError, match="more than 1000 parts"):
        divided(tree({f"third_party/a{index}/a.c": b"" for index in range(1001)}), "d")


def test_parts_by_folders_and_licenses() -> None:
    files = tree(
        {
            "d/own.c": OWN,
            "third_party/frob-2.1/src/frob.c": FROB,
            "third_party/frob-2.1/LICENSE": MIT.encode(),
            "src/inner/inner.c": b"int inner;",
            "src/inner/COPYING": MIT.encode(),
            "vendor/single.h": b"/* Copyright: public domain */",
            "subprojects/d/d.c": b"int d;",
            "LICENSE": b"Our license",
            "bindings/LICENSE": b"Our license",
            "bindings/b.c": b"int b;",
            "cpp_src/LICENSE": MIT.encode(),
            "cpp_src/c.cpp": b"int c;",
            "tests/lib/t.c": b"int t;",
            "extern/doctest/doctest.h": b"int t;",
            "internal/lz4-1.9.4/lz4.c": b"int l;",
            "d-1.0/d.c": b"int d;",
        }
    )
    found = divided(files, "d")
    assert [(part.name, part.version, part.folders) for part in found.parts] == [
        ("frob", "2.1", ("third_party/frob-2.1",)),
        ("inner", "", ("src/inner",)),
        ("lz4", "1.9.4", ("internal/lz4-1.9.4",)),
        ("single", "", ("vendor",)),
    ]
    assert found.own == ("bindings/b.c", "cpp_src/c.cpp", "d-1.0/d.c", "d/own.c", "subprojects/d/d.c")
    assert found.parts[0].licenses == ("third_party/frob-2.1/LICENSE",)
    assert found.parts[3].licenses == ("vendor/single.h",)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("CMakeLists.txt", b"project(\n  Frobber\n  VERSION 3.2.1 LANGUAGES C)", (("frob", "Frobber"), "3.2.1")),
        ("meson.build", b"project('frobber', 'c', license: 'MIT', version: '1.4')", (("frob", "frobber"), "1.4")),
        ("configure.ac", b"AC_INIT([frob], [0.9.2])", (("frob",), "0.9.2")),
        ("VERSION", b"v7.8\n", (("frob",), "7.8")),
        ("frob.h", b'#define FROB_VERSION_STRING "5.6"\n#define OTHER_VERSION "1.0"', (("frob",), "5.6")),
        ("frob.h", b"#define FROB_MAJOR 4\n#define FROB_MINOR 1\n#define FROB_PATCH 0", (("frob",), "4.1.0")),
        ("../frob.wrap", b"[wrap-git]\ndirectory = frob\nrevision = v2.5.0\n", (("frob",), "2.5.0")),
    ],
)  # fmt: skip
def test_versions(name: str, text: bytes, expected: tuple[tuple[str, ...], str]) -> None:
    place = f"extern/{name[3:]}" if name.startswith("../") else f"extern/frob/{name}"
    files = tree({"extern/frob/frob.c": b"int x;", place: text})
    (part,) = divided(files, "d").parts
    assert titles_and_version(files, part) == expected


def test_a_part_is_proven_by_what_it_alone_has() -> None:
    files = tree({"d/own.c": OWN, "third_party/frob/frob.c": FROB, "third_party/other/o.c": OWN})
    sources = divided(files, "d")
    data = compiled(
        b'the frobnicator is "jammed" and must be oiled', b"another frobnicator is running already",
        b"a message of the project itself", b"not this one of comments",
    )  # fmt: skip
    (proven,) = proven_parts(files, sources, traces_of(data, frozenset()))
    assert proven.part.name == "frob"
    assert proven.proof == 'the frobnicator is "jammed" and must be oiled'
    assert (
        proven_parts(files, sources, traces_of(compiled(b"another frobnicator is running already"), frozenset())) == ()
    )


def test_what_is_only_called_is_no_proof() -> None:
    names = frozenset({b"frob_open_file", b"frob_close_file", b"frob_read_line", b"frob_write_line", b"frob_seek_to"})
    calls = b"".join(b"void u(void) { %s(1); }\n" % name for name in sorted(names))
    defines = b"".join(b"int %s(int a)\n{ return a; }\n" % name for name in sorted(names))
    for text, count in ((calls, 0), (defines, 1)):
        files = tree({"third_party/frob/frob.c": text})
        assert len(proven_parts(files, divided(files, "d"), traces_of(compiled(), names))) == count


def test_names_of_cpp_and_fortran() -> None:
    files = tree(
        {
            "extern/fsph/fsph.hpp": b"namespace fsph { class Evaluator { void compute_all(); }; struct Harmonics {}; }",
            "extern/toml/toml.f90": b"module toml_parser\nsubroutine parse_line(x)\nend\nfunction next_token()\n",
        }
    )
    names = {b"_ZN4fsph9EvaluatorC2Ev", b"_ZN4fsph9HarmonicsC2Ev", b"__toml_parser_MOD_parse_line",
             b"__toml_parser_MOD_next_token"}  # fmt: skip
    found = proven_parts(files, divided(files, "d"), traces_of(compiled(), frozenset(names)))
    assert [(item.part.name, item.proof) for item in found] == [
        ("fsph", "fsph::Harmonics"),
        ("toml", "toml_parser::parse_line"),
    ]


def test_names_of_types_stay_where_symbols_are_stripped() -> None:
    files = tree({"extern/thread-pool/pool.hpp": b"namespace Pools { class thread_pool {}; class move_only_task {}; }"})
    data = compiled(b"N5Pools11thread_poolE", b"St19_Sp_counted_ptrIN5Pools14move_only_taskEE")
    (found,) = proven_parts(files, divided(files, "d"), traces_of(data, frozenset()))
    assert found.texts == {b"Pools::thread_pool", b"Pools::move_only_task"}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "CMakeLists.txt",
            b"FetchContent_Declare(\n  fmt  # 9.9.9\n  GIT_REPOSITORY ${X}fmtlib/fmt.git\n  GIT_TAG 12.2.0\n)",
            {"fmt": {"12.2.0"}},
        ),
        (
            "cmake/deps.cmake",
            b"ExternalProject_Add(json URL https://example.org/json/archive/v3.11.3.tar.gz)",
            {"json": {"3.11.3"}},
        ),
        ("CMakeLists.txt", b'CPMAddPackage("gh:fmtlib/fmt#12.0.0")', {"fmt": {"12.0.0"}}),
        (
            "CMakeLists.txt",
            b"fetchcontent_declare(boost_regex\nGIT_REPOSITORY https://example.org/x/regex\nGIT_TAG boost-1.91.0)",
            {"boost_regex": {"1.91.0"}, "regex": {"1.91.0"}},
        ),
        ("CMakeLists.txt", b"FetchContent_Declare(fmt GIT_TAG main GIT_REPOSITORY https://e.org/fmt.git )", {}),
        ("subprojects/toml-f.wrap", b"[wrap-git]\ndirectory = toml-f\nrevision = v0.4.2\n", {"toml-f": {"0.4.2"}}),
        ("tests/CMakeLists.txt", b"FetchContent_Declare(x GIT_TAG v1.2.3)", {}),
    ],
)
def test_what_a_build_fetches(name: str, text: bytes, expected: dict[str, set[str]]) -> None:
    assert declared_versions(tree({name: text})) == expected


LOCK = b"""{"lockfileVersion": 3, "packages": {"": {}, "node_modules/frob-view": {"version": "1.2.3", "license": "MIT"},
"node_modules/a/node_modules/@x/b": {"version": "2.0.0"}, "node_modules/t": {"version": "3.0.0", "dev": true}}}"""
OLD_LOCK = b'{"dependencies": {"frob-view": {"version": "1.2.3", "dependencies": {"@x/b": {"version": "2.0.0"}}}, "t": {"version": "3.0.0", "dev": true}}}'  # noqa: E501
YARN = b"""# yarn lockfile v1
frob-view@^1.0.0:
  version "1.2.3"
  resolved "https://example.org/frob-view.tgz"
  dependencies:
    "@x/b" "^2.0.0"

"@x/b@^2.0.0":
  version "2.0.0"

t@3:
  version "3.0.0"
"""
PNPM = b"""lockfileVersion: '6.0'
packages:
  /frob-view@1.2.3:
    resolution: {integrity: sha512-x}
    dependencies:
      '@x/b': 2.0.0
    dev: false

  /@x/b@2.0.0:
    resolution: {integrity: sha512-x}

  /t@3.0.0:
    dev: true
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [("package-lock.json", LOCK), ("package-lock.json", OLD_LOCK), ("yarn.lock", YARN), ("pnpm-lock.yaml", PNPM)],
)
def test_lock_files(name: str, text: bytes) -> None:
    manifest = b'{"dependencies": {"frob-view": "^1"}, "devDependencies": {"t": "3"}}'
    found = needed_packages(tree({f"js/{name}": text, "js/package.json": manifest}))
    assert [(item.name, item.version) for item in found[f"js/{name}"]] == [("@x/b", "2.0.0"), ("frob-view", "1.2.3")]


@given(text=st.text(alphabet=' \n:,"@/-_.{}[]12aZ\u00e9', max_size=200))
def test_any_text_is_a_lock_file(text: str) -> None:
    for name in ("package-lock.json", "yarn.lock", "pnpm-lock.yaml"):
        needed_packages(tree({name: text.encode("utf-8", "replace"), "package.json": b'{"dependencies": {"a": "1"}}'}))


def detected(site: Path, sdist: SourceArchive | None, *paths: str) -> Detection:
    contents = DistributionContents(
        distribution=distribution("d", "MIT"), paths=frozenset(paths), natives=(), texts={}, site=site, elf=ELF
    )
    return detect(replace(contents, sdist=sdist))


def test_sources_tell_parts_of_a_wheel(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/tool").write_bytes(
        compiled(b'the frobnicator is "jammed" and must be oiled', b"another frobnicator is running already")
    )
    made = tar(
        tmp_path / "d-1.0.tar.gz",
        {
            "third_party/frob/frob.c": FROB,
            "third_party/frob/frob.h": b'#define FROB_VERSION "2.1.3"',
            "third_party/frob/LICENSE": MIT.encode(),
            "third_party/unused/u.c": b'char *u = "nobody ever compiles this one";',
        },
    )
    assert not detected(tmp_path, None, "d/tool").components
    found = detected(tmp_path, SourceArchive(distribution="d", path=made), "d/tool")
    (component,) = found.components
    assert (component.name, component.version, component.verdict.expression) == ("frob", "2.1.3", "MIT")
    assert component.copyrights == ("Copyright (c) 2020 The Authors of It",)
    assert component.texts[0].path == "d-1.0.tar.gz/third_party/frob/LICENSE"
    assert [(item.code, "unused" in item.message) for item in found.findings] == [("unproven-sources", True)]


def test_what_is_known_gets_the_version_and_text_of_its_sources(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/tool").write_bytes(compiled(b" deflate 1.3.1 Copyright 1995-2024 Jean-loup Gailly and Mark Adler "))
    files = {
        "deps/zlib/zlib.h": b'/* zlib.h */\n#define ZLIB_VERSION "1.3.1.2"\n',
        "deps/zlib/LICENSE": MIT.encode(),
        "deps/zlib_more/z.c": b"int z;",
    }
    made = tar(tmp_path / "d-1.0.tar.gz", files)
    (component,) = detected(tmp_path, SourceArchive(distribution="d", path=made), "d/tool").components
    assert (component.name, component.version, component.verdict.expression) == ("zlib", "1.3.1.2", "Zlib")
    assert not any("deps/zlib" in text.path for text in component.texts), "another license is not its text"


@pytest.mark.parametrize(("declared", "version"), [(b"v1.3.1.2", "1.3.1.2"), (b"v1.2.11", "1.3.1")])
def test_what_is_fetched_tells_a_version_that_agrees(tmp_path: Path, declared: bytes, version: str) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/tool").write_bytes(compiled(b" deflate 1.3.1 Copyright 1995-2024 Jean-loup Gailly and Mark Adler "))
    files = {
        "CMakeLists.txt": b"FetchContent_Declare(zlib GIT_TAG %s)\nFetchContent_Declare(fmt GIT_TAG 1.0)" % declared
    }
    made = tar(tmp_path / "d-1.0.tar.gz", files)
    (component,) = detected(tmp_path, SourceArchive(distribution="d", path=made), "d/tool").components
    assert (component.name, component.version) == ("zlib", version)


def test_a_script_has_what_the_lock_file_says(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/app.js").write_bytes(b'throw Error("frob-view: no canvas");')
    files = {"js/package-lock.json": LOCK, "js/package.json": b'{"dependencies": {"frob-view": "^1", "a": "1"}}'}
    made = tar(tmp_path / "d-1.0.tar.gz", files)
    (component,) = detected(tmp_path, SourceArchive(distribution="d", path=made), "d/app.js").components
    assert (component.name, component.version, component.verdict.expression) == ("frob-view", "1.2.3", "MIT")
    assert component.purl == "pkg:npm/frob-view@1.2.3"


def test_versions_of_another_build_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    banners = b"/*! frob-view | MIT */\n/*! other-view v9.0.0 | MIT */\n/*! third.js v3.0.0 | MIT */"
    (tmp_path / "d/app.js").write_bytes(banners)
    lock = LOCK.replace(b"node_modules/a/node_modules/@x/b", b"node_modules/other-view")
    made = tar(tmp_path / "d-1.0.tar.gz", {"package-lock.json": lock, "package.json": b"{}"})
    sdist = SourceArchive(distribution="d", path=made)
    versions = {item.name: item.version for item in detected(tmp_path, sdist, "d/app.js").components}
    assert versions["frob-view"] == ""
    made = tar(tmp_path / "d-1.0.tar.gz", {"package-lock.json": LOCK, "package.json": b"{}"})
    versions = {item.name: item.version for item in detected(tmp_path, sdist, "d/app.js").components}
    assert versions["frob-view"] == "1.2.3"


def test_texts_that_a_fork_has_do_not_show_its_origin(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    messages = [b"a message of three words", b"another message of this kind"]
    (tmp_path / "d/tool").write_bytes(compiled(b"1.3.1.zlib-ng", b"zlib-ng 2.2.4", *messages))
    source = b"".join(b'char *t = "%s";' % message for message in messages)
    made = tar(tmp_path / "d-1.0.tar.gz", {"deps/zlib/a.c": source})
    found = detected(tmp_path, SourceArchive(distribution="d", path=made), "d/tool")
    assert [item.name for item in found.components] == ["zlib-ng"]


@pytest.mark.parametrize("broken", [True, False])
def test_lacking_sources_are_told(tmp_path: Path, *, broken: bool) -> None:
    path = tmp_path / "d-1.0.tar.gz"
    path.write_bytes(b"no archive")
    sdist = SourceArchive(distribution="d", path=path) if broken else SourceArchive(distribution="d", lacking="gone")
    (finding,) = detected(tmp_path, sdist).findings
    assert finding.code == "no-sources"
    assert ("d-1.0.tar.gz cannot be used" if broken else "gone") in finding.message
