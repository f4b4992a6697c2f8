"""Plug-ins that a program's user names in a configuration file, which no trace sees.

Their distributions announce nothing (no entry point), and some of their modules may be imported for other purposes, so
that "nothing imports it" does not find them.  What tells them is the function that their host calls in each of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from castiron_trace.analyser.environment import Environment


@dataclass(frozen=True, slots=True)
class PluginHost:
    """A program that imports the modules whose names its user writes down."""

    module: str
    """That imports them; if it is reached, plug-ins are."""
    hook: str
    """Regular expression for the start of the line that defines what the host calls in a plug-in."""


HOSTS = (
    # Python-Markdown, Writing extensions: makeExtension()
    PluginHost("markdown.core", r"def makeExtension\("),
    # Sphinx, Extension API: setup(app)
    PluginHost("sphinx.registry", r"def setup\(\s*app\b"),
    # Pylint, How to write a checker: register(linter)
    PluginHost("pylint.lint.pylinter", r"def register\(\s*linter\b"),
    # mypy, Extending mypy: plugin(version)
    PluginHost("mypy.build", r"def plugin\(\s*_?version\b"),
    # IPython, Extensions: load_ipython_extension(ipython)
    PluginHost("IPython.core.extensions", r"def load_ipython_extension\("),
)


def plugins(host: PluginHost, environment: Environment) -> Iterator[str]:
    """Yield the modules of all distributions that define the host's hook, sorted."""
    hook = re.compile(rf"^(?:async )?{host.hook}".encode(), re.MULTILINE)
    for name in sorted(environment.distributions):
        distribution = environment.distributions[name]
        for module in distribution.widened():
            path = distribution.modules[module]
            if path.endswith(".py") and hook.search(environment.file(path).read_bytes()):
                yield module


def hosts(reached: Collection[str]) -> list[PluginHost]:
    """Return the hosts among the modules that are reached."""
    return [host for host in HOSTS if host.module in reached]
