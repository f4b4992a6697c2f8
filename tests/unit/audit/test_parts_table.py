"""The table of parts of wheels is whole, and so are the proofs; ``tests/long/parts_table.py`` has the real wheels."""

import re
import tomllib
from pathlib import Path

import pytest

from castiron_audit.catalogue import library_of_name
from castiron_audit.expressions import normalise
from tests.support.proven_parts import missing, proven

FOLDER = Path(__file__).parent / "parts"


@pytest.mark.parametrize(
    ("table", "parts", "distributions"),
    [("truth", 291, 100), ("strangers", 180, 40), ("newcomers", 0, 41), ("latecomers", 0, 45)],
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
