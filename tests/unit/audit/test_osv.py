import json
import zipfile
from pathlib import Path

import pytest

from castiron_audit.osv import match_advisories, read_advisories
from castiron_common.errors import InputError
from tests.unit.audit.making import distribution, report, runtime


def advisory(key: str, package: dict, *events: dict, versions: tuple[str, ...] = (), **extra: object) -> dict:
    affected = {"package": package, "versions": list(versions)}
    if events:
        affected["ranges"] = [{"type": "ECOSYSTEM", "events": list(events)}]
    return {"id": key, "summary": f"about {key}", "affected": [affected], **extra}


def matches(*rows: dict) -> list[tuple[str, str, str]]:
    audited = report(distribution("some-thing", "MIT"), components=(runtime("openssl", "Apache-2.0"),))
    return [(match.component.name, match.advisory, match.fixed) for match in match_advisories(audited.components, rows)]


def test_by_name_and_range() -> None:
    pypi = {"ecosystem": "PyPI", "name": "Some_Thing"}
    assert matches(advisory("A", pypi, {"introduced": "0"}, {"fixed": "1.1"})) == [("some-thing", "A", "1.1")]
    assert matches(advisory("A", pypi, {"introduced": "0"}, {"fixed": "1.0"})) == []
    assert matches(advisory("A", pypi, {"introduced": "0.5"}, {"last_affected": "1.0"})) == [("some-thing", "A", "")]
    assert matches(advisory("A", pypi, {"introduced": "1.1"}, {"fixed": "2"})) == []
    assert matches(
        advisory("A", pypi, {"introduced": "0"}, {"fixed": "0.5"}, {"introduced": "0.9"}, {"fixed": "1.2"})
    ) == [("some-thing", "A", "1.2")]
    assert matches(advisory("A", pypi, versions=("0.9", "1.0"))) == [("some-thing", "A", "")]
    assert matches(advisory("A", {"ecosystem": "npm", "name": "some-thing"}, {"introduced": "0"})) == []


def test_static_libraries_by_purl_and_product() -> None:
    assert matches(advisory("B", {"purl": "pkg:generic/openssl"}, {"introduced": "1.0"}, {"fixed": "1.2.4"})) == [
        ("openssl", "B", "1.2.4")
    ]
    assert matches(advisory("B", {"ecosystem": "OSS-Fuzz", "name": "openssl"}, {"introduced": "0"})) == [
        ("openssl", "B", "")
    ]


def test_reads_files_lists_and_archives(tmp_path: Path) -> None:
    row = advisory("A", {"ecosystem": "PyPI", "name": "x"})
    (tmp_path / "one.json").write_text(json.dumps(row))
    (tmp_path / "many.json").write_text(json.dumps({"vulns": [row, {**row, "withdrawn": "2020-01-01T00:00:00Z"}]}))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("A.json", json.dumps(row))
    advisories = read_advisories([tmp_path / "one.json", tmp_path / "many.json", tmp_path / "all.zip"])
    assert [item["id"] for item in advisories] == ["A", "A", "A"]
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read as OSV"):
        read_advisories([tmp_path / "bad.json"])
    with pytest.raises(InputError, match="cannot be read as OSV"):
        read_advisories([tmp_path / "missing.json"])
