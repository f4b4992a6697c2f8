"""The quick choice of the functional cases; `tests.long.functional_table` runs all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_common.progress import SilentReporter
from castiron_runtime.packs import interpreter
from tests.support.functional import CASES, all_cases, read_case, run_case

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = [pytest.mark.integration, pytest.mark.network]

QUICK = [path.stem for path in sorted(CASES.glob("*.txt")) if "quick" in read_case(path).settings]


@pytest.mark.parametrize("name", QUICK)
def test_case(name: str, pack: Pack, tmp_path: Path) -> None:
    python = interpreter(pack, full=True, reporter=SilentReporter())
    case = next(case for case in all_cases(pack.feature) if case.name == name)
    result = run_case(case, tmp_path, python=python, series=pack.feature)
    assert result.outcome in {"equal", "refused"}, f"{result.message}\n{dict(result.parts)}"
