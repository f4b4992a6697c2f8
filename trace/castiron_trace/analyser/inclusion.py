"""Applies the rules for what goes in beyond the import statements, in their order.

Runs as modulegraph2's post-processing hook: once per module, after its imports were read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.analyser.rules.absent_functions import AbsentFunctions
from castiron_trace.analyser.rules.base import Declaration, Module, Needs, SourceFile, Whole
from castiron_trace.analyser.rules.compiled_modules import CompiledModules
from castiron_trace.analyser.rules.computed_imports import ComputedImports
from castiron_trace.analyser.rules.dotted_strings import DottedStrings
from castiron_trace.analyser.rules.entry_points import EntryPoints
from castiron_trace.analyser.rules.environment_defaults import EnvironmentDefaults
from castiron_trace.analyser.rules.given_packages import GivenPackages
from castiron_trace.analyser.rules.hidden_imports import HiddenImports
from castiron_trace.analyser.rules.lazy_modules import LazyModules
from castiron_trace.analyser.rules.machine_libraries import MachineLibraries
from castiron_trace.analyser.rules.made_modules import MadeModules
from castiron_trace.analyser.rules.named_imports import NamedImports
from castiron_trace.analyser.rules.named_packages import NamedPackages
from castiron_trace.analyser.rules.own_configuration import OwnConfiguration
from castiron_trace.analyser.rules.own_doctests import OwnDoctests
from castiron_trace.analyser.rules.own_folders import OwnFolders
from castiron_trace.analyser.rules.own_names import OwnNames
from castiron_trace.analyser.rules.own_sources import OwnSources
from castiron_trace.analyser.rules.own_starts import OwnStarts
from castiron_trace.analyser.rules.own_strings import OwnStrings
from castiron_trace.analyser.rules.own_writes import OwnWrites
from castiron_trace.analyser.rules.pickled_data import PickledData
from castiron_trace.analyser.rules.plugin_hosts import PluginHosts
from castiron_trace.analyser.rules.runs_outside_code import RunsOutsideCode
from castiron_trace.analyser.rules.scripts import Scripts
from castiron_trace.analyser.rules.spread_packages import SpreadPackages
from castiron_trace.analyser.rules.star_imports import StarImports
from castiron_trace.analyser.rules.start_code import StartCode
from castiron_trace.analyser.rules.unseen_imports import UnseenImports
from castiron_trace.analyser.rules.unused_requirements import UnusedRequirements
from castiron_trace.protocol import STDLIB, NeededLibrary

if TYPE_CHECKING:
    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import ClosingRule, Context, ModuleRule, Step
    from castiron_trace.protocol import Notice


class Inclusion:
    """Calls the rules and does what they yield; collects findings and files."""

    def __init__(self, context: Context, *, outside_code: bool | None) -> None:
        """``outside_code`` is what the user says about `RunsOutsideCode`; None to find out from the program's code."""
        self._context = context
        self._outside_code = RunsOutsideCode(context, known=outside_code)
        entry_points = EntryPoints(context)
        named_packages = NamedPackages(context)
        own_sources = OwnSources(context)
        own_names = OwnNames(context)
        self._made = MadeModules(context)
        computed_imports = ComputedImports(context)
        named_imports = NamedImports(context)
        own_folders = OwnFolders(context, own_sources)
        own_configuration = OwnConfiguration(context, own_names, own_sources)
        self._for_all: tuple[ModuleRule, ...] = (HiddenImports(context),)
        """Rules that look at modules of the standard library, too."""
        self._for_code: tuple[ModuleRule, ...] = (
            self._outside_code,
            OwnStrings(context, own_names),
            GivenPackages(context, own_names),
            EnvironmentDefaults(context),
            own_configuration,
            named_packages,
            own_sources,
            DottedStrings(context),
            Scripts(context),
            MachineLibraries(context),
            computed_imports,
            LazyModules(context),
            own_folders,
            OwnWrites(context),
            OwnStarts(context),
            AbsentFunctions(context),
            StarImports(context),
            SpreadPackages(context),
            CompiledModules(context),
            entry_points,
            self._made,
        )
        self._start_code = StartCode(context)
        self._closing: tuple[ClosingRule, ...] = (
            self._start_code,
            named_imports,
            self._made,
            entry_points,
            named_packages,
            own_sources,
            own_configuration,
            OwnDoctests(context),
            PluginHosts(context),
            PickledData(context),
            UnusedRequirements(context),
            self._outside_code,
            UnseenImports(context, computed_imports, named_imports, own_folders, own_configuration),
        )
        self.notices: list[Notice] = []
        self.files: set[str] = set()
        """Sources that go in as files."""
        self.needed_libraries: set[NeededLibrary] = set()

    @property
    def runs_outside_code(self) -> bool:
        """Whether the program runs code that is not part of it and may import anything."""
        return self._outside_code.applies

    @property
    def made(self) -> set[str]:
        """Names that are imported and that code makes at run time."""
        return self._made.names

    @property
    def own_import_hook(self) -> str:
        """Where the application adds an import hook or a folder from outside to sys.path; empty if it does not."""
        return self._made.own_hook

    @property
    def given_names(self) -> dict[str, str]:
        """Names of modules that the application may have given to a distribution's import hook: file and line."""
        return self._made.given

    def look(self, node: BaseNode) -> None:
        """Look at one module whose imports have been read."""
        owner = node.extension_attributes.get("owner")
        scan = node.extension_attributes.get("scan")
        if owner is None or scan is None:
            return
        module = Module(node, owner, scan)
        for rule in (*self._for_all, *(() if owner == STDLIB else self._for_code)):
            for step in rule.look(module):
                self._do(step)

    def close(self, entry: BaseNode, *, all_rules: bool = True) -> bool:
        """Call the closing rules up to the first that adds something; return False if none does.

        Without ``all_rules`` only that for code which runs before the application.
        """
        for rule in self._closing if all_rules else (self._start_code,):
            added = False
            for step in rule.close(entry):
                self._do(step)
                added = True
            if added:
                return True
        return False

    def _do(self, step: Step) -> None:
        if isinstance(step, Declaration):
            if step.script:
                self._context.graph.declare_script(step.importer, step.name, line=step.line)
            else:
                self._context.graph.declare(step.importer, step.name, tier=step.tier, line=step.line)
        elif isinstance(step, Whole):
            if step.distribution not in self._context.whole:
                self._context.whole.add(step.distribution)
                for name in self._context.environment.distributions[step.distribution].modules_without_tests():
                    self._context.graph.declare(step.importer, name, line=step.line)
        elif isinstance(step, SourceFile):
            self.files.add(step.path)
        elif isinstance(step, Needs):
            self.needed_libraries.add(NeededLibrary(step.importer.identifier, step.line, step.names, step.remedy))
        else:
            self.notices.append(step)
