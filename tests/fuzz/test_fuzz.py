"""A short run of every fuzzer, always with the same inputs, and every input that once showed a defect."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.engine import fuzz
from tests.fuzz.parsers import PARSERS

CORPUS = Path(__file__).with_name("corpus")
RUNS = {"manifest": 1500, "wheel": 300}


@pytest.mark.parametrize("parser", sorted(PARSERS))
def test_a_short_run_shows_no_defect(parser: str) -> None:
    figures = fuzz(parser, runs=RUNS[parser], seed="ci", jobs=1)
    assert figures.tried == RUNS[parser]
    assert not figures.defects, "\n".join(figures.lines())
    # A fuzzer whose inputs are all refused at the first look tests nothing.
    assert figures.accepted.total() > figures.tried / 50
    assert len(figures.refused) > 10


@pytest.mark.parametrize(
    ("parser", "says"),
    [
        ("Raises", "IndexError"),
        ("Crashes", "ended with status -11"),
        ("Hangs", "hang at broken.py"),
        ("HangsInC", "hang in C code"),
        ("Swallows", "MemoryError"),
    ],
)
def test_a_defect_is_seen_and_counted(parser: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUZZ_SECONDS", "0.3")
    figures = fuzz(f"tests.fuzz.broken:{parser}", runs=3, seed="1", jobs=1)
    assert figures.tried == 3
    assert figures.defects.total() == 3
    assert all(says in text for text in figures.defects), figures.defects
