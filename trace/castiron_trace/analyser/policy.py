"""What goes in beyond the import statements: computed names, dotted strings, entry points, compiled modules.

Runs as modulegraph2's post-processing hook: once per module, after its imports were read.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modulegraph2 import ExtensionModule, NamespacePackage, Package, Script

from castiron_trace.analyser.environment import without_tests
from castiron_trace.analyser.graph_adapter import TracedGraph, file_of, kind_of
from castiron_trace.analyser.locator import modules_below, source_beside
from castiron_trace.analyser.pickles import pickled_modules
from castiron_trace.analyser.plugins import plugins
from castiron_trace.protocol import APP, STDLIB, ModuleKind, Node, Notice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.environment import Environment
    from castiron_trace.analyser.locator import TraceLocator
    from castiron_trace.analyser.scan import Scan
    from castiron_trace.hints.model import EntryPoints, HiddenImport, Hints

_NAME = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_NOT_BY_STRING = frozenset(
    {"unittest", "test", "tkinter", "idlelib", "lib2to3", "pydoc", "turtle", "ensurepip", "doctest", "pdb"}
)
"""Parts of the standard library that distributions name in messages and tables far oftener than they import them."""
_CERTAIN = frozenset(
    {"import_module", "__import__", "iter_modules", "walk_packages", "spec_from_file_location", "run_module"}
)
"""What imports by a computed name beyond doubt: only these are worth a warning about the application itself."""
_COMMANDS = frozenset({"console_scripts", "gui_scripts"})
"""Groups of entry points that installers make commands of."""


class InclusionPolicy:
    """Adds ``declared`` edges; collects findings and files on the way."""

    def __init__(
        self,
        *,
        locator: TraceLocator,
        environment: Environment,
        stdlib: Mapping[str, Node],
        roots: Sequence[str],
        program: str | None,
        outside_code: bool | None,
        hints: Hints,
    ) -> None:
        self._locator = locator
        self._environment = environment
        self._stdlib = stdlib
        self._roots = roots
        self._program = program
        """The distribution that the entry is of; None for the user's own code."""
        self._outside_code = outside_code
        """Whether the program runs code that is no part of it; None: as its code says."""
        self._took_direct = False
        self._hidden_imports: dict[str, list[HiddenImport]] = {}
        for hint in hints.hidden_imports:
            self._hidden_imports.setdefault(hint.module, []).append(hint)
        self._entry_point_hints: dict[str, list[EntryPoints]] = {}
        for entry_points in hints.entry_points:
            self._entry_point_hints.setdefault(entry_points.module, []).append(entry_points)
        self._ignored_groups = _COMMANDS.union(*(hint.groups for hint in hints.ignored_entry_points))
        self._shared_modules = tuple(item.shared_module for item in hints.sources.compilers if item.shared_module)
        self._plugin_hosts = hints.plugin_hosts
        self._dispensable = {name: hint for hint in hints.libraries for name in hint.names}
        self._hinted_groups: dict[str, BaseNode] = {}
        """Group of entry points -> the module that loads it, by a hint."""
        self._widened: set[str] = set()
        self._own_widened: set[str] = set()
        self._groups_by_owner: dict[str, set[str]] = {}
        self._users: dict[str, BaseNode] = {}
        self._loaded_groups: set[str] = set()
        self._unpickled: set[str] = set()
        self._loaded_hosts: set[str] = set()
        self.notices: list[Notice] = []
        self.files: set[str] = set()
        """Files that go in although no rule for resources would take them."""

    def __call__(self, graph: TracedGraph, node: BaseNode) -> None:
        """Look at one module whose imports have been read."""
        owner = node.extension_attributes.get("owner")
        scan: Scan | None = node.extension_attributes.get("scan")
        if owner is None or scan is None:
            return
        self._hinted(graph, node)
        if owner == STDLIB:
            return
        self._look_for_outside_code(node, scan, owner)
        if owner == APP:
            self._own_strings(graph, node, scan)
        else:
            self._dotted_strings(graph, node, scan, owner)
            self._scripts(graph, node, scan, owner)
        self._libraries(node, scan, owner)
        self._computed(graph, node, scan, owner)
        if _is_extension(node) and owner != APP:
            self._compiled(graph, node, owner)
        names = self._groups_by_owner.setdefault(owner, set())
        names.update(text for text, _line in scan["dotted"])
        names.update(scan["stems"])
        names.update(text for text, _line in scan["strings"])
        if scan["entry_points"] is not None:
            names.update(scan["entry_points"])
            self._users.setdefault(owner, node)

    @property
    def runs_outside_code(self) -> bool:
        """Whether the program runs code that is no part of it, which may import anything."""
        return self._outside_code is True

    def finish(self, graph: TracedGraph, entry: BaseNode) -> bool:
        """Load what entry points, plug-in hosts, pickled data, at last nothing asks for; True if that added any."""
        return (
            self._entry_points(graph)
            or self._plugins(graph)
            or self._pickled(graph)
            or self._unused(graph, entry)
            or self._direct(graph, entry)
        )

    def _pickled(self, graph: TracedGraph) -> bool:
        """Take the modules that pickled data files of reached distributions name."""
        added = False
        for node in list(graph.module_nodes()):
            owner = node.extension_attributes.get("owner", "")
            installed = self._environment.distributions.get(owner)
            if installed is None or owner in self._unpickled:
                continue
            self._unpickled.add(owner)
            files = [self._environment.file(path) for path in sorted(installed.data())]
            reach = self._environment.reach(owner)
            for name in sorted(pickled_modules(file for file in files if file.is_file())):
                if self._environment.modules.get(name) in reach or ("." in name and name in self._stdlib):
                    graph.declare(node, name)
                    added = True
        return added

    def _direct(self, graph: TracedGraph, entry: BaseNode) -> bool:
        """Take the whole of what the user asks for: the code that the program is given may import any of it."""
        if not self.runs_outside_code or self._took_direct:
            return False
        self._took_direct = True
        for name in sorted({*self._environment.direct, self._program or ""} & self._environment.distributions.keys()):
            self._widen(graph, entry, name, 0)
        return True

    def _plugins(self, graph: TracedGraph) -> bool:
        """Take what a reached host's user may name as its plug-ins."""
        nodes = {node.name: node for node in graph.module_nodes() if kind_of(node) is not ModuleKind.MISSING}
        added = False
        for host in self._plugin_hosts:
            if host.module in nodes and host.module not in self._loaded_hosts:
                self._loaded_hosts.add(host.module)
                for name in plugins(host, self._environment):
                    added = added or name not in nodes
                    graph.declare(nodes[host.module], name)
        return added

    def _unused(self, graph: TracedGraph, entry: BaseNode) -> bool:
        """Take whole distributions that the user asks for, that no other needs, and that no import leads to.

        They are there to be named at run time: a build back end, a plug-in, a server's worker class.
        """
        needed = {other for others in self._environment.requires.values() for other in others}
        reached = {node.extension_attributes.get("owner") for node in graph.module_nodes()}
        added = False
        for name in sorted(self._environment.asked_for() - needed - reached - self._widened):
            self.notices.append(
                Notice("unused-requirement", "info", name, "Nothing is seen to import it, so all its modules go in.")
            )
            self._widen(graph, entry, name, 0)
            added = True
        return added

    def _entry_points(self, graph: TracedGraph) -> bool:
        groups = self._environment.groups() - self._ignored_groups - self._loaded_groups
        added = False
        for group in sorted(groups & self._hinted_groups.keys()):
            self._loaded_groups.add(group)
            groups.discard(group)
            for provider, module in self._environment.entry_points(group):
                if module in self._environment.modules:
                    graph.declare(self._hinted_groups[group], module)
                    self._widen(graph, self._hinted_groups[group], provider, 0)
                    added = True
        for owner in sorted(self._users):
            names = self._names_for(owner)
            stems = tuple(name for name in names if name.endswith("."))
            for group in sorted(group for group in groups if group in names or group.startswith(stems)):
                self._loaded_groups.add(group)
                for provider, module in self._environment.entry_points(group):
                    if module in self._environment.modules:
                        graph.declare(self._users[owner], module)
                        added = True
                        if provider != owner:
                            # A plug-in's host names more of it than the entry point does: in templates, in settings.
                            self._widen(graph, self._users[owner], provider, 0)
            groups -= self._loaded_groups
        return added

    def _names_for(self, user: str) -> set[str]:
        """Return the possible group names in the code that looks up entry points, and in all that may call it."""
        names: set[str] = set()
        for owner, found in self._groups_by_owner.items():
            if owner in {user, APP} or user in self._environment.reach(owner):
                names |= found
        return names

    # Rules ----------------------------------------------------------------------------------------------------------

    def _look_for_outside_code(self, node: BaseNode, scan: Scan, owner: str) -> None:
        """Find out whether the program runs code that is no part of it.

        What the user's own code does counts; of a distribution's command, what that distribution does, or another one
        that the user asks for.  What these use can do many things that nobody makes it do.
        """
        counts = owner == APP or (self._program is not None and owner in {self._program, *self._environment.direct})
        if not counts or not scan["outside_code"] or self._outside_code is not None:
            return
        self._outside_code = True
        line, what = scan["outside_code"][0]
        message = (
            f"{what}: the program runs code that is no part of it, so the whole standard library goes in "
            "(--stdlib used: only what is seen to be imported)."
        )
        self.notices.append(Notice("guest-code", "info", f"{self._place(node)}:{line}", message))

    def _hinted(self, graph: TracedGraph, node: BaseNode) -> None:
        """Take what hints say of a module: others that it imports unseen, entry points that it loads."""
        module = "__main__" if isinstance(node, Script) else node.name
        for hint in self._hidden_imports.get(module, ()):
            for name in hint.distributions:
                if name in self._environment.distributions:
                    self._widen(graph, node, name, 0)
            for name in hint.imports:
                for below in self._named(name):
                    graph.declare(node, below)
        for entry_points in self._entry_point_hints.get(module, ()):
            for group in entry_points.groups:
                self._hinted_groups.setdefault(group, node)

    def _named(self, name: str) -> list[str]:
        """Return the modules that a hint names: one, or with ``.*`` a package and all in it."""
        if not name.endswith(".*"):
            return [name]
        package = name[:-2]
        below = {module for module in self._environment.modules if module.startswith(f"{package}.")}
        return [package, *sorted(below | set(self._locator.own_modules_below(package)))]

    def _computed(self, graph: TracedGraph, node: BaseNode, scan: Scan, owner: str) -> None:
        for line, what, prefix in scan["computed"]:
            self._below(graph, node, prefix, line)
            place = f"{self._place(node)}:{line}"
            if owner == APP and what not in _CERTAIN:
                continue
            if owner == APP:
                self._own_computed(graph, node, what, prefix, line)
            elif owner not in self._widened:
                self.notices.append(
                    Notice(
                        "computed-import", "info", place, f"{what} with a computed name: all modules of {owner} go in."
                    )
                )
                self._widen(graph, node, owner, line)

    def _own_computed(self, graph: TracedGraph, node: BaseNode, what: str, prefix: str, line: int) -> None:
        """Take the packages the application may mean: what the name begins with, its own, and those it imports."""
        if prefix:
            packages = {prefix}
        else:
            packages = set()
            if not isinstance(node, Script):
                packages.add(node.name if isinstance(node, Package) else node.name.rpartition(".")[0])
            packages.update(
                other.name
                for _edges, other in graph.outgoing(node)
                if isinstance(other, Package | NamespacePackage) and other.extension_attributes.get("owner") == APP
            )
        taken = []
        for package in sorted(packages - {""}):
            modules = without_tests(self._locator.own_modules_below(package), below=package)
            for name in modules:
                graph.declare(node, name, line=line)
            if modules:
                taken.append(package)
        place = f"{self._place(node)}:{line}"
        if taken:
            message = f"{what} with a computed name: all modules of {', '.join(taken)} go in."
            self.notices.append(Notice("computed-import", "info", place, message))
        else:
            message = (
                f"{what} with a name that only a run knows: what it imports of the application itself is not seen. "
                "Watch a run with --run, or name the modules with --include."
            )
            self.notices.append(Notice("computed-import", "warning", place, message))

    def _below(self, graph: TracedGraph, node: BaseNode, prefix: str, line: int) -> None:
        """``import_module(f"pkg.plugins.{name}")``: what the distributions have directly below that package."""
        if not prefix or prefix not in self._environment.modules:
            return
        for name in sorted(self._environment.modules):
            if name.rpartition(".")[0] == prefix:
                graph.declare(node, name, line=line)

    def _compiled(self, graph: TracedGraph, node: BaseNode, owner: str) -> None:
        place = file_of(node)
        for name in sorted(self._environment.distributions[owner].modules):
            if name.endswith(self._shared_modules):
                graph.declare(node, name)
        if place is not None and source_beside(place) is not None:
            return  # the source beside it has been read and says it exactly
        self._widen(graph, node, owner, 0)
        for other in self._environment.requires.get(owner, ()):
            if other in self._environment.distributions:
                for name in self._environment.distributions[other].top_levels():
                    graph.declare(node, name)
        graph.declare(node, "site")  # which every other Python has loaded, so that machine code may ask for it

    def _widen(self, graph: TracedGraph, node: BaseNode, owner: str, line: int) -> None:
        if owner in self._widened:
            return
        self._widened.add(owner)
        for name in self._environment.distributions[owner].widened():
            graph.declare(node, name, line=line)

    def _dotted_strings(self, graph: TracedGraph, node: BaseNode, scan: Scan, owner: str) -> None:
        reach = self._environment.reach(owner)
        for text, line in scan["dotted"]:
            name = self._longest(text, self._environment.modules)
            if name is not None and self._environment.modules[name] in reach:
                # ``plugin.Extension``: of a top-level module only if the metadata says that it is needed.
                if "." in name or self._environment.modules[name] in self._environment.requires.get(owner, ()):
                    graph.declare(node, name, line=line)
            elif name is None and text.partition(".")[0] not in _NOT_BY_STRING:
                name = self._longest(text, self._stdlib)
                if name is not None and "." in name:
                    graph.declare(node, name, line=line)

    def _own_strings(self, graph: TracedGraph, node: BaseNode, scan: Scan) -> None:
        # A module that imports by computed names chooses among its own words: ("tkinter", "curses").
        chosen_by_name = any(what in _CERTAIN for _line, what, _prefix in scan["computed"])
        for raw, line in scan["strings"]:
            text = raw.partition(":")[0]
            if not _NAME.fullmatch(text):
                continue
            top, dot, _rest = text.partition(".")
            if not dot and top == Path(file_of(node) or "").stem:
                continue  # a script that says its own name
            if self._locator.is_own(top):
                self._own_module(graph, node, text, line)
            elif dot or chosen_by_name or self._environment.modules.get(top) in self._environment.direct:
                name = self._longest(text, self._environment.modules)
                if name is None and (dot or chosen_by_name):
                    name = self._longest(text, self._stdlib)
                if name is not None:
                    graph.declare(node, name, line=line)

    def _own_module(self, graph: TracedGraph, node: BaseNode, text: str, line: int) -> None:
        """A string names a module of the application: a framework will look into its package."""
        parts = text.split(".")
        for root in self._roots:
            folder = Path(root)
            package: list[str] = []
            for index, part in enumerate(parts):
                folder = folder / part
                if (folder / "__init__.py").is_file():
                    package = parts[: index + 1]
                elif folder.with_name(f"{part}.py").is_file():
                    graph.declare(node, ".".join(parts[: index + 1]), line=line)
                    break
                else:
                    break
            if package:
                name = ".".join(package)
                graph.declare(node, name, line=line)
                if name not in self._own_widened:
                    self._own_widened.add(name)
                    for module in without_tests(modules_below(Path(root, *package), name), below=name):
                        graph.declare(node, module, line=line)

    def _scripts(self, graph: TracedGraph, node: BaseNode, scan: Scan, owner: str) -> None:
        """Files ``x.py`` that a distribution names: it runs or reads them by path."""
        installed = self._environment.distributions.get(owner)
        place = file_of(node)
        if installed is None or place is None:
            return
        folder = os.path.relpath(Path(place).parent, self._environment.file(""))
        for text in scan["scripts"]:
            self._hidden(graph, node, text)
            path = os.path.normpath(f"{folder}/{text}")
            if path not in installed.files or text == "__init__.py":
                continue
            module = installed.module_of(path)
            if module is not None:
                graph.declare_script(node, module)  # run by path, it needs what it imports all the same
            else:
                self.files.add(str(self._environment.file(path)))

    def _hidden(self, graph: TracedGraph, node: BaseNode, text: str) -> None:
        """``multipart.py`` beside another distribution's package ``multipart``, which loads that file by its path."""
        owner = self._environment.owners.get(text)
        if owner is None or f"{text[:-3]}/__init__.py" not in self._environment.owners:
            return
        path = str(self._environment.file(text))
        self.files.add(path)
        for module, level, _names, _tier, line in self._locator.scan_file(path, owner)["imports"]:
            if level == 0:
                graph.declare(node, module, line=line)

    def _libraries(self, node: BaseNode, scan: Scan, owner: str) -> None:
        """Shared libraries of the machine, which a static program cannot open."""
        for line, name in scan["libraries"]:
            if not self._environment.has_library(name) and name not in self._dispensable:
                severity = "warning" if owner == APP or owner in self._environment.direct else "info"
                message = (
                    f"{name} is opened by ctypes or cffi, and no distribution brings it: a binary will not find it."
                )
                self.notices.append(Notice("foreign-library", severity, f"{self._place(node)}:{line}", message))

    # Helpers --------------------------------------------------------------------------------------------------------

    @staticmethod
    def _longest(text: str, names: Mapping[str, Any]) -> str | None:
        name = text.partition(":")[0]
        while name:
            if name in names:
                return name
            name = name.rpartition(".")[0]
        return None

    def _place(self, node: BaseNode) -> str:
        place = file_of(node) or node.name
        for root in [*self._environment.path, *self._roots]:
            if place.startswith(root + os.sep):
                return place[len(root) + 1 :]
        return Path(place).name


def _is_extension(node: BaseNode) -> bool:
    return isinstance(node.init_module if isinstance(node, Package) else node, ExtensionModule)
