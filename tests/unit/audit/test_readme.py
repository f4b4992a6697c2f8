"""``audit/README.md`` says of every file of the package what it does."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

PACKAGE = Path(__file__).parents[3] / "audit" / "castiron_audit"


def test_every_module_is_in_the_table() -> None:
    named = re.findall(r"`([\w/.*]+)`", PACKAGE.with_name("README.md").read_text())
    modules = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"}
    missing = {
        module
        for module in modules
        if not any(fnmatch(module, name) or (name.endswith("/") and module.startswith(name)) for name in named)
    }
    assert missing == set()
    files = {name for name in named if name.endswith(".py") and "*" not in name}
    assert files <= modules
