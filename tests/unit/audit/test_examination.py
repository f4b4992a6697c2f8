import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from castiron_audit import examination
from castiron_audit.detection.contents import DistributionContents
from castiron_audit.examination import Examination, examinations, examine
from tests.support.elf_values import ELF
from tests.unit.audit.making import MIT, distribution


@pytest.fixture
def site(tmp_path: Path) -> Path:
    vendored = tmp_path / "site" / "d" / "_vendor"
    (vendored / "inner").mkdir(parents=True)
    (vendored / "inner" / "__init__.py").touch()
    (vendored / "inner-2.5.dist-info").mkdir()
    metadata = "Metadata-Version: 2.4\nName: inner\nVersion: 2.5\nLicense-Expression: ISC\n"
    (vendored / "inner-2.5.dist-info" / "METADATA").write_text(metadata)
    (vendored / "inner-2.5.dist-info" / "LICENSE").write_text(MIT)
    return tmp_path / "site"


@pytest.fixture
def contents(site: Path) -> DistributionContents:
    return DistributionContents(
        distribution=distribution("d", "MIT", files={"LICENSE": MIT}),
        paths=frozenset({"d/_vendor/inner/__init__.py"}),
        natives=(),
        texts={},
        site=site,
        elf=ELF,
    )


def examined(contents: DistributionContents, file: Path) -> Examination:
    with examinations(file) as known:
        return examine(contents, dist_info=None, known=known)


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Examination:
        raise AssertionError("examined once more")

    monkeypatch.setattr(examination, "_examined", refuse)


def test_the_same_files_are_examined_once(
    contents: DistributionContents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = examined(contents, tmp_path / "known")
    assert [(item.name, item.verdict.expression) for item in first.components] == [("inner", "ISC")]
    assert first == examine(contents, dist_info=None, known=None)
    forbid(monkeypatch)
    assert examined(contents, tmp_path / "known") == first


def test_what_decides_is_in_the_key(contents: DistributionContents, tmp_path: Path) -> None:
    assert examined(contents, tmp_path / "known").components
    item = contents.distribution
    others = (
        replace(contents, paths=frozenset()),
        replace(contents, distribution=replace(item, wheel=replace(item.wheel, sha256="1" * 64))),
        replace(contents, site=tmp_path / "another"),
        replace(contents, texts={item.license.files[0].sha256: MIT}),
    )
    assert len({examination._key(other) for other in (contents, *others)}) == 1 + len(others)
    assert not examined(others[0], tmp_path / "known").components


def test_other_code_examines_again(contents: DistributionContents, monkeypatch: pytest.MonkeyPatch) -> None:
    before = examination._key(contents)
    monkeypatch.setattr(examination, "_code_key", lambda: "other")
    assert examination._key(contents) != before


def test_a_damaged_row_is_made_again(contents: DistributionContents, tmp_path: Path) -> None:
    first = examined(contents, tmp_path / "known")
    with sqlite3.connect(tmp_path / "known") as connection:
        assert connection.execute("UPDATE results SET data = replace(data, 'ISC', 'MIT')").rowcount == 1
    connection.close()
    assert examined(contents, tmp_path / "known") == first


def test_files_that_are_not_named_by_their_content_are_not_kept(contents: DistributionContents) -> None:
    assert examination._key(replace(contents, site=None)) is None
