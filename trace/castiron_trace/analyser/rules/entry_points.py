"""The rule for code that looks up entry points: what is registered in the groups that it names goes in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_trace.analyser.rules.base import Declaration, Whole
from castiron_trace.analyser.rules.hidden_imports import hinted_name
from castiron_trace.protocol import APP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Module, Step

_SEPARATORS = re.compile(r"[._-]+")
"""Between the words of a group's name."""
_COMMANDS = frozenset({"console_scripts", "gui_scripts"})
"""Groups of entry points that installers make commands of."""


class EntryPoints:
    """Collects names that may be groups, and loads the groups when everything else is reached."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._ignored = _COMMANDS.union(*(hint.groups for hint in context.hints.ignored_entry_points))
        self._hints: dict[str, list[str]] = {}
        for hint in context.hints.entry_points:
            self._hints.setdefault(hint.module, []).extend(hint.groups)
        self._hinted: dict[str, BaseNode] = {}
        """Group -> the module that loads it, by a hint."""
        self._names: dict[str, set[str]] = {}
        """Owner -> strings of its code that may be names of groups."""
        self._users: dict[str, BaseNode] = {}
        """Owner -> its first module that looks up entry points."""
        self._heads: dict[str, set[str]] = {}
        """Owner -> strings of those modules: the first words of groups."""
        self._loaded: set[str] = set()

    def look(self, module: Module) -> Iterator[Step]:
        """Collect what a module says about groups; `close` uses it."""
        for group in self._hints.get(hinted_name(module.node), ()):
            self._hinted.setdefault(group, module.node)
        scan = module.scan
        names = self._names.setdefault(module.owner, set())
        names.update(text for text, _line in scan.dotted)
        names.update(scan.stems)
        names.update(scan.groups)
        names.update(text for text, _line in scan.strings)
        if scan.entry_points is not None:
            names.update(scan.entry_points)
            self._heads.setdefault(module.owner, set()).update(scan.entry_points)
            self._users.setdefault(module.owner, module.node)
        yield from ()

    def close(self, entry: BaseNode) -> Iterator[Step]:
        """Load the groups that are looked up."""
        del entry
        environment = self._context.environment
        groups = self._with_hosts(environment.groups() - self._ignored - self._loaded)
        for group in sorted(groups & self._hinted.keys()):
            groups.discard(group)
            yield from self._load(group, self._hinted[group], "")
        for owner in sorted(self._users):
            names = self._names_for(owner)
            stems = tuple(name for name in names if name.endswith("."))
            joined = self._joined(groups, owner, names)
            for group in sorted(g for g in groups if g in names or g in joined or g.startswith(stems)):
                yield from self._load(group, self._users[owner], owner)
            groups -= self._loaded

    def _with_hosts(self, groups: set[str]) -> set[str]:
        """Leave out the groups that begin with the name of a distribution which stays out: it would load them."""
        environment = self._context.environment
        absent = {top for name in environment.withheld for top in environment.distributions[name].top_levels()}
        absent |= environment.withheld
        return {group for group in groups if _SEPARATORS.split(group)[0] not in absent} if absent else groups

    def _load(self, group: str, user: BaseNode, owner: str) -> Iterator[Step]:
        self._loaded.add(group)
        for module in self._context.environment.own_entry_points(group):
            if self._context.locator.exists(module):
                yield Declaration(user, module)
        for provider, module in self._context.environment.entry_points(group):
            if module in self._context.environment.modules:
                yield Declaration(user, module)
                self._context.plugins.add(provider)
                if provider != owner:
                    # Its host may use more of a plug-in than the entry point: named in templates, in settings.
                    yield Whole(user, provider)

    def _joined(self, groups: Iterable[str], owner: str, names: Iterable[str]) -> set[str]:
        """Return the groups whose names code may join: a name of the owner's, then words of strings.

        ``f"{__name__}.readers"``, ``".".join([PREFIX, kind])``.
        """
        heads = {*self._heads[owner], owner, owner.replace("-", "_")}
        installed = self._context.environment.distributions.get(owner)
        heads.update(installed.top_levels() if installed else ())
        candidates = {group: words for group in groups if (words := _SEPARATORS.split(group))[0] in heads}
        if not candidates:
            return set()
        known = {*heads, *(word for name in names for word in _SEPARATORS.split(name))}
        return {group for group, words in candidates.items() if known.issuperset(words)}

    def _names_for(self, user: str) -> set[str]:
        """Return the possible group names in the code that looks up entry points, and in all that may call it."""
        names: set[str] = set()
        for owner, texts in self._names.items():
            if owner in {user, APP} or user in self._context.environment.reach(owner):
                names |= texts
        return names
