"""The table of parts of wheels is whole, and so are the proofs; ``tests/long/parts_table.py`` has the real wheels."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from castiron_audit.catalogue import library_of_name
from castiron_audit.expressions import normalise
from tests.long.parts_table import LackingWheelError, site, told
from tests.support.proven_parts import crates_in, missing, proven
from tests.unit.audit.making import distribution, report

FOLDER = Path(__file__).parent / "parts"


@pytest.mark.parametrize(
    ("table", "parts", "distributions"),
    [
        ("truth", 291, 100),
        ("strangers", 180, 40),
        ("newcomers", 0, 41),
        ("latecomers", 0, 45),
        ("visitors", 150, 21),
        ("travellers", 149, 59),
        ("passersby", 135, 41),
        ("wanderers", 348, 80),
        ("callers", 409, 58),
        ("guests", 576, 66),
        ("neighbours", 274, 23),
        ("lodgers", 277, 32),
        ("arrivals", 312, 26),
        ("boarders", 232, 27),
        ("tenants", 166, 27),
        ("settlers", 415, 23),
        ("villagers", 524, 34),
        ("passengers", 141, 10),
    ],
)
def test_the_table_is_whole(table: str, parts: int, distributions: int) -> None:
    truth = tomllib.loads((FOLDER / f"{table}.toml").read_text())
    assert (len(truth["part"]), len(truth["distribution"])) == (parts, distributions)
    for key, row in truth["part"].items():
        assert key.partition("/")[0] in truth["wheel"], key
        assert normalise(row["license"]), key
        assert row["how"], key
    for name, row in truth["distribution"].items():
        assert name in truth["wheel"], name
        assert row["license"] == "any-OSI" or normalise(row["license"]), name
    assert all(re.fullmatch("[0-9a-f]{64}", row["sha256"]) for row in truth["wheel"].values())


def test_proofs_are_of_libraries_that_the_catalogue_knows() -> None:
    evidence = tomllib.loads((FOLDER / "evidence.toml").read_text())
    assert all(library_of_name(name) for name in evidence["proof"])
    assert set(evidence["report"]) <= set(evidence["proof"])


def test_what_a_report_lacks_is_named() -> None:
    data = b"x\0 deflate 1.3.1 Copyright 1995-2024\0libcurl/8.1.0\0"
    assert set(proven(data)) == {"zlib", "curl"}
    assert set(missing(data, ["zlib-ng"])) == {"curl"}
    assert missing(data, ["zlib", "curl"]) == {}


def test_a_wheel_that_cannot_be_had_is_told_and_the_others_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    truth = {
        "part": {"gone/zlib": {"license": "Zlib"}},
        "distribution": {"some-thing": {"license": "MIT"}, "gone": {"license": "MIT"}},
        "wheel": {"some-thing": {}, "gone": {}},
    }
    made = report(distribution("some-thing", "MIT"))
    assert told(truth, {"some-thing": made}) == 1
    assert capsys.readouterr().out.splitlines() == [
        "parts: 1 NOT COMPARED, as their wheels could not be had",
        "distributions: 1 asked, 1 answers, 1 right, precision 1.000, recall 1.000",
        "distributions: 1 NOT COMPARED, as their wheels could not be had",
        "1 wheels compared, 1 could not be had",
    ]
    alone = {key: {name: row for name, row in rows.items() if "gone" not in name} for key, rows in truth.items()}
    assert told(alone, {"some-thing": made}) == 0


def test_a_wheel_with_other_bytes_is_not_compared(tmp_path: Path) -> None:
    (tmp_path / "a-1-py3-none-any.whl").write_bytes(b"other")
    with pytest.raises(LackingWheelError, match="not the file that was read"):
        site({"file": "a-1-py3-none-any.whl", "sha256": "0" * 64}, tmp_path)


def test_crates_with_texts_are_counted() -> None:
    rows = [
        {"kind": "crate", "texts": [{"path": "LICENSE"}]},
        {"kind": "crate", "texts": []},
        {"kind": "library", "texts": []},
    ]
    assert crates_in(json.dumps({"components": rows})) == (2, 1)
