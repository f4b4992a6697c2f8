"""Plug-ins that a program's user names in a configuration file, which no trace sees.

Their distributions announce nothing (no entry point), and some of their modules may be imported for other purposes, so
that "nothing imports it" does not find them.  What tells them is the function that their host calls in each of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.analyser.environment import Environment
    from castiron_trace.hints.model import PluginHost


def plugins(host: PluginHost, environment: Environment) -> Iterator[str]:
    """Yield the modules of all distributions that define the host's hook, sorted."""
    hook = re.compile(rf"^(?:async )?{host.defines}".encode(), re.MULTILINE)
    for name in sorted(environment.distributions):
        distribution = environment.distributions[name]
        for module in distribution.widened():
            path = distribution.modules[module]
            if path.endswith(".py") and hook.search(environment.file(path).read_bytes()):
                yield module
