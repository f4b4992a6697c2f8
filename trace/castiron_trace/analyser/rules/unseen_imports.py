"""The rule for computed imports of the application of which nothing is known: a warning, if a call was not followed.

``def optional(name): return import_module(name)`` is no reason for one if each call of ``optional`` in the program
names its modules by literals, which `NamedImports` has taken, and if the function is not passed on.  That shows only
when the graph is there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from modulegraph2 import Script

from castiron_trace.analyser.rules.named_imports import takes
from castiron_trace.analyser.syntax.second_reading import ALL_BELOW, ANY
from castiron_trace.protocol import Notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Step
    from castiron_trace.analyser.rules.computed_imports import ComputedImports
    from castiron_trace.analyser.rules.named_imports import NamedImports
    from castiron_trace.analyser.rules.own_configuration import OwnConfiguration
    from castiron_trace.analyser.rules.own_folders import OwnFolders
    from castiron_trace.analyser.syntax.scan import NamedCall, NamePasser, Scan


_BY_PATH = frozenset({"spec_from_file_location"})
"""Functions that are given the path of a source, whatever they call it: its folder tells more than its name."""


class _Open(NamedTuple):
    """Where a name may come from that no literal gives."""

    place: str
    line: int
    why: str


_Key = tuple[str, str, str]
"""Module, function, parameter."""


class UnseenImports:
    """Warns when no other rule adds anything."""

    def __init__(
        self,
        context: Context,
        computed: ComputedImports,
        named: NamedImports,
        own_folders: OwnFolders,
        own_configuration: OwnConfiguration,
    ) -> None:
        self._context = context
        self._own_configuration = own_configuration
        self._own_folders = own_folders
        self._computed = computed
        self._named = named

    def close(self, entry: BaseNode) -> Iterator[Step]:
        """Yield a warning for each import that nobody can follow, and which call is the reason."""
        del entry
        waiting, self._computed.waiting = self._computed.waiting, []
        for node, what, line in waiting:
            place = f"{self._context.place(node)}:{line}"
            if what in _BY_PATH and (folders := self._own_folders.taken_by.get(node.identifier)):
                names = ", ".join(sorted(map(self._context.shown, folders)))
                yield Notice("computed-import", "info", place, f"{what}: all sources in {names} go in.")
                continue
            if files := self._own_configuration.taken_by.get(node.identifier):
                names = ", ".join(sorted(self._context.shown(str(file)) for file in files))
                yield Notice("computed-import", "info", place, f"{what}: the modules that {names} has go in.")
                continue
            passers = [item for item in node.extension_attributes["scan"].passers if item.line == line]
            reason: _Open | None = None
            if all(item.exact for item in passers):
                reason = self._first_open(node.identifier, passers)
                if passers and reason is None:
                    continue
            yield Notice(
                "computed-import",
                "warning",
                place,
                f"{what} with a computed name: the trace does not see which modules of the application it imports. "
                "Watch a run with --run, or name the modules with --include.",
            )
            if reason is not None:
                yield Notice(
                    "computed-import",
                    "info",
                    f"{reason.place}:{reason.line}",
                    f"{reason.why}, so that what {place} imports is not seen.",
                )

    def _first_open(self, module: str, passers: list[NamePasser]) -> _Open | None:
        seen: set[_Key] = set()
        return next(
            (found for passer in passers if (found := self._open(module, passer, seen)) is not None),
            None,
        )

    def _open(self, module: str, passer: NamePasser, seen: set[_Key]) -> _Open | None:
        """Return where the function may get a name that no literal gives; None if all of its calls were followed."""
        function = passer.function
        if (module, function, passer.parameter) in seen:
            return None
        seen.add((module, function, passer.parameter))
        holder, _, method = function.rpartition(".")
        wanted = {(module, ""), (module, function), *({(module, holder)} if holder else ())}
        if holder and not method.startswith("_"):
            return _Open(self._place(module), passer.line, f"{function} is a method, whose calls are not followed")
        for name, reading in self._named.own_readings():
            for target, line in reading.uses:
                if name == module and (target == f":{ANY}" or (holder and target == f".{method}")):
                    return _Open(self._place(name), line, f"{function} may be called by a computed name")
                if self._named.means(name, target) in wanted:
                    return _Open(self._place(name), line, f"{function} is not only called here, but passed on")
            for call in reading.calls:
                if self._named.means(name, call.target) == (module, function) and not self._is_followed(
                    name, passer, call
                ):
                    outer = self._handed_on(name, call, module, passer)
                    if not outer:
                        return _Open(self._place(name), call.line, f"{function} is called with a computed name")
                    for item in outer:
                        if (found := self._open(name, item, seen)) is not None:
                            return found
        return self._named_by_text(module, function)

    def _handed_on(self, name: str, call: NamedCall, module: str, passer: NamePasser) -> list[NamePasser]:
        """Return the functions whose parameters a call hands on as they are; none if it gets anything else."""
        found = [
            item
            for item in self._named.own_reading(name).passers
            if item.line == call.line
            and takes(passer, item.argument)
            and self._named.means(name, item.target) == (module, passer.function)
        ]
        endless = any(name == module and item.function == passer.function for item in found)
        return [] if endless or not all(item.exact for item in found) else found

    def _place(self, module: str) -> str:
        return self._context.place(self._named.node(module))

    def _named_by_text(self, module: str, function: str) -> _Open | None:
        """``"shop.tools:optional"``: whoever gets such a string calls what it names."""
        script = isinstance(self._named.node(module), Script)
        last = Path(module).stem if script else module.rpartition(".")[2]
        ends = (f"{last}:{function}", f"{last}.{function}")
        for node in self._context.graph.module_nodes():
            scan: Scan | None = node.extension_attributes.get("scan")
            if scan is not None and self._context.is_own(node.extension_attributes.get("owner")):
                for text, line in scan.strings:
                    if text.endswith(ends):
                        return _Open(self._context.place(node), line, f"{function} is named in a text")
        return None

    def _is_followed(self, module: str, passer: NamePasser, call: NamedCall) -> bool:
        """Say whether a call gives literals for the parameter, a package with modules, or leaves it to its default."""
        if "*" in call.given:
            return False
        keys = [key for key in call.given if takes(passer, key)]
        if not keys:
            return bool(passer.default) or passer.many == "rest"
        node = self._named.node(module)
        literal = {
            key
            for key, is_list, texts in call.arguments
            if is_list == (passer.many == "items")
            and all(
                not text.endswith(ALL_BELOW) or self._named.below(node, passer, text.removesuffix(ALL_BELOW))
                for text in texts
            )
        }
        return literal.issuperset(keys)
