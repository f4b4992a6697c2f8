"""Recognises the commands by which a program starts itself as Python: ``sys.executable, "-m", "package"``."""

from __future__ import annotations

import ast
import itertools
import re
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.expressions import literal_module
from castiron_trace.analyser.syntax.scan import weaker
from castiron_trace.protocol import Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from castiron_trace.analyser.syntax.facts import Facts
    from castiron_trace.analyser.syntax.scan import Scan

_SHELL_COMMAND = re.compile(r"\s*-m\s+([^\W\d]\w*(?:\.\w+)*)(?![\w.=-])")
"""What follows the executable in ``f"{sys.executable} -m package ..."``, for a shell."""


def command_items(facts: Facts, items: Sequence[ast.expr], tier: int, scan_code: Callable[[str], Scan]) -> None:
    """Add what the items of a sequence or the arguments of a call name after ``-m``, and what ``-c`` code imports."""
    for option, argument in itertools.pairwise(items):
        if not isinstance(option, ast.Constant):
            continue
        if option.value == "-m" and (module := literal_module(argument)):
            facts.add_program(module, weaker(tier, Tier.LAZY), option.lineno)
        elif option.value == "-c" and isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            for statement in scan_code(argument.value).imports:
                if not statement.level:
                    facts.add_import(statement.module, 0, statement.names, weaker(tier, Tier.LAZY), argument.lineno)


def shell_command(facts: Facts, text: str, line: int) -> None:
    """Add what a string names after ``-m``."""
    if command := _SHELL_COMMAND.match(text):
        facts.add_program(command[1], Tier.LAZY, line)
