from dataclasses import replace
from pathlib import Path

import pytest

from castiron_audit import build_info, chains
from castiron_audit.build_info import BuildInfo
from castiron_audit.catalogue import library_of_file, library_of_name
from castiron_audit.collect import build_report
from castiron_audit.detection.contents import DistributionContents
from castiron_audit.detection.driver import Detection, detect
from castiron_audit.model import Component, Form, Kind, Source
from castiron_audit.signatures import Findings, FoundLibrary, FoundModule
from castiron_common.files import sha256_bytes
from castiron_manifest.model import LicenseFile, Native, Tier, Via
from tests.support.elf_values import ELF
from tests.unit.audit.making import MIT, distribution, font_file, manifest, report


def detect_in(
    site: Path, *paths: str, name: str = "d", natives: tuple[Native, ...] = (), sbom: str | None = None
) -> Detection:
    item = distribution(name, "MIT")
    texts = {}
    if sbom is not None:
        texts[sha256_bytes(sbom.encode())] = sbom
        boms = (LicenseFile(path="d-1.0.dist-info/sboms/x.json", sha256=sha256_bytes(sbom.encode())),)
        item = replace(item, license=replace(item.license, sboms=boms))
    included = frozenset(paths) | {native.path for native in natives}
    return detect(
        DistributionContents(distribution=item, paths=included, natives=natives, texts=texts, site=site, elf=ELF)
    )


def by_name(detection: Detection) -> dict[str, Component]:
    return {item.name: item for item in detection.components}


def write(site: Path, path: str, text: str = "") -> str:
    (site / path).parent.mkdir(parents=True, exist_ok=True)
    (site / path).write_text(text)
    return path


def native(path: str) -> Native:
    return Native(path=path, distribution="d", soname=None, sha256=sha256_bytes(path.encode()), size=100)


def test_vendored_packages_with_metadata(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/_vendor/inner/__init__.py"),
        write(tmp_path, "d/_vendor/unused/__init__.py"),
        write(
            tmp_path,
            "d/_vendor/inner-2.5.dist-info/METADATA",
            "Metadata-Version: 2.4\nName: inner\nVersion: 2.5\nLicense-Expression: ISC\n",
        ),
    ]
    write(tmp_path, "d/_vendor/inner-2.5.dist-info/LICENSE", MIT)
    detection = detect_in(tmp_path, *paths)
    inner = by_name(detection)["inner"]
    assert (inner.version, inner.purl, inner.verdict.expression) == ("2.5", "pkg:pypi/inner@2.5", "ISC")
    assert (inner.verdict.source, inner.kind, inner.parent) == (Source.EXPRESSION, Kind.VENDORED, "distribution/d")
    assert [text.path for text in inner.texts] == ["d/_vendor/inner-2.5.dist-info/LICENSE"]
    # A folder without metadata, license or version in a list need not be somebody else's.
    assert "unused" not in by_name(detection)


def test_vendored_packages_whose_licenses_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/_vendor/inner/__init__.py"),
        write(tmp_path, "d/_vendor/unused/__init__.py"),
        write(tmp_path, "d/_vendor/licenses/inner.LICENSE", MIT),
    ]
    found = by_name(detect_in(tmp_path, *paths))
    assert (found["inner"].kind, found["inner"].verdict.expression) == (Kind.VENDORED, "MIT")
    assert found.keys().isdisjoint({"unused", "licenses"})


def test_vendored_packages_named_by_a_list(tmp_path: Path) -> None:
    write(tmp_path, "d/_vendor/vendor.txt", "# frozen\ninner==1.2  # why\n    other==3\n")
    paths = [write(tmp_path, "d/_vendor/inner.py"), write(tmp_path, "d/_vendor/other/__init__.py")]
    write(tmp_path, "d/_vendor/other/LICENSE.txt", MIT)
    components = by_name(detect_in(tmp_path, *paths))
    assert components["inner"].version == "1.2"
    assert components["inner"].verdict.expression is None
    assert (components["other"].version, components["other"].verdict.expression) == ("3", "MIT")


def test_two_versions_of_a_vendored_package_are_two(tmp_path: Path) -> None:
    paths = []
    for folder, version in (("d/_vendor", "1.2"), ("d/inner/_vendor", "1.3")):
        write(tmp_path, f"{folder}/vendor.txt", f"packaging=={version}\n")
        paths.append(write(tmp_path, f"{folder}/packaging/__init__.py"))
    found = [item for item in detect_in(tmp_path, *paths).components if item.name == "packaging"]
    assert sorted(item.version for item in found) == ["1.2", "1.3"]


def test_packages_that_lists_name_otherwise_than_they_are_imported(tmp_path: Path) -> None:
    write(tmp_path, "d/_vendor/vendor.txt", "python-dotenv==1.2.4\nsetuptools==70.3.0\n")
    packages = [write(tmp_path, f"d/_vendor/{name}/__init__.py") for name in ("dotenv", "pkg_resources")]
    components = by_name(detect_in(tmp_path, *packages))
    assert {name: item.version for name, item in components.items()} == {
        "python-dotenv": "1.2.4",
        "setuptools": "70.3.0",
    }


def test_first_lines_and_documentation_of_vendored_packages(tmp_path: Path) -> None:
    listing = "outer\n-----\nSource: x\nLicense: Apache License 2.0\n\nNotes:\n  none\n\nlast\n----\n\nLicense: MIT\n"
    paths = [
        write(tmp_path, "d/vendor/__init__.py", f'"""\n{listing}"""\n'),
        write(tmp_path, "d/vendor/outer/__init__.py"),
        write(tmp_path, "d/vendor/last.py"),
        write(tmp_path, "d/vendor/tagged/__init__.py", "# Copyright 2023 A. Person\n# SPDX-License-Identifier: ISC\n"),
        write(tmp_path, "d/vendor/ours.py", '"""A help of ours."""\n'),
        write(tmp_path, "d/extern/ours.py", "# SPDX-License-Identifier: ISC\n"),
    ]
    found = {name: item.verdict.expression for name, item in by_name(detect_in(tmp_path, *paths)).items()}
    assert found == {"last": "MIT", "outer": "Apache-2.0", "tagged": "ISC"}


def test_vendored_packages_that_are_not_included_are_not_reported(tmp_path: Path) -> None:
    write(tmp_path, "d/_vendor/vendor.txt", "inner==1.2\n")
    write(tmp_path, "d/_vendor/inner.py")
    assert detect_in(tmp_path, "d/__init__.py").components == ()


def test_a_list_may_name_anything(tmp_path: Path) -> None:
    # As mysql-connector-python's does: absolute patterns, and what is no pattern at all.
    names = ["/numpy/blob/*", "/etc/passwd", "**x/[", "*" * 300, "x" * 300 + ".c", "/", "d/gone*.py"]
    text = "".join(f"Name: part{n}\nFiles: {name}\nLicense: MIT\n\n" for n, name in enumerate(names))
    write(tmp_path, "d/__init__.py")
    item = distribution("d", "MIT", files={"LICENSE": text})
    texts = {sha256_bytes(text.encode()): text}
    contents = DistributionContents(
        distribution=item, paths=frozenset({"d/__init__.py"}), natives=(), texts=texts, site=tmp_path, elf=ELF
    )
    components = by_name(detect(contents))
    assert "part6" not in components


def test_rust_code_without_a_list_of_crates_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    item = native("d/_x.so")
    write(tmp_path, item.path)
    infos = {"info": BuildInfo(rustc="1.90.0", gcc=None, crates=None)}
    monkeypatch.setattr(build_info, "read_build_info", lambda *_: infos["info"])
    assert [finding.code for finding in detect_in(tmp_path, natives=(item,)).findings] == ["unknown-static-contents"]
    infos["info"] = BuildInfo(rustc="1.90.0", gcc=None, crates=(FoundModule(name="nobodys", version="1.0"),))
    detection = detect_in(tmp_path, natives=(item,))
    assert [(item.id, item.purl) for item in detection.components] == [("crate/d/nobodys@1.0", "pkg:cargo/nobodys@1.0")]
    assert {finding.code for finding in detection.findings} == {"unknown-license", "text-is-template"}


def test_libraries_are_known_by_their_strings(tmp_path: Path) -> None:
    item = native("d/_x.so")
    write(tmp_path, item.path)
    libraries = (FoundLibrary(name="libiconv"), FoundLibrary(name="openssl", version="1.1.1w"))
    info = BuildInfo(rustc=None, gcc=None, crates=None, found=Findings(libraries=libraries))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_info, "read_build_info", lambda *_: info)
        components = by_name(detect_in(tmp_path, natives=(item,)))
    assert components["libiconv"].verdict.expression == "LGPL-2.1-or-later"
    assert (components["openssl"].version, components["openssl"].verdict.expression) == ("1.1.1w", "OpenSSL")


def test_an_object_that_loads_a_library_does_not_contain_it(tmp_path: Path) -> None:
    item = replace(native("d/_x.so"), needed=("libuv.so.1", "libc.so"))
    write(tmp_path, item.path)
    libraries = (FoundLibrary(name="libuv"), FoundLibrary(name="libev"))
    info = BuildInfo(rustc=None, gcc=None, crates=None, found=Findings(libraries=libraries))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_info, "read_build_info", lambda *_: info)
        assert list(by_name(detect_in(tmp_path, natives=(item,)))) == ["libev"]


def test_libraries_in_bundled_libraries_and_those_of_the_project_itself(tmp_path: Path) -> None:
    item = native("duckdb.libs/libcurl-0123abcd.so.4.8.0")
    write(tmp_path, item.path)
    libraries = (FoundLibrary(name="curl", version="8.1.0"), FoundLibrary(name="zstd"), FoundLibrary(name="duckdb"))
    info = BuildInfo(rustc=None, gcc=None, crates=None, found=Findings(libraries=libraries))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_info, "read_build_info", lambda *_: info)
        components = by_name(detect_in(tmp_path, name="duckdb", natives=(item,)))
    assert {name: item.version for name, item in components.items()} == {"curl": "8.1.0", "zstd": ""}


def test_a_fork_is_not_what_it_was_forked_from(tmp_path: Path) -> None:
    text = "----\n\nZLIB\n\n(C) 1995 Jean-loup Gailly\n\n----\n\nOTHER\n\nText\n"
    item = native("d/_x.so")
    write(tmp_path, item.path)
    site_texts = {sha256_bytes(text.encode()): text}
    info = BuildInfo(rustc=None, gcc=None, crates=None, found=Findings(libraries=(FoundLibrary(name="zlib-ng"),)))
    contents = DistributionContents(
        distribution=distribution("d", "MIT", files={"LICENSE": text}),
        paths=frozenset({item.path}),
        natives=(item,),
        texts=site_texts,
        site=tmp_path,
        elf=ELF,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_info, "read_build_info", lambda *_: info)
        components = by_name(detect(contents))
    assert "zlib" not in components
    assert [text.path for text in components["zlib-ng"].texts] == ["d-1.0.dist-info/LICENSE, ZLIB"]


def test_versions_in_names_of_files(tmp_path: Path) -> None:
    paths = (
        "libgeos-11e07f71.so.3.14.1",
        "libopenblasp-r0-73d5d8f8.3.28.so",
        "libx265-6782653f.so.217",
        "libzstd.so.1",
    )
    natives = tuple(native(f"d.libs/{name}") for name in paths)
    versions = {name: item.version for name, item in by_name(detect_in(tmp_path, natives=natives)).items()}
    assert versions == {"geos": "3.14.1", "openblas": "0.3.28", "x265": "", "zstd": ""}


def test_well_known_fonts_that_say_nothing(tmp_path: Path) -> None:
    fonts = {
        "d/solid.ttf": {1: "Font Awesome 6 Free Solid", 5: "Version 773.01 (Font Awesome version: 6.5.1)"},
        "d/old.ttf": {1: "FontAwesome", 5: "Version 4.7.0 2016"},
        "d/pro.ttf": {1: "Font Awesome 6 Pro"},
        "d/said.ttf": {1: "Font Awesome Something", 13: "SIL Open Font License, Version 1.1"},
    }
    for path, names in fonts.items():
        write(tmp_path, path)
        (tmp_path / path).write_bytes(font_file(names))
    components = by_name(detect_in(tmp_path, *fonts))
    free = components["Font Awesome Free"]
    assert (free.verdict.expression, free.verdict.source) == ("OFL-1.1", Source.CATALOGUE)
    assert free.purl == "pkg:generic/font-awesome-free@4.7.0"
    assert components["Font Awesome 6 Pro"].verdict.expression is None
    assert "Font Awesome Something" in components


def test_optional_components_of_an_sbom_need_other_evidence(tmp_path: Path) -> None:
    sbom = (
        '{"bomFormat": "CycloneDX", "components": ['
        '{"type": "library", "name": "FriBiDi", "version": "1", "scope": "optional"},'
        '{"type": "library", "name": "libtiff", "version": "4.7", "scope": "optional"},'
        '{"type": "library", "name": "pybind11", "scope": "excluded"}]}'
    )
    detection = detect_in(tmp_path, sbom=sbom, natives=(native("d.libs/libtiff-0123abcd.so.6"),))
    assert [(item.name, item.version) for item in detection.components] == [("libtiff", "4.7")]
    assert [finding.code for finding in detection.findings] == ["optional-part"]
    broken = detect_in(tmp_path, sbom="{")
    assert [finding.code for finding in broken.findings] == ["unreadable-sbom"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("numpy.libs/libscipy_openblas64_-58ffbbde.so", "openblas"),
        ("scipy.libs/libgfortran-2c33b284-17a27ac2.so.5.0.0", "libgfortran"),
        ("x.libs/libstdc++-5d72f927.so.6.0.33", "libstdc++"),
        ("pillow.libs/libpng16-04f21bd1.so.16.58.0", "libpng"),
        ("x.libs/libcrypto-b5f139f6.so.3", "openssl"),
        ("x.libs/libquadmath-bb76a5fc.so.0.0.0", "libquadmath"),
    ],
)
def test_names_of_libraries(path: str, name: str) -> None:
    entry = library_of_file(path)
    assert entry is not None
    assert entry.name == name
    assert library_of_name(name) == entry


def test_incorporated_code_is_in_if_its_objects_or_modules_are() -> None:
    names = {item.name for item in report().components if item.parent == "runtime/cpython"}
    assert names == {"dtoa", "http-cookies"}


def test_the_same_library_of_two_wheels_counts_once() -> None:
    one, other = native("d.libs/libtiff-0123abcd.so.6"), native("d.libs/libtiff-0123abcd.so.6")
    other = replace(other, path="e.libs/libtiff-0123abcd.so.6", distribution="e")
    audited = report(distribution("d", "MIT"), distribution("e", "MIT"), natives=(one, other))
    sizes = {item.id: item.size for item in audited.components if item.kind is Kind.LIBRARY}
    assert sizes == {"library/d/libtiff": 100, "library/e/libtiff": 0}
    assert audited.component("distribution/d").size == 5000


def test_a_report_on_a_manifest() -> None:
    audited = build_report(manifest(distribution("d", "MIT", files={"LICENSE": MIT}), texts=(MIT,)), site=None)
    assert not audited.linked
    assert [item.id for item in audited.components] == ["application", "distribution/d", "runtime/cpython"]
    component = audited.component("distribution/d")
    assert component.forms == (Form.BYTECODE,)
    assert component.copyrights == ("Copyright (c) 2020 The Authors of It",)
    assert [step.name for step in component.chain] == ["app.py", "d"]
    assert component.chain[1].how == "required import in __main__, line 1"


def test_chains_of_distributions_without_imports_follow_requirements() -> None:
    made = manifest(distribution("a", "MIT", requires=("b",), direct=True))
    made = replace(
        made, distributions=(*made.distributions, distribution("b", "MIT", requires=("c",)), distribution("c"))
    )
    by_distribution = chains.distribution_chains(made)
    assert [step.name for step in by_distribution["c"]] == ["app.py", "a", "b", "c"]
    assert by_distribution["c"][-1].how == "required by b"


def test_circular_imports_do_not_hang() -> None:
    made = manifest(distribution("a", "MIT"))
    template = next(module for module in made.modules if module.via is not None)
    loop = tuple(
        replace(template, name=name, distribution="x", via=Via(importer=other, line=1, tier=Tier.LAZY))
        for name, other in (("x1", "x2"), ("x2", "x1"))
    )
    by_distribution = chains.distribution_chains(replace(made, modules=(*made.modules, *loop)))
    assert set(by_distribution) >= {"a", "x"}


def test_requirements_in_an_sbom_are_not_components(tmp_path: Path) -> None:
    sbom = (
        '{"bomFormat": "CycloneDX", "components": ['
        '{"name": "filelock", "purl": "pkg:pypi/filelock"},'
        '{"name": "pip", "version": "26.0", "purl": "pkg:pypi/pip@26.0"}]}'
    )
    assert [item.name for item in detect_in(tmp_path, sbom=sbom).components] == ["pip"]


def test_an_sbom_beside_a_program_is_read_and_that_of_a_compiled_crate_tells_the_projects_license(
    tmp_path: Path,
) -> None:
    def crate(name: str, where: str = "") -> str:
        return (
            f'{{"name": "{name}", "version": "1.0", "purl": "pkg:cargo/{name}@1.0{where}", '
            '"licenses": [{"expression": "MIT OR Apache-2.0"}]}'
        )

    def sbom(described: str) -> str:
        return (
            f'{{"bomFormat": "CycloneDX", "metadata": {{"component": {described}}}, "components": [{crate("serde")}]}}'
        )

    own = sbom(crate("d-cli", "?download_url=file://."))
    detection = detect_in(tmp_path, sbom=own)
    assert detection.own_license is not None
    assert detection.own_license.expression == "MIT OR Apache-2.0"
    assert detect_in(tmp_path, sbom=sbom(crate("d-cli"))).own_license is None  # from the registry
    beside = detect_in(tmp_path, write(tmp_path, "d/bin/tool.cdx.json", own))
    assert by_name(beside)["serde"].verdict.expression == "MIT OR Apache-2.0"
    assert beside.own_license is None  # of the tool, not of all
    assert not detect_in(tmp_path, write(tmp_path, "d/tests/data/tool.cdx.json", own)).components
    copied = own.replace("pkg:cargo/serde", "pkg:pypi/serde")
    assert not detect_in(
        tmp_path, write(tmp_path, "d/_vendor/bom.cdx.json", copied)
    ).components  # none of its files goes in


def test_licenses_in_a_folder_of_licenses_are_of_what_was_compiled(tmp_path: Path) -> None:
    texts = {
        "d/include/licenses/quux-external/LICENSE": MIT,
        "d/include/licenses/d-inner/LICENSE": MIT,
        "d/include/licenses/tinyxml2-9.0.0/LICENSE.txt": MIT,
        "d/include/licenses/ghc-external/LICENSE": MIT,  # Not the compiler, whose license is another.
        "d/include/licenses/d/LICENSE": MIT,
        "d/include/licenses/silent/LICENSE": "See the page.",
    }
    for path, text in texts.items():
        write(tmp_path, path, text)
    write(tmp_path, "d-1.0.dist-info/RECORD", "".join(f"{path},,\n" for path in texts))
    own = native("d/libquux.so.1.4.2")
    write(tmp_path, own.path)
    with pytest.MonkeyPatch.context() as patch:
        info = BuildInfo(rustc=None, gcc=None, crates=None, found=Findings())
        patch.setattr(build_info, "read_build_info", lambda *_: info)
        detection = detect_in(tmp_path, natives=(own,))
    found = {item.name: (item.kind, item.version, item.verdict.expression) for item in detection.components}
    assert found == {
        "quux": (Kind.LIBRARY, "1.4.2", "MIT"),
        "inner": (Kind.LIBRARY, "", "MIT"),
        "tinyxml2": (Kind.LIBRARY, "9.0.0", "MIT"),  # What lies in the wheel is about this copy.
        "ghc": (Kind.LIBRARY, "", "MIT"),
    }
    assert detection.files["library/d/quux"] == {own.path}
    assert detect_in(tmp_path).components == ()  # Nothing was compiled.


def test_lists_that_cargo_bundle_licenses_makes(tmp_path: Path) -> None:
    text = (
        "root_name: d\nthird_party_libraries:\n- package_name: either\n  package_version: 1.19.0\n"
        "  repository: https://example.org/either\n  license: MIT OR Apache-2.0\n  licenses:\n  - license: MIT\n"
        "    text: |\n      Permission is hereby granted\n"
        "- package_name: unclear\n  package_version: 0.1.0\n  license: see the file\n"
    )
    item = distribution("d", "MIT")
    listed = (LicenseFile(path="d-1.0.dist-info/licenses/THIRDPARTY.yml", sha256=sha256_bytes(text.encode())),)
    item = replace(item, license=replace(item.license, files=listed))
    contents = DistributionContents(
        distribution=item, paths=frozenset(), natives=(), texts={listed[0].sha256: text}, site=tmp_path, elf=ELF
    )
    found = {item.name: (item.version, item.purl, item.verdict.expression) for item in detect(contents).components}
    assert found == {
        "either": ("1.19.0", "pkg:cargo/either@1.19.0", "MIT OR Apache-2.0"),
        "unclear": ("0.1.0", "pkg:cargo/unclear@0.1.0", None),
    }
