"""The rule for plug-ins that are named in a configuration file, which the trace does not see.

Their distributions register no entry point, and some of their modules may be imported for other purposes, so the rule
for unused requirements does not find them.  They are recognised by the function that their host calls in each of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_trace.analyser.rules.base import Declaration, reached_modules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.environment import Environment
    from castiron_trace.analyser.rules.base import Context, Step
    from castiron_trace.hints.model import PluginHost


class PluginHosts:
    """Takes the plug-ins of reached hosts."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._loaded: set[str] = set()

    def close(self, entry: BaseNode) -> Iterator[Step]:
        """Yield the plug-ins of the hosts that hints name."""
        del entry
        nodes = reached_modules(self._context)
        for host in self._context.hints.plugin_hosts:
            if host.module in nodes and host.module not in self._loaded:
                self._loaded.add(host.module)
                for name in plugins(host, self._context.environment):
                    self._context.plugins.add(self._context.environment.modules[name])
                    yield Declaration(nodes[host.module], name)


def plugins(host: PluginHost, environment: Environment) -> Iterator[str]:
    """Yield the modules of all distributions that define what the host calls, sorted."""
    hook = re.compile(rf"^(?:async )?{host.defines}".encode(), re.MULTILINE)
    for name in sorted(environment.distributions):
        distribution = environment.distributions[name]
        for module in distribution.modules_without_tests():
            path = distribution.modules[module]
            if path.endswith(".py") and hook.search(environment.file(path).read_bytes()):
                yield module
