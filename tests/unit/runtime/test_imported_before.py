"""The finder of a binary and trace agree on the modules that Python has imported before an application starts."""

from __future__ import annotations

import re
import sys

from castiron_runtime.recipe import FOLDER
from castiron_trace.analyser.locator import IMPORTED_BEFORE

SERIES = FOLDER.parent / "stub" / "series.c"


def test_the_finder_knows_the_same_modules_sorted() -> None:
    match = re.search(r"series_always_standard\[\] = \{(.*?)\};", SERIES.read_text(), re.DOTALL)
    assert match is not None
    names = re.findall(r'"(\w+)"', match[1])
    assert names == sorted(names)
    assert set(names) == IMPORTED_BEFORE


def test_this_python_has_imported_them() -> None:
    assert sys.modules.keys() >= IMPORTED_BEFORE
