"""A short run of every fuzzer, always with the same inputs; and that the engine sees defects."""

from __future__ import annotations

import pytest

from tests.fuzz.engine import fuzz
from tests.fuzz.parsers import PARSERS
from tests.fuzz.payloads import COMPILER
from tests.support import needs

RUNS = {
    "absorber": 600,
    "binary": 150,
    "elf": 250,
    "lock": 500,
    "manifest": 1000,
    "packed": 1000,
    "payload": 2000,
    "sbom": 600,
    "wheel": 300,
}
ONE_REFUSAL = {"packed"}
"""What says the same whatever is damaged."""


@pytest.mark.parametrize("parser", sorted(RUNS))
def test_a_short_run_shows_no_defect(parser: str) -> None:
    if parser in ("packed", "payload") and COMPILER is None:
        needs.skip("gcc or clang")
    figures = fuzz(parser, runs=RUNS[parser], seed="ci", jobs=1)
    assert figures.tried == RUNS[parser]
    assert not figures.defects, "\n".join(figures.lines())
    # A fuzzer whose inputs are all refused at the first look, or all taken, tests nothing.
    assert figures.accepted.total() > figures.tried / 50
    if parser in ONE_REFUSAL:
        assert figures.refused.total() > figures.tried / 50
    else:
        assert len(figures.refused) + len(figures.accepted) > 3


@pytest.mark.integration
def test_commands_on_changed_manifests_show_no_defect() -> None:
    figures = fuzz("commands", runs=12, seed="ci", jobs=1)
    assert figures.tried == 12
    assert not figures.defects, "\n".join(figures.lines())


def test_every_parser_is_fuzzed_here() -> None:
    assert {*RUNS, "commands"} == set(PARSERS)


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
