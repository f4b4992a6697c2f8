from pathlib import Path

import pytest

from castiron_audit.collected_licenses import collected_license, library_names, license_of_font, license_of_module
from castiron_audit.data.make_collected_licenses import packages_of
from castiron_audit.expressions import normalise
from castiron_audit.make_font_licenses import families_of
from castiron_audit.signatures import find
from castiron_audit.tables import document, table

GUIX = """
;; (package (name "no"))
(define-public frob
  (let ((commit "1"))
    (package
      (name "frob")
      (version "1.2")
      (build-system cmake-build-system)
      (arguments (list #:tests? #f))
      (native-inputs (list googletest pkg-config))
      (license license:expat))))

(define-public go-example
  (package
    (name "go-example-org-x")
    (build-system go-build-system)
    (arguments `(#:import-path "example.org/x"))
    (license (list license:asl2.0 license:expat))))
"""


def test_packages_of_guix_are_read() -> None:
    frob, module = packages_of(GUIX, "x.scm")
    assert (frob.name, frob.build, frob.license, frob.needs) == (
        "frob",
        "cmake",
        "MIT",
        frozenset({"list", "googletest", "pkg-config"}),
    )
    # Whether several licenses are a choice is not said.
    assert (module.import_path, module.license) == ("example.org/x", "")


def test_modules_of_a_repository_have_its_license() -> None:
    known = license_of_module("github.com/gofrs/flock")
    assert known is not None
    assert known.expression == "BSD-3-Clause"
    assert known.where.startswith("github.com/gofrs/flock, in GNU Guix ")
    assert license_of_module("github.com/gofrs/flock/v2") == known
    assert license_of_module("github.com/gofrs/unknown") is None


def test_what_is_collected_are_expressions_of_spdx() -> None:
    assert all(normalise(expression) == expression for expression in set(library_names().values()))
    assert collected_license("haskell", "aeson") is not None
    assert collected_license("libraries", "no-such-library") is None


def test_namespaces_are_of_libraries_that_are_known() -> None:
    known = {*library_names(), *(row["name"] for row in table("libraries")["library"])}
    assert set(table("known_libraries")["namespaces"].values()) <= known


def test_fonts_that_google_fonts_offers() -> None:
    known = license_of_font("Abril Fatface")
    assert known is not None
    assert (known.expression, known.where.startswith("Abril Fatface, in google-font-metadata ")) == ("OFL-1.1", True)
    assert license_of_font("No Such Family") is None
    assert set(document("font_licenses")["families"].values()) == {"Apache-2.0", "OFL-1.1", "Ubuntu-font-1.0"}
    rows = {
        "a-b": {"license": {"type": "SIL Open Font License, 1.1"}},
        "c": {"license": {"type": "Apache License, Version 2.0"}},
        "d": {"license": {"type": "somebody's own"}},
        "e": {},
    }
    assert families_of(rows) == {"a-b": "OFL-1.1", "c": "Apache-2.0"}


@pytest.mark.parametrize(
    ("data", "name", "version"),
    [
        (b"external/com_github_tessil_robin_map/include/tsl/robin_map.h", "robin-map", ""),
        (b"external/abseil-cpp~20240116.2/absl/base/log.cc", "abseil-cpp", "20240116.2"),
        (b"/w/_deps/magic-enum-src/include/magic_enum.hpp", "magic-enum", ""),
        (b"../subprojects/mctc-lib/src/mctc/env/error.f90", "mctc-lib", ""),
        (b"../subprojects/utfcpp-4.0.5/source/utf8.h", "utfcpp", "4.0.5"),
        (b"_ZN4entt8registry6createEv", "entt", ""),
    ],
)
def test_folders_of_others_sources_name_libraries_that_only_lists_know(data: bytes, name: str, version: str) -> None:
    assert {item.name: item.version for item in find(b"\0" + data + b"\0").libraries} == {name: version}


@pytest.mark.parametrize(
    "data",
    [
        b"/w/third_party/utils/x.c",  # a word
        b"/w/third_party/bash/x.c",  # a program
        b"internal/external/robin-map/README",
        b"an external/robin_map/x.h is",
    ],
)
def test_other_folders_do_not(data: bytes) -> None:
    assert find(b"\0" + data + b"\0").libraries == ()


def test_a_version_in_a_path_is_told_for_any_project() -> None:
    found = find(b"\0../../subprojects/libfrob-1.3.0/src/x.c\0")
    assert [(item.name, item.version) for item in found.named] == [("libfrob", "1.3.0")]


def test_packages_of_haskell_and_the_compiler_show_by_identifiers_of_builds(tmp_path: Path) -> None:
    data = b"\0ghc-prim\0GHC 9.8.2\0aeson-2.2.3.0-" + b"0a" * 32 + b"\0text-2.1.1-inplace\0x-1.2-beta\0"
    found = find(data)
    assert [(item.name, item.version) for item in found.haskell] == [("aeson", "2.2.3.0"), ("text", "2.1.1")]
    assert found.ghc == "9.8.2"
    assert find(data.replace(b"ghc-prim", b"")).ghc is None


def test_the_main_module_of_a_program_of_go_is_found() -> None:
    data = b"\xff Go buildinf:\x08\x02" + b"\0" * 16 + b"\x08go1.24.1\x40path\tmvdan.cc/sh/v3/cmd/shfmt\n"
    data += b"mod\tmvdan.cc/sh/v3\tv3.14.1\th1:x=\ndep\texample.org/x\tv1.2.3\th1:y=\n"
    main = find(data).go_main
    assert main is not None
    assert (main.name, main.version) == ("mvdan.cc/sh/v3", "3.14.1")
