"""Adapts modulegraph2, which builds the graph: we tell it where a module is and what it imports.

modulegraph2 2.3 resolves names with `importlib.util.find_spec`, which imports parent packages, and reads every file
twice.  `TracedGraph` replaces that one step (`_load_module`) and keeps all others: relative imports, names of ``from``
imports, aliases, implied imports, exclusion, hooks.  Nothing here executes the code that is analysed.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourcelessFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from modulegraph2 import (
    Alias,
    AliasNode,
    BaseNode,
    BuiltinModule,
    BytecodeModule,
    DependencyInfo,
    ExcludedModule,
    ExtensionModule,
    InvalidModule,
    MissingModule,
    ModuleGraph,
    NamespacePackage,
    Package,
    Script,
    SourceModule,
)
from modulegraph2._importinfo import ImportInfo, create_importinfo

from castiron_trace.analyser.syntax.scan import MAIN_BLOCK, NAME_PLACEHOLDER, Scan
from castiron_trace.protocol import Edge, ModuleKind, Tier

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


_NO_SOURCE_SCAN = Scan()


@dataclass(frozen=True)
class ImportEdge(DependencyInfo):
    """modulegraph2's edge with what it does not know: how strong the import is, and where it stands."""

    tier: Tier = Tier.REQUIRED
    line: int = 0


@dataclass(frozen=True)
class TieredImport(ImportInfo):
    """modulegraph2's import with the tier and the line of our own pass."""

    tier: Tier = Tier.REQUIRED
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a module is; the adapter makes a node of it."""

    owner: str
    """`castiron_trace.protocol.APP` and the like, or a distribution's normalised name."""
    spec: ModuleSpec | None = None
    """None for a built-in module."""
    scan: Scan = _NO_SOURCE_SCAN
    leaf: bool = False
    """True if the imports are not to be followed here (the standard library has a graph of its own)."""
    package: bool = False
    """For leaves: whether it is a package."""
    alias: str | None = None
    """The module that the name really is."""
    withheld: bool = False
    """Whether its distribution stays out, as far as is known."""
    search_path: tuple[str, ...] = ()
    namesake: str | None = None
    """A module of the same name in a folder without ``__init__.py``: it is found if the folder is on the path."""


class Locator(Protocol):
    """Finds modules for the graph."""

    script_owner: str
    """Who owns the entry script."""

    def find(self, name: str, importer: BaseNode | None, path: list[str] | None) -> Location | None:
        """Return where ``name`` is; ``path`` is its parent package's search path, None for a top-level name."""

    def script(self, path: str) -> Scan:
        """Return the scan of a script."""


class TracedGraph(ModuleGraph):
    """modulegraph2's graph over files that are found and read by a `Locator`."""

    def __init__(self, locator: Locator, *, stdlib_implies: bool) -> None:
        super().__init__(use_stdlib_implies=stdlib_implies, use_builtin_hooks=False)
        self._locator = locator
        self._importer: str | None = None
        self._tier = Tier.REQUIRED
        self._line = 0
        self._main: set[str] = set()
        self._targets: dict[str, dict[str, None]] = {}
        """Module -> what it imports, in the order found."""
        # Put into sys.modules by their parents; no finder is asked for them.
        self.add_implies({"os.path": Alias("posixpath"), "collections.abc": Alias("_collections_abc")})

    # What callers use -----------------------------------------------------------------------------------------------

    def add_main_module(self, name: str) -> BaseNode:
        """Add a module that runs as ``__main__``: the imports below its ``__main__`` test count."""
        self._main.add(name)
        return self.add_module(name)

    def declare(self, importer: BaseNode, name: str, *, tier: Tier = Tier.DECLARED, line: int = 0) -> BaseNode:
        """Import ``name`` from ``importer`` on somebody's word rather than on an import statement's."""
        with self._context(importer.identifier, tier, line):
            return self.import_module(importer, name)

    def declare_script(self, importer: BaseNode, name: str, *, line: int = 0) -> BaseNode:
        """Declare a module whose file is run: the imports below its ``__main__`` test count."""
        self._main.add(name)
        return self.declare(importer, name, line=line)

    def module_nodes(self) -> Iterator[BaseNode]:
        """Yield all nodes; none is a distribution, as we add none."""
        for node in self.nodes():
            if isinstance(node, BaseNode):
                yield node

    def is_main(self, node: BaseNode) -> bool:
        """Return whether a module runs as ``__main__``."""
        return node.identifier in self._main or node.name.endswith("__main__")

    def import_edges(self) -> Iterator[Edge]:
        """Yield the imports: between each two modules the strongest, then the first."""
        for source, target, attributes in self.edges():
            if isinstance(target, MissingModule) and all(edge.in_fromlist for edge in attributes):
                continue  # ``from package import name``: an attribute
            best = min(
                (edge.tier, edge.line) if isinstance(edge, ImportEdge) else (Tier.REQUIRED, 0) for edge in attributes
            )
            yield Edge(source.identifier, target.identifier, best[0], best[1])

    # What modulegraph2 calls ----------------------------------------------------------------------------------------

    def add_edge(self, source: Any, destination: Any, edge_attributes: DependencyInfo) -> None:
        """Note tier and line of the import that is being processed on the edges of its module."""
        name = source if isinstance(source, str) else source.identifier
        tier, line = (self._tier, self._line) if name == self._importer else (Tier.REQUIRED, 0)
        if edge_attributes.in_fromlist and self._is_attribute(name, destination):
            tier = max(tier, Tier.GUARDED)
        edge = ImportEdge(
            edge_attributes.is_optional,
            edge_attributes.is_global,
            edge_attributes.in_fromlist,
            edge_attributes.imported_as,
            tier,
            line,
        )
        super().add_edge(source, destination, edge)
        target = destination if isinstance(destination, str) else destination.identifier
        self._targets.setdefault(name, {})[target] = None

    def _is_attribute(self, importer: str, destination: Any) -> bool:
        """Say whether a package has imported something else under the name of one of its modules.

        Then ``from package import name`` means that (Source: The Python Language Reference, 7.11, the ``from`` form).
        """
        target = destination if isinstance(destination, str) else destination.identifier
        package, _dot, name = target.rpartition(".")
        node = None if package in ("", importer) else self.find_node(package)
        scan = None if node is None else node.extension_attributes.get("scan")
        return isinstance(scan, Scan) and any(
            item.module and name in (item.names or ()) and (item.level or item.module != package)
            for item in scan.imports
        )

    def outgoing(self, source: Any) -> Iterator[tuple[set[Any], Any]]:
        """Yield (edges, node) for what a node imports; objectgraph 1.0 walks all edges of the graph for that."""
        name = source if isinstance(source, str) else source.identifier
        for target in list(self._targets.get(name, ())):
            yield self.edge_data(name, target), self.find_node(target)

    def targets(self, source: str) -> Collection[str]:
        """Return the identifiers of what a node imports."""
        return self._targets.get(source, {}).keys()

    def edge_tier(self, source: BaseNode, target: str) -> Tier | None:
        """Return how strong the strongest import of ``target`` by ``source`` is; None if there is none."""
        if target not in self._targets.get(source.identifier, ()):
            return None
        edges = self.edge_data(source.identifier, target)
        return min(edge.tier if isinstance(edge, ImportEdge) else Tier.REQUIRED for edge in edges)

    def _process_import(self, importing_module: BaseNode, import_info: ImportInfo) -> None:
        with self._import_context(importing_module, import_info):
            super()._process_import(importing_module, import_info)

    def _process_namelist(self, importing_module: Any, imported_module: BaseNode, import_info: ImportInfo) -> None:
        if isinstance(importing_module, Script | NamespacePackage) or hasattr(importing_module, "globals_written"):
            with self._import_context(importing_module, import_info):
                super()._process_namelist(importing_module, imported_module, import_info)

    def _load_module(self, importing_module: BaseNode | None, module_name: str) -> BaseNode:
        parent, _, _ = module_name.rpartition(".")
        path: list[str] | None = None
        if parent:
            parent_node = self.find_node(parent)
            if isinstance(parent_node, AliasNode) and self._locator.find(module_name, importing_module, []) is None:
                actual = f"{parent_node.actual_module}.{module_name.rpartition('.')[2]}"
                if kind_of(self._find_or_load_module(None, actual)) is not ModuleKind.MISSING:
                    return self._add_alias(module_name, actual)
                return self._create_missing_module(importing_module, module_name)
            path = [str(folder) for folder in getattr(parent_node, "search_path", ())]
        location = self._locator.find(module_name, importing_module, path)
        if location is None:
            return self._create_missing_module(importing_module, module_name)
        if location.alias is not None:
            return self._add_alias(module_name, location.alias)
        if location.withheld:
            excluded = ExcludedModule(module_name)  # type: ignore[no-untyped-call]
            excluded.extension_attributes["owner"] = location.owner
            self.add_node(excluded)
            self._process_import_list(excluded, ())
            return excluded
        node, scan = _make_node(module_name, location)
        node.extension_attributes["scan"] = scan
        node.extension_attributes["owner"] = location.owner
        self.add_node(node)
        self._process_import_list(node, () if location.leaf else self._imports(node, scan))
        if location.namesake is not None:
            self._join(node, location.namesake)
        return node

    def _load_script(self, script_path: Any) -> Script:
        node = Script(script_path, None)
        scan = self._locator.script(str(script_path))
        node.extension_attributes["scan"] = scan
        node.extension_attributes["owner"] = self._locator.script_owner
        self._main.add(node.identifier)
        self.add_node(node)
        self._process_import_list(node, self._imports(node, scan))
        return node

    # Helpers --------------------------------------------------------------------------------------------------------

    def _add_alias(self, name: str, actual: str) -> BaseNode:
        node = AliasNode(name, actual)  # type: ignore[no-untyped-call]
        self.add_node(node)
        self._process_import_list(node, ())
        self._join(node, actual)
        return node

    def _join(self, node: BaseNode, name: str) -> None:
        """Have a module go in with a node that stands for it."""
        other = self._find_or_load_module(node, name)
        with self._context(node.identifier, Tier.REQUIRED, 0):
            self.add_edge(node, other, DependencyInfo(False, True, False, None))

    def _imports(self, node: BaseNode, scan: Scan) -> Iterable[TieredImport]:
        is_main = self.is_main(node)
        for module, level, names, tier, line in scan.imports:
            if tier >= MAIN_BLOCK:
                if not is_main:
                    continue
                tier -= MAIN_BLOCK  # noqa: PLW2901
            name = module.replace(NAME_PLACEHOLDER, node.name)
            info = create_importinfo(
                (name, None), None if names is None else [(item, None) for item in names], level, False, False, False
            )
            yield TieredImport(**vars(info), tier=Tier(tier), line=line)

    @contextmanager
    def _import_context(self, importer: BaseNode, info: ImportInfo) -> Iterator[None]:
        if isinstance(info, TieredImport):
            with self._context(importer.identifier, info.tier, info.line):
                yield
        else:
            yield

    @contextmanager
    def _context(self, importer: str, tier: Tier, line: int) -> Iterator[None]:
        before = self._importer, self._tier, self._line
        self._importer, self._tier, self._line = importer, tier, line
        try:
            yield
        finally:
            self._importer, self._tier, self._line = before


def _make_node(name: str, location: Location) -> tuple[BaseNode, Scan]:
    """Make modulegraph2's node for a module; its kinds follow the loader as `modulegraph2._graphbuilder` does."""
    scan = location.scan
    spec = location.spec
    if spec is None:
        if location.package:
            return _package(name, None, BuiltinModule, ()), scan
        return _module(BuiltinModule, name, None), scan
    if spec.loader is None:
        path = [Path(folder) for folder in spec.submodule_search_locations or ()]
        return NamespacePackage(name, None, None, None, {}, search_path=path, has_data_files=False), scan
    kind: type[Any]
    if isinstance(spec.loader, ExtensionFileLoader):
        kind = ExtensionModule
    elif isinstance(spec.loader, SourcelessFileLoader):
        kind = BytecodeModule
    else:
        kind = InvalidModule if scan.error else SourceModule
    if spec.submodule_search_locations is not None:
        return _package(name, spec.origin, kind, location.search_path), scan
    return _module(kind, name, spec.origin), scan


def _module(kind: type[Any], name: str, origin: str | None) -> BaseNode:
    node: BaseNode = kind(name, None, None, None if origin is None else Path(origin), {}, set(), set(), None)
    return node


def _package(name: str, origin: str | None, kind: type[Any], path: tuple[str, ...]) -> Package:
    return Package(
        name,
        None,
        None,
        None if origin is None else Path(origin).parent,
        {},
        init_module=_module(kind, name, origin),
        search_path=[Path(folder) for folder in path],
        has_data_files=False,
        namespace_type=None,
    )


def kind_of(node: BaseNode) -> ModuleKind:
    """Return what a node is; a package is what its ``__init__`` is, if that is not a source."""
    if isinstance(node, Package):
        inner = kind_of(node.init_module)
        return inner if inner in _NO_SOURCE else ModuleKind.PACKAGE
    return next((kind for type_, kind in _KINDS if isinstance(node, type_)), ModuleKind.MISSING)


_NO_SOURCE = frozenset({ModuleKind.EXTENSION, ModuleKind.BYTECODE, ModuleKind.INVALID})


_KINDS = (
    (NamespacePackage, ModuleKind.NAMESPACE),
    (ExtensionModule, ModuleKind.EXTENSION),
    (BuiltinModule, ModuleKind.BUILTIN),
    (InvalidModule, ModuleKind.INVALID),
    (BytecodeModule, ModuleKind.BYTECODE),
    (SourceModule, ModuleKind.SOURCE),
    (Script, ModuleKind.SCRIPT),
    (AliasNode, ModuleKind.ALIAS),
    (ExcludedModule, ModuleKind.EXCLUDED),
    (MissingModule, ModuleKind.MISSING),
)


def file_of(node: BaseNode) -> str | None:
    """Return the file a node was made from."""
    origin = node.init_module.filename if isinstance(node, Package) else node.filename
    return None if origin is None else str(origin)
