"""What the tests of ``tests/integration/stub_app`` and of programs like it share."""

from __future__ import annotations

import ast
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.linking import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

APP = Path(__file__).parents[1] / "integration" / "stub_app"
UTF8 = {"PATH": os.environ["PATH"], "LANG": "en_US.UTF-8"}


def copied_app(folder: Path) -> Path:
    """Return a copy of ``stub_app``, so that no path of the repository is in a binary made of it."""
    return shutil.copytree(APP, folder / "app", ignore=shutil.ignore_patterns("__pycache__"))


def marked(file: Path, decorator: str) -> list[str]:
    """Return the names of the functions in a file that have this decorator."""
    body = ast.parse(file.read_text()).body
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    return [f.name for f in functions if any(isinstance(d, ast.Name) and d.id == decorator for d in f.decorator_list)]


def normal(outcome: Outcome, places: Mapping[str, str]) -> Outcome:
    """Without what differs from place to place: paths, addresses, lines of the standard library."""

    def text(shown: str) -> str:
        for place, name in places.items():
            shown = shown.replace(place, name)
        return re.sub(r"0x[0-9a-f]+", "0x", shown)

    return Outcome(status=outcome.status, stdout=text(outcome.stdout), stderr=text(outcome.stderr))
