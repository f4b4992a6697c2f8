"""Reads Python in strings of the application: what it may give to `exec`, `timeit`, a template, or another process."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.scan import ComputedImport
from castiron_trace.protocol import Tier

if TYPE_CHECKING:
    from collections.abc import Callable

    from castiron_trace.analyser.syntax.facts import Facts
    from castiron_trace.analyser.syntax.scan import Scan

_STATEMENT = re.compile(r"^[ \t]*(?:import[ \t]+[^\W\d]|from[ \t]+\.*[\w.]+[ \t]+import\b)", re.MULTILINE)
_TEMPLATE = re.compile(r"\b(?:import|from)[ \t]+([^\W\d]\w*(?:\.[^\W\d]\w*)*)\.(?:%[(s]|\{|\$)")
"""``from package.%s import name``: the end of the module's name is filled in."""


def code_in_string(facts: Facts, text: str, line: int, scan: Callable[[str], Scan]) -> None:
    """Add what the code in a string imports; prose that only looks like it does not parse."""
    module_templates(facts, text, line)
    if _STATEMENT.search(text):
        for module, level, names, inner, _line in scan(text.strip()).imports:
            facts.add_import(module, level, names, max(inner, Tier.GUARDED), line)


def module_templates(facts: Facts, text: str, line: int) -> None:
    """Add the packages of which code in a string imports a module whose name is filled in."""
    for match in _TEMPLATE.finditer(text):
        facts.computed.add(ComputedImport(line, "import_module", match[1]))
