"""Collects what the rules find in one source file, and makes a `Scan` of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_trace.analyser.conditional import program_mark
from castiron_trace.analyser.syntax.scan import (
    Alternatives,
    ComputedImport,
    ImportStatement,
    LazyExports,
    Literal,
    MachineUse,
    MadeModule,
    NamedLibrary,
    NamePasser,
    OutsideCode,
    PackagePath,
    Scan,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from castiron_trace.analyser.syntax.import_calls import UndecidedImport
    from castiron_trace.analyser.syntax.own_paths import OwnPaths

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.\w+)+(?::[\w.]*)?")
_ENTRY_POINT = re.compile(r"[\w.-]+\s*=\s*([^\W\d]\w*(?:\.\w+)*:[\w.]+)")
"""An entry point as `EntryPoint.parse` of pkg_resources takes it: ``name = package.module:attribute``."""
_STEM = re.compile(r"[^\W\d][\w-]+\.(?:[\w-]+\.)*")
_LONGEST_GROUP = 80
"""Letters in the name of a group of entry points."""


class Facts:
    """What has been found so far."""

    def __init__(self) -> None:
        self.alternatives: set[Alternatives] = set()
        self.computed: set[ComputedImport] = set()
        self.undecided: list[UndecidedImport] = []
        """Imports by calls: `castiron_trace.analyser.syntax.import_calls.decide` decides."""
        self.importlib = {"importlib"}
        """Names of the module `importlib` in this source."""
        self.import_aliases: dict[str, str] = {}
        """Other names of these functions in this source."""
        self.other_imports: set[str] = set()
        """``import_module``, ``__import__``: which of them the source binds to something else than Python's own."""
        self.strings: dict[str, int] = {}
        """Text -> the first line that has it."""
        self.library_calls: dict[NamedLibrary, ast.Call] = {}
        """`castiron_trace.analyser.syntax.library_calls.named_libraries` decides what they say."""
        self.libraries: Sequence[NamedLibrary] = ()
        self.machine_calls: list[tuple[str, ast.Call]] = []
        """Calls of functions whose last names are those of functions that need something of the machine."""
        self.machine_aliases: dict[str, str] = {}
        """Other names of such functions in this source -> their last names."""
        self.codecs: set[str] = set()
        self.mentions: set[str] = set()
        self.dynamic_codec = False
        self.extends_path = False
        self.spreads_over_path = False
        self.looks_up_entry_points = False
        self.groups: set[str] = set()
        """See `castiron_trace.analyser.syntax.group_names`."""
        self.files: OwnPaths | None = None
        self.outside_code: Sequence[OutsideCode] = ()
        self.environment_defaults: Sequence[Literal] = ()
        self.default_modules: Sequence[Literal] = ()
        self.given: Sequence[Literal] = ()
        self.started: Sequence[Literal] = ()
        self.exports: Sequence[str] = ()
        self.finds_sources = False
        self.package_paths: Sequence[PackagePath] = ()
        self.lazy = LazyExports((), stub=False)
        self.made: Sequence[MadeModule] = ()
        self.passers: Sequence[NamePasser] = ()
        self.machine: Sequence[MachineUse] = ()
        self.import_hook = 0
        self._imports: dict[tuple[str, int, tuple[str, ...] | None], tuple[int, int]] = {}

    def add_import(self, module: str, level: int, names: tuple[str, ...] | None, tier: int, line: int) -> None:
        """Add an import; of equal ones the strongest counts, then the first."""
        key = (module, level, names)
        known = self._imports.get(key)
        if known is None or (tier, line) < known:
            self._imports[key] = (tier, line)

    def add_program(self, module: str, tier: int, line: int) -> None:
        """Add a module that is run as ``python -m`` does it."""
        self.add_import(module, 0, ("__main__",), tier, line)
        self.mentions.add(program_mark(module))

    def add_string(self, text: str, line: int) -> None:
        """Add a string literal; of equal ones the first counts."""
        known = self.strings.get(text)
        if known is None or line < known:
            self.strings[text] = line

    def scan(self, *, own: bool) -> Scan:
        """Return the scan; ``own`` keeps all short strings, as for the application's own code."""
        dotted = [Literal(text, line) for text, line in self.strings.items() if _DOTTED.fullmatch(text)]
        dotted.extend(
            Literal(match[1], line) for text, line in self.strings.items() if (match := _ENTRY_POINT.fullmatch(text))
        )
        groups = (text for text in self.strings if len(text) <= _LONGEST_GROUP and " " not in text)
        imports = (ImportStatement(*what, *where) for what, where in self._imports.items())
        files = self.files
        return Scan(
            imports=tuple(sorted(imports, key=lambda item: (item.line, item.module, item.level, item.names or ()))),
            alternatives=tuple(sorted(self.alternatives)),
            computed=tuple(sorted(self.computed)),
            passers=tuple(self.passers),
            dotted=tuple(sorted(dotted)),
            strings=tuple(sorted(Literal(text, line) for text, line in self.strings.items())) if own else (),
            entry_points=tuple(sorted(groups)) if self.looks_up_entry_points else None,
            groups=tuple(sorted(self.groups)),
            stems=tuple(sorted(text for text in self.strings if _STEM.fullmatch(text))),
            paths=files.paths if files else (),
            patterns=files.patterns if files else (),
            opened=files.opened if files else (),
            written=files.written if files else (),
            changed=files.changed if files else (),
            databases=files.databases if files else (),
            placed=files.placed if files else (),
            changes_folder=files is not None and files.changes_folder,
            scripts=tuple(sorted(text for text in self.strings if text.endswith(".py") and " " not in text)),
            libraries=tuple(self.libraries),
            machine=tuple(self.machine),
            codecs=tuple(sorted(self.codecs)),
            dynamic_codec=self.dynamic_codec,
            outside_code=tuple(self.outside_code),
            environment_defaults=tuple(self.environment_defaults),
            default_modules=tuple(self.default_modules),
            given=tuple(self.given),
            started=tuple(self.started),
            extends_path=self.extends_path,
            spreads_over_path=self.spreads_over_path,
            exports=tuple(self.exports),
            finds_sources=own and self.finds_sources,
            package_paths=tuple(self.package_paths),
            lazy=self.lazy.names,
            stub=self.lazy.stub,
            made=tuple(self.made),
            import_hook=self.import_hook,
            mentions=tuple(sorted(self.mentions)),
        )
