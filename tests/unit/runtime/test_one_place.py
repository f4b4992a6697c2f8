"""What is particular to a machine stands in its target's file and in its assembly, and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from castiron_runtime.target_files import load_target, target_names

ROOT = Path(__file__).parents[3]
RUNTIME = ROOT / "runtime" / "castiron_runtime"
PACKAGES = ("audit", "bench", "castiron", "common", "elf", "link", "manifests", "runtime", "trace", "wheels")
OF_A_MACHINE = re.compile(r"x86[-_]64|elf_x86|\bamd64\b|EM_X86|R_X86|emmintrin|%%?[re]ax\b|%fs:", re.IGNORECASE)
ITS_PLACES = (
    RUNTIME / "targets",
    RUNTIME / "stub" / "machine",
    RUNTIME / "glibc" / "machine",
    RUNTIME / "first_stage" / "machine",
    ROOT / "manifests" / "examples",
)


def files() -> list[Path]:
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file()]
    return [
        path
        for path in [*found, ROOT / "pyproject.toml"]
        if "__pycache__" not in path.parts
        and not any(part.endswith(".egg-info") for part in path.parts)
        and not any(path.is_relative_to(place) for place in ITS_PLACES)
    ]


def test_no_file_outside_of_its_places_names_the_machine() -> None:
    looked_at = files()
    assert len(looked_at) > 300
    found = {
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in looked_at
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if OF_A_MACHINE.search(line)
    }
    assert found == set()


@pytest.mark.parametrize("name", target_names())
def test_a_targets_files_are_there(name: str) -> None:
    sources = load_target(name).sources
    assert {path.name for path in (RUNTIME / "stub" / sources.stub).iterdir()} == {"tls_descriptor.h", "vector.h"}
    assert all((RUNTIME / "targets" / file).is_file() for file in sources.interpreter)
    used = {load_target(other).sources.stub for other in target_names()}
    assert {f"machine/{path.name}" for path in (RUNTIME / "stub" / "machine").iterdir()} == used
    assert {path.name for path in (RUNTIME / "first_stage" / sources.stub).iterdir()} == {"machine.h"}
