"""Advisories: 97 hand-made records, what cannot be read, VEX, and folders of binaries."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from castiron_audit.advisories.check import Database
from castiron_audit.advisories.command import check_fleet, check_one, each_flaw_once
from castiron_audit.advisories.reading import read_advisories
from castiron_audit.embedded import embed, read_embedded
from castiron_audit.model import Report
from castiron_common.errors import InputError
from tests.support.sbom_checks import cyclonedx_error
from tests.unit.audit import osv_shapes
from tests.unit.audit.making import distribution, report, runtime
from tests.unit.audit.osv_records import CASES as BASIC
from tests.unit.audit.osv_records import NOTHING, Case
from tests.unit.audit.test_embedded import an_elf

CASES = (*BASIC, *osv_shapes.CASES)


def advisory(key: str, package: dict, *events: dict, **extra: object) -> dict:
    return {
        "id": key,
        "affected": [{"package": package, "ranges": [{"type": "ECOSYSTEM", "events": list(events)}]}],
        **extra,
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_each_record_has_the_answer_of_the_specification(case: Case) -> None:
    found = Database.of([case.advisory()]).check([case.component()])
    told = [(str(item.decision.state), item.decision.fixed) for item in found]
    assert told == ([] if case.state == NOTHING else [(case.state, case.fixed)]), found
    for item in found:
        assert bool(item.decision.why) == (case.state == "undecided")


def test_the_records_are_of_eight_ecosystems_and_together_hit_what_they_hit_alone() -> None:
    assert len(CASES) >= 90
    assert len({case.package.get("ecosystem", "").split(":")[0] for case in CASES}) >= 8
    assert len({case.what for case in CASES}) == len(CASES)
    # All records against each component: nothing but records on its own package may answer.
    database = Database.of([case.advisory() for case in CASES])
    for case in CASES:
        own = [item for item in database.check([case.component()]) if item.advisory == f"X-{case.what}"]
        assert [str(item.decision.state) for item in own] == ([] if case.state == NOTHING else [case.state])


def test_a_release_that_is_not_known_is_undecided_only_if_the_releases_differ() -> None:
    component = replace(CASES[0].component(), purl="pkg:deb/debian/a@1.0-1", name="a", version="1.0-1")

    def state(first: str, second: str) -> str:
        affected = [
            {"package": {"ecosystem": f"Debian:{release}", "name": "a"},
             "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}
            for release, fixed in (("11", first), ("12", second))
        ]  # fmt: skip
        return str(Database.of([{"id": "A", "affected": affected}]).check([component])[0].decision.state)

    assert (state("2.0-1", "2.0-1"), state("0.5-1", "0.9-1"), state("0.5-1", "2.0-1")) == (
        "affected", "not affected", "undecided",
    )  # fmt: skip


def test_reads_files_lists_archives_and_folders_each_advisory_once(tmp_path: Path) -> None:
    row = advisory(
        "A", {"ecosystem": "PyPI", "name": "some-thing"}, {"introduced": "0"}, modified="2024-01-01T00:00:00Z"
    )
    (tmp_path / "one.json").write_text(json.dumps(row))
    (tmp_path / "many.json").write_text(
        json.dumps({"vulns": [row, {**row, "id": "B", "withdrawn": "2020-01-01T00:00:00Z"}]})
    )
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("A.json", json.dumps({**row, "modified": "2025-01-01T00:00:00Z", "summary": "newer"}))
    for paths in ([tmp_path], sorted(tmp_path.iterdir()), sorted(tmp_path.iterdir(), reverse=True)):
        assert [(item["id"], item.get("summary")) for item in read_advisories(paths)] == [("A", "newer")]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no advisories"):
        read_advisories([tmp_path / "empty"])
    with pytest.raises(InputError, match="cannot be read as OSV"):
        read_advisories([tmp_path / "missing.json"])


@pytest.mark.parametrize(
    "text",
    ["{", "{}", '{"id": ""}', "[1]", '{"id": "A", "affected": 3}', '{"id": "A", "affected": [3]}',
     '{"id": "A", "affected": [{"ranges": [{"events": 3}]}]}', '{"id": "A", "affected": [{"versions": "1"}]}',
     "[" * 100_000],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_advisory_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(InputError, match="cannot be read as OSV"):
        read_advisories([tmp_path / "bad.json"])


def test_an_advisory_that_names_no_package_is_told() -> None:
    assert Database.of([{"id": "A", "affected": [{"versions": ["1"]}]}, {"id": "B"}]).unreadable == ["A", "B"]


def test_vex_is_valid_and_refers_to_the_sbom(tmp_path: Path) -> None:
    audited = report(distribution("some-thing", "MIT"), components=(runtime("openssl", "Apache-2.0"),))
    pypi, generic = {"ecosystem": "PyPI", "name": "some-thing"}, {"ecosystem": "OSS-Fuzz", "name": "openssl"}
    rows = [
        advisory("A", pypi, {"introduced": "0"}, {"fixed": "2"}, aliases=["CVE-1"]),
        advisory("B", generic, {"introduced": "0"}, {"fixed": "1.0"}),
        advisory("C", generic, {"introduced": "0"}, {"fixed": "spring"}),
        advisory("D", generic, {"introduced": "0"}),
    ]  # fmt: skip
    (tmp_path / "osv.json").write_text(json.dumps(rows))
    binary = an_elf(tmp_path / "app")
    embed(binary, audited)
    text, summary, affected = check_one(binary, audited, [tmp_path / "osv.json"], vex=tmp_path / "vex.json")
    assert affected
    assert "2 affected by advisories, 1 undecided" in summary
    assert [line.split("\t")[1] for line in text.splitlines()[1:]] == ["A", "C", "D"]
    written = (tmp_path / "vex.json").read_text()
    assert cyclonedx_error(written) is None
    document = json.loads(written)
    by_id = {row["id"]: row for row in document["vulnerabilities"]}
    assert [by_id[key]["analysis"]["state"] for key in "ABCD"] == [
        "exploitable",
        "not_affected",
        "in_triage",
        "exploitable",
    ]
    assert by_id["A"]["recommendation"] == "Link again with some-thing 2 or later."
    serial = json.loads(read_embedded(binary).sbom)["serialNumber"].removeprefix("urn:uuid:")
    assert by_id["A"]["affects"][0]["ref"] == f"urn:cdx:{serial}/1#distribution/some-thing"


def test_records_of_one_flaw_in_several_databases_are_one_row_if_they_agree() -> None:
    pypi = {"ecosystem": "PyPI", "name": "some-thing"}
    ends = ({"introduced": "0"}, {"fixed": "2"})
    rows = [
        advisory("GHSA-1", pypi, *ends, aliases=["CVE-1", "PYSEC-1"]),
        advisory("PYSEC-1", pypi, *ends, aliases=["CVE-1"], summary="a flaw"),
        advisory("PYSEC-2", pypi, *ends),
        advisory("RS-1", pypi, {"introduced": "0"}, {"fixed": "3"}, aliases=["CVE-1"]),
        advisory("X-1", pypi, {"introduced": "9"}, aliases=["PYSEC-2"]),
    ]
    answers = Database.of(rows).check(report(distribution("some-thing", "MIT")).components)
    told = [(item.advisory, item.decision.fixed, item.summary) for item in each_flaw_once(answers)]
    assert told == [("GHSA-1, PYSEC-1", "2", "a flaw"), ("PYSEC-2", "2", ""), ("RS-1", "3", "")]


def test_a_folder_of_binaries_says_which_need_a_rebuild_and_for_which_fix(tmp_path: Path) -> None:
    fleet = tmp_path / "fleet"
    (fleet / "sub").mkdir(parents=True)

    def binary(place: str, made: Report) -> None:
        an_elf(fleet / place)
        embed(fleet / place, made)

    binary("b", report(distribution("some-thing", "MIT")))
    binary("sub/a", report(components=(runtime("openssl", "Apache-2.0"),)))
    binary("clean", report(distribution("other", "MIT")))
    an_elf(fleet / "foreign")
    (fleet / "notes.txt").write_text("x")
    (fleet / "link").symlink_to(fleet / "b")
    rows = [
        advisory("A", {"ecosystem": "PyPI", "name": "some-thing"}, {"introduced": "0"}, {"fixed": "2"}),
        advisory("C", {"ecosystem": "OSS-Fuzz", "name": "openssl"}, {"introduced": "0"}, {"fixed": "spring"}),
    ]
    (tmp_path / "osv").mkdir()
    (tmp_path / "osv" / "all.json").write_text(json.dumps(rows))
    text, summary, affected = check_fleet(fleet, [tmp_path / "osv"])
    told = [line.split("\t") for line in text.splitlines()[1:]]
    assert [(row[0], row[3], row[4]) for row in told] == [("b", "A", "2"), ("foreign", "-", "-"), ("sub/a", "C", "-")]
    assert affected
    assert summary == "4 executables: 1 need a rebuild, 1 have advisories that cannot be decided, 1 could not be read."
