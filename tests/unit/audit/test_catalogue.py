"""Licenses of projects that do not tell them are looked up, and nothing that tells is overruled."""

import re
from pathlib import Path

import pytest

from castiron_audit import expressions
from castiron_audit.catalogue import library_of_file, library_of_name
from castiron_audit.conclusions import conclude_distribution
from castiron_audit.copyleft import Strength, strength_of
from castiron_audit.detection.contents import DistributionContents
from castiron_audit.detection.driver import detect
from castiron_audit.model import Source
from castiron_audit.tables import table
from tests.support.elf_values import ELF
from tests.unit.audit.making import MIT, distribution

BSD = ("License :: OSI Approved :: BSD License",)


def test_a_classifier_that_leaves_it_open() -> None:
    told = conclude_distribution(
        "distribution/sphinxcontrib-qthelp", distribution("sphinxcontrib-qthelp", classifiers=BSD), {}
    )
    assert (told.verdict.expression, told.verdict.source) == ("BSD-2-Clause", Source.CATALOGUE)
    assert told.findings == ()
    other = conclude_distribution("distribution/other", distribution("other", classifiers=BSD), {})
    assert other.verdict.expression is None


@pytest.mark.parametrize("said", ["ISC", None])
def test_what_the_wheel_says_comes_first(said: str | None) -> None:
    item = distribution("certifi", said, files={"LICENSE": MIT})
    told = conclude_distribution("distribution/certifi", item, {file.sha256: MIT for file in item.license.files})
    assert told.verdict.expression == (said or "MIT")


@pytest.mark.parametrize(
    ("path", "owner", "name"),
    [
        ("fiona.libs/libgdal-fiona-e8f6bdb0.so.35.3.9.2", "fiona", "gdal"),
        ("libpng16-fiona-8ebcc106.so.16.35.0", "fiona", "libpng"),
        ("fiona.libs/libgdal-e8f6bdb0.so.35", "fiona", "gdal"),
    ],
)
def test_files_with_the_name_of_their_distribution(path: str, owner: str, name: str) -> None:
    assert (entry := library_of_file(path, owner)) is not None
    assert entry.name == name


def test_packages_are_called_after_files() -> None:
    assert (entry := library_of_name("libexpat", "2.8.2-r0")) is not None
    assert entry.name == "expat"
    assert library_of_name("libxyz") is None


def test_vendored_copies(tmp_path: Path) -> None:
    paths = ["d/_vendor/idna/__init__.py", "d/_vendor/msgpack/__init__.py", "d/_vendor/unheard/__init__.py"]
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    (tmp_path / "d/_vendor/vendor.txt").write_text("idna==3.10\nmsgpack==1.1\nunheard==1\n")
    (tmp_path / "d/_vendor/msgpack/LICENSE").write_text(MIT)
    contents = DistributionContents(
        distribution=distribution("d", "MIT"), paths=frozenset(paths), natives=(), texts={}, site=tmp_path, elf=ELF
    )
    licenses = {item.name: item.verdict.expression for item in detect(contents).components}
    assert licenses == {"idna": "BSD-3-Clause", "msgpack": "MIT", "unheard": None}


def test_rows_are_valid() -> None:
    for name, (expression, source) in table("projects")["projects"].items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert expressions.normalise(expression) == expression
        assert source
    for row in table("fonts")["font"]:
        assert expressions.normalise(row["license"]) == row["license"]
        re.compile(row["match"])


@pytest.mark.parametrize(("major", "expected"), [(10, "MPL-2.0"), (13, "Apache-2.0"), (None, "Apache-2.0")])
def test_a_library_that_changed_its_license(major: int | None, expected: str) -> None:
    entry = library_of_name("openvdb")
    assert entry is not None
    assert entry.evidence(major).expression == expected


@pytest.mark.parametrize("name", ["lingeling", "glucose"])
def test_free_of_charge_is_not_open_source(name: str) -> None:
    entry = library_of_name(name)
    assert entry is not None
    assert Strength.RESTRICTED in {strength_of(item) for item in expressions.licenses_in(entry.license)}


def test_each_library_is_found_by_what_its_pattern_begins_with() -> None:
    """What is looked at first, the beginning of a name, leaves out no row that its pattern matches."""
    for row in table("libraries")["library"]:
        pattern = re.compile(row["match"], re.IGNORECASE)
        plain = re.sub(r"[^\w.+-]", "", re.sub(r"\\w[*+]|\[[^]]*\][*+?]?|\((?:\?:)?|\)\??|\|.*", "", row["match"]))
        for name in (plain, plain.upper(), f"lib{row['name']}.so", f"lib{row['name'].removeprefix('lib')}.so.1"):
            if pattern.match(name):
                first = next(
                    item["name"]
                    for item in table("libraries")["library"]
                    if re.match(item["match"], name.replace("_-", "_", 1), re.IGNORECASE)
                )
                found = library_of_file(name)
                assert found is not None
                assert found.name == first


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("libosip2.so.12", None),
        ("libOsiClp.so.1", "osi"),
        ("libbulletml.so.0", None),
        ("libBulletCollision.so.3", "bullet"),
        ("libprojectM.so.3", None),
        ("libproj-fiona.so.25", None),
        ("libproj.so.25.9", "proj"),
        ("libtkrzw.so.1", None),
        ("libtk8.6.so", "tk"),
        ("libluabind.so.0", None),
        ("liblua5.4.so.0", "lua"),
        ("libtre.so.5", "tre"),
        ("libgcc_s.so.1", "libgcc"),
        ("libgc.so.1", "bdwgc"),
    ],
)
def test_names_of_files_that_begin_alike(path: str, name: str | None) -> None:
    entry = library_of_file(path)
    assert (entry and entry.name) == name
