"""Finds modules of the application, its distributions and the standard library."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.finder import StaticFinder, extended_path
from castiron_trace.analyser.graph_adapter import Location, file_of
from castiron_trace.analyser.own_packages import with_package_places
from castiron_trace.analyser.path_files import path_files_in
from castiron_trace.analyser.syntax.second_reading import SecondReading
from castiron_trace.protocol import APP, STDLIB, VIRTUAL, ModuleKind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from importlib.machinery import ModuleSpec

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.aliases import Aliases
    from castiron_trace.analyser.environment import Environment
    from castiron_trace.analyser.scans import ScanStore
    from castiron_trace.analyser.syntax.scan import Scan
    from castiron_trace.protocol import Node

_IMPORTABLE = re.compile(r"[\w\-+]+")
"""More than identifiers, as `importlib.import_module` takes ``0001_initial`` and ``my-plugin``."""
_MOST_ALIKE = 50
"""Folders that one computed path may mean."""
IMPORTED_BEFORE = frozenset(
    {
        *("_collections_abc", "_sitebuiltins", "abc", "codecs", "encodings", "genericpath", "io", "os", "posixpath"),
        *("site", "stat"),
    }
)
"""Modules of the standard library that Python has imported before an application starts, so that no module of the
application can stand for them.  Source: what ``sys.modules`` has in a script of CPython 3.11 and 3.13."""
VENDOR_FOLDERS = frozenset(
    {"_vendor", "vendor", "_vendored", "vendored", "extern", "_vendored_packages", "third_party"}
)


class StdlibLocator:
    """Finds the standard library's own modules, to build its graph."""

    def __init__(self, *, root: str, builtins: Collection[str], scans: ScanStore, finder: StaticFinder) -> None:
        self._root = root
        self._builtins = builtins
        self._scans = scans
        self._finder = finder

    def find(self, name: str, importer: BaseNode | None, path: list[str] | None) -> Location | None:
        """Return where ``name`` is, a built-in module first."""
        del importer
        if name in self._builtins:
            return Location(owner=STDLIB)
        spec = self._finder.find(name, [self._root] if path is None else path)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            return None
        scan = self._scans.of_file(spec.origin, own=False)
        return Location(owner=STDLIB, spec=spec, scan=scan, search_path=tuple(spec.submodule_search_locations or ()))

    script_owner = STDLIB

    def script(self, path: str) -> Scan:
        """Not used: the standard library has no script."""
        return self._scans.of_file(path, own=False)


class TraceLocator:
    """Finds what an application may import, in the order of the binary's ``sys.path``: own, stdlib, site."""

    def __init__(
        self,
        *,
        roots: Sequence[str],
        environment: Environment,
        stdlib: Mapping[str, Node],
        scans: ScanStore,
        finder: StaticFinder,
        aliases: Aliases,
        script_owner: str = APP,
    ) -> None:
        self._roots = list(roots)
        self._path = [*self._roots, *environment.path]
        self._stdlib = stdlib
        self._environment = environment
        self._aliases = aliases
        self._scans = scans
        self._finder = finder
        self.script_owner = script_owner
        self._vendor: dict[str, list[str]] = {}
        self._added: list[str] = []
        """Folders of the application, in which its modules were found that no root has."""
        self.shadowed = {
            name
            for name in self._own_top_levels()
            if self._stdlib[name].kind is not ModuleKind.BUILTIN and name not in IMPORTED_BEFORE
        }
        """Top-level names of the standard library that the application has modules for."""

    def _own_top_levels(self) -> set[str]:
        names: set[str] = set()
        for root in self._roots:
            for entry in Path(root).iterdir() if Path(root).is_dir() else ():
                if entry.suffix == ".py" and entry.stem in self._stdlib:
                    names.add(entry.stem)
                elif entry.name in self._stdlib and (entry / "__init__.py").is_file():
                    names.add(entry.name)
        return names

    def is_own(self, name: str) -> bool:
        """Return whether the application has a top-level module, or a package with ``__init__.py``, of this name."""
        spec = self._finder.find(name, self._roots)
        return spec is not None and spec.loader is not None

    def own_family(self, prefix: str) -> list[str]:
        """Return the application's top-level modules, and packages with ``__init__.py``, that begin so, sorted."""
        entries = (entry for root in self._roots if Path(root).is_dir() for entry in Path(root).iterdir())
        named = [entry for entry in entries if entry.name.startswith(prefix)]
        found = (e.stem if e.suffix == ".py" else e.name for e in named if e.suffix == ".py" or _is_package(e))
        return sorted({name for name in found if _IMPORTABLE.fullmatch(name)})

    def own_modules_below(self, name: str) -> list[str]:
        """Return the modules below one of the application's packages, sorted."""
        folders = (Path(root, *name.split(".")) for root in (*self._roots, *self._added))
        return sorted({module for folder in folders if folder.is_dir() for module in modules_below(folder, name)})

    def package_with_all(self, name: str) -> list[str]:
        """Return a package and the modules below it: those of the application, of distributions, and of Python."""
        below = {module for module in self._environment.modules if module.startswith(f"{name}.")}
        if name.partition(".")[0] not in self.shadowed:
            below.update(module for module in self._stdlib if module.startswith(f"{name}."))
        return [name, *sorted(below.union(self.own_modules_below(name)))]

    def exists(self, name: str) -> bool:
        """Return whether a distribution or the application has a module or folder for ``name``, or Python has one."""
        if name in self._environment.modules or name in self._stdlib:
            return True
        places = (Path(root, *name.split(".")) for root in self._roots)
        return any(place.is_dir() or place.with_name(f"{place.name}.py").is_file() for place in places)

    def find(self, name: str, importer: BaseNode | None, path: list[str] | None) -> Location | None:
        """Return where ``name`` is; None if it does not exist."""
        top = name.partition(".")[0]
        if top not in self.shadowed:
            known = self._stdlib.get(name)
            if known is not None:
                return Location(owner=STDLIB, leaf=True, package=known.kind is ModuleKind.PACKAGE)
        spec = self._finder.find(name, self._path if path is None else path)
        if spec is None and importer is not None:
            if self._aliases.is_virtual(name):
                return Location(owner=VIRTUAL, leaf=True, package=True)
            if (alias := self._aliases.actual(name, self._environment.distributions)) is not None:
                return Location(owner=STDLIB, alias=alias)
            if path is None:
                if (alias := self._inner_package(name, importer)) is not None:
                    return Location(owner=STDLIB, alias=alias)
                folders = self._hidden_folders(importer)
                spec = self._finder.find(name, folders)
                self._note_folder(spec, folders)
                if spec is not None and self._is_in_several(name, spec, folders):
                    return self._located(name, spec, [*folders, *self._path])
                if (alias := self._name_by_place(spec)) not in {None, name}:
                    return Location(owner=STDLIB, alias=alias)
        elif spec is not None and path is None and (added := self._more_of(name, spec, importer)) is not None:
            return added
        return None if spec is None else self._located(name, spec, None if path is None else path)

    def script(self, path: str) -> Scan:
        """Return the scan of the entry script."""
        return with_package_places(self._scans.of_file(path, own=self.script_owner == APP), path, self._path)

    def _located(self, name: str, spec: ModuleSpec, path: list[str] | None) -> Location:
        locations = list(spec.submodule_search_locations or ())
        if spec.loader is None or spec.origin is None:
            owner = self._namespace_owner(name, locations[0])
            return Location(owner=owner, spec=spec, withheld=owner in self._environment.withheld)
        owner = self._owner(spec.origin) or APP
        if owner in self._environment.withheld:
            return Location(owner=owner, withheld=True)
        scan = self._scan(spec.origin, owner)
        if scan.extends_path and locations:
            leaf = name.rpartition(".")[2]
            locations = extended_path(leaf, self._path if path is None else path, locations)
        if scan.spreads_over_path and locations:
            locations = extended_path(name, self._path, locations)
        for added in scan.package_paths if locations else ():
            folder = os.path.normpath(Path(spec.origin).parent / added.folder)
            if folder not in locations and Path(folder).is_dir():
                locations.insert(0 if added.first else len(locations), folder)
        return Location(owner=owner, spec=spec, scan=scan, search_path=tuple(locations))

    def _scan(self, origin: str, owner: str) -> Scan:
        scan = self.scan_file(origin, owner)
        if origin.endswith(".so"):
            source = source_beside(origin)
            if source is not None:
                # The source has the imports, but what its compiler added is only in the machine code.
                readable = self._scans.as_compiled(self.scan_file(source, owner))
                scan = replace(readable, dotted=tuple(sorted((*readable.dotted, *scan.dotted))))
        return scan

    def scan_file(self, origin: str, owner: str) -> Scan:
        """Return the scan of one file of the owner."""
        wheel = self._environment.wheels.get(owner)
        project = owner in self._environment.projects
        if wheel is not None and not project and self._environment.relative(origin) is not None:
            return self._scans.of_wheel(wheel, origin)
        return with_package_places(self._scans.of_file(origin, own=project or owner == APP), origin, self._path)

    def read_again(self, origin: str | None, owner: str, words: Collection[str]) -> SecondReading:
        """Return the second reading of a file of the owner; of a compiled module, that of its source."""
        source = source_beside(origin) if origin is not None and origin.endswith(".so") else origin
        if source is None:
            return SecondReading()
        wheel = self._environment.wheels.get(owner)
        if wheel is None or owner in self._environment.projects or self._environment.relative(source) is None:
            return self._scans.second_of_file(source, words)
        return self._scans.second_of_wheel(wheel, source, words)

    def _namespace_owner(self, name: str, folder: str) -> str:
        """Return whose a namespace package is: that of its modules, else that of the files in its first folder."""
        known = self._environment.modules.get(name)
        if known in self._environment.withheld:
            known = self._environment.other_owner(name) or known
        relative = self._environment.relative(folder)
        if known is None and relative is not None:
            owners = self._environment.owners
            known = next((owners[path] for path in sorted(owners) if path.startswith(f"{relative}/")), None)
        return known or APP

    def _owner(self, origin: str) -> str | None:
        relative = self._environment.relative(origin)
        if relative is None:
            return APP
        return self._environment.owners.get(relative)

    def _inner_package(self, name: str, importer: BaseNode) -> str | None:
        """Return an inner package that a hook of its distribution makes a top-level one (awscli's botocore)."""
        installed = self._environment.distributions.get(importer.extension_attributes.get("owner", ""))
        for top in installed.top_levels() if installed else ():
            path = installed.modules.get(f"{top}.{name}") if installed else None
            if path is not None and path.endswith("/__init__.py"):
                return f"{top}.{name}"
        return None

    def _more_of(self, name: str, spec: ModuleSpec, importer: BaseNode | None) -> Location | None:
        """Return where a package is that folders which the application adds to the path have more of; None if none has.

        So is a namespace package of either kind.
        """
        if (
            importer is None
            or importer.extension_attributes.get("owner") != APP
            or spec.submodule_search_locations is None
        ):
            return None
        if spec.loader is not None and (spec.origin is None or not self._scan(spec.origin, APP).extends_path):
            return None
        folders = [folder for folder in self._hidden_folders(importer) if folder not in self._path]
        if spec.loader is not None:
            return (
                self._located(name, spec, [*self._path, *folders]) if self._is_in_several(name, spec, folders) else None
            )
        whole = self._finder.find(name, [*self._path, *folders])
        if whole is None or whole.submodule_search_locations == spec.submodule_search_locations:
            return None
        self._note_folder(whole, folders)
        alias = self._name_by_place(whole)
        if alias is not None and alias.startswith(f"{name}."):
            # ``tool/tool.py``: which of both the name means depends on when the folder comes onto the path.
            return replace(self._located(name, spec, None), namesake=alias)
        if alias not in {None, name}:
            return Location(owner=STDLIB, alias=alias)
        return self._located(name, whole, None)

    def _name_by_place(self, spec: ModuleSpec | None) -> str | None:
        """Return the name by which a module of the application is found from a root; None if there is none.

        ``plugins/red.py``, imported as ``red`` when the folder is on ``sys.path``, goes in once: as ``plugins.red``.
        """
        if spec is None or spec.loader is None or not spec.origin:
            return None
        file = Path(spec.origin)
        for root in self._roots:
            if file.is_relative_to(root):
                parts = file.relative_to(root).with_suffix("").parts
                if len(parts) > 1 and not self.leads_to(parts[0], Path(root)):
                    return None
                name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                return name if all(map(_IMPORTABLE.fullmatch, parts)) else None
        return None

    def _note_folder(self, spec: ModuleSpec | None, folders: list[str]) -> None:
        """Note the folder in which an own module was found: it is on the path, also for what lies in it."""
        if spec is None:
            return
        if spec.origin and spec.submodule_search_locations is None:
            places = [str(Path(spec.origin).parent)]
        else:
            places = [str(Path(location).parent) for location in spec.submodule_search_locations or ()]
        self._added += [place for place in dict.fromkeys(places) if place in folders and place not in self._added]

    def _is_in_several(self, name: str, spec: ModuleSpec, folders: list[str]) -> bool:
        """Return whether a package adds to its path what other folders have of it: no single place has its name."""
        own = spec.submodule_search_locations or ()
        if spec.loader is None or not own or not spec.origin or not self._scan(spec.origin, APP).extends_path:
            return False
        return len(extended_path(name, folders, own)) > len(own)

    def leads_to(self, top: str, root: Path) -> bool:
        """Return whether a top-level name means the folder of a root that is called so; ``code`` is Python's module."""
        if top in self._stdlib and top not in self.shadowed:
            return False
        spec = self._finder.find(top, self._path)
        return spec is not None and str(root / top) in (spec.submodule_search_locations or ())

    def _hidden_folders(self, importer: BaseNode) -> list[str]:
        """Return folders that the importer's owner may put on ``sys.path``: vendored copies, folders it names."""
        owner = importer.extension_attributes.get("owner")
        if owner == APP:
            return [*self._folders_named(importer), *self._added]
        if not isinstance(owner, str) or owner not in self._environment.distributions:
            return []
        known = self._vendor.get(owner)
        if known is None:
            folders = {
                "/".join(segments[: index + 1])
                for path in self._environment.distributions[owner].files
                for segments in [path.split("/")]
                for index, part in enumerate(segments[:-1])
                if part in VENDOR_FOLDERS
            }
            known = self._vendor[owner] = [str(self._environment.file(folder)) for folder in sorted(folders)]
        return known

    def _folders_named(self, importer: BaseNode) -> list[str]:
        """Return the folders that an own module names, and those that it is in, which may be on the path then."""
        scan: Scan = importer.extension_attributes["scan"]
        strings = [literal.text for literal in scan.strings]
        named = [Path(root, text) for root in self._roots for text in strings if text not in {"", ".", ".."}]
        if (place := file_of(importer)) is not None:
            own = Path(place).parent
            named.append(own)
            for text, _line in scan.paths:
                whole = "*" not in text
                named += [Path(os.path.normpath(own / text))] if whole else _folders_like(own, text)
        if scan.finds_sources:  # site.addsitedir
            named += [
                Path(os.path.normpath(folder / added))
                for folder in named
                for root in self._roots
                if folder.is_relative_to(root)
                for file in path_files_in(folder, Path(root))
                for added in file.folders
            ]
        return [str(folder) for folder in named if not folder.is_absolute() or folder.is_dir()]


def _folders_like(place: Path, pattern: str) -> list[Path]:
    """Return the folders that a computed path may mean: ``lib/py*`` of ``join(HERE, "lib", f"py{version}")``."""
    start = Path(os.path.normpath(place / pattern.partition("*")[0].rpartition("/")[0]))
    if not start.is_dir():
        return []
    return [entry for entry in sorted(place.glob(os.path.normpath(pattern))) if entry.is_dir()][:_MOST_ALIKE]


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").is_file()


def source_beside(extension: str) -> str | None:
    """Return the source that mypyc or Cython's pure mode leaves beside a compiled module; None if there is none."""
    source = Path(extension).with_name(Path(extension).name.partition(".")[0] + ".py")
    return str(source) if source.is_file() else None


def modules_below(folder: Path, name: str, *, namespaces: bool = False) -> list[str]:
    """Return the modules in a package's folder and its sub-packages, whether imported or not.

    With ``namespaces`` those in folders without ``__init__.py``, too.
    """
    modules: list[str] = []
    for entry in sorted(folder.iterdir()):
        if entry.suffix == ".py" and _IMPORTABLE.fullmatch(entry.stem) and entry.stem != "__init__":
            modules.append(f"{name}.{entry.stem}")
        elif _IMPORTABLE.fullmatch(entry.name) and (entry / "__init__.py").is_file():
            modules.append(f"{name}.{entry.name}")
            modules.extend(modules_below(entry, f"{name}.{entry.name}", namespaces=namespaces))
        elif namespaces and _IMPORTABLE.fullmatch(entry.name) and entry.name != "__pycache__" and entry.is_dir():
            modules.extend(modules_below(entry, f"{name}.{entry.name}", namespaces=True))
    return modules
