"""The package's page names every module, and no other."""

from __future__ import annotations

import re
from pathlib import Path

HOUSE = Path(__file__).parents[3] / "wheels"


def test_every_module_is_on_the_page() -> None:
    package = HOUSE / "castiron_wheels"
    text = (HOUSE / "README.md").read_text(encoding="utf-8")
    named = [name for row in re.findall(r"(?m)^\| (`[^|]+) \|", text) for name in re.findall(r"`([^`]+)`", row)]
    modules = {path.relative_to(package).as_posix() for path in package.rglob("*.py") if path.name != "__init__.py"}
    assert sorted(named) == sorted(modules)
