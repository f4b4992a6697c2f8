"""Recognises calls that import: `import_module`, `__import__`, and functions that import what their argument names."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from castiron_trace.analyser.syntax.expressions import (
    IMPORTABLE_NAME,
    family_of_names,
    imported_literal,
    keyword_argument,
    literal_module,
    name_of,
    name_prefix,
    relative_prefix,
)
from castiron_trace.analyser.syntax.possible_names import PossibleNames
from castiron_trace.analyser.syntax.scan import NAME_PLACEHOLDER, ComputedImport, weaker
from castiron_trace.protocol import Tier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castiron_trace.analyser.syntax.facts import Facts
    from castiron_trace.analyser.syntax.nodes import Tree


class UndecidedImport(NamedTuple):
    """A call that imports a module whose name is no literal."""

    call: ast.Call
    argument: ast.expr
    function: str
    tier: int


WHOLE_PACKAGE_FUNCTIONS = frozenset({"iter_modules", "walk_packages", "spec_from_file_location"})
"""They lead to modules whose names are nowhere in the source, even if their arguments are literals."""

IMPORTS = frozenset({"import_module", "__import__"})
"""Python's own functions that import what a name says."""

IMPORT_FUNCTIONS = frozenset(
    {
        "import_by_path",
        "import_class",
        "import_file",
        "import_object",
        "import_string",
        "load_module",
        "load_object",
        "load_source",
        "resolve_name",
    }
)
"""Functions of these names import what their argument names, in whichever library they are; hints add others."""


def computed_import(facts: Facts, call: ast.Call, name: str, _tier: int) -> None:
    """``walk_packages(...)``: what is imported is not in the source."""
    facts.computed.add(ComputedImport(call.lineno, name, name_prefix(call.args[0] if call.args else None)))


def import_function(facts: Facts, call: ast.Call, name: str, tier: int) -> None:
    """``import_string(name)``; literals are looked at as strings."""
    if not (call.args and isinstance(call.args[0], ast.Constant)):
        computed_import(facts, call, name, tier)


class QualifiedImport:
    """Functions of a common name (``load``) that import with one of some modules before the dot."""

    def __init__(self, modules: Iterable[str]) -> None:
        self._modules = frozenset(modules)

    def look(self, facts: Facts, call: ast.Call, name: str, tier: int) -> None:
        """``lazy_loader.load("package.module")``."""
        if not isinstance(call.func, ast.Attribute) or name_of(call.func.value) not in self._modules or not call.args:
            return
        if module := imported_literal(call.args[0]):
            facts.add_import(module, 0, None, weaker(tier, Tier.GUARDED), call.lineno)
        else:
            computed_import(facts, call, name, tier)


def lazy_loader(facts: Facts, call: ast.Call, _name: str, tier: int) -> None:
    """``np = LazyLoader("np", globals(), "numpy")``: imports the module of the last argument when it is used.

    A recipe that many projects have copied, with its name.
    Source: TensorFlow, tensorflow/python/util/lazy_loader.py: LazyLoader.
    """
    if call.args and (module := imported_literal(call.args[-1])):
        facts.add_import(module, 0, None, weaker(tier, Tier.GUARDED), call.lineno)


def find_spec(facts: Facts, call: ast.Call, name: str, tier: int) -> None:
    """``find_spec("package")``: asks whether an import would succeed, and often imports then."""
    if not call.args:
        return
    if module := imported_literal(call.args[0]):
        facts.add_import(module, 0, None, weaker(tier, Tier.GUARDED), call.lineno)
    elif isinstance(call.func, ast.Name) or name_of(call.func.value) == "util":  # type: ignore[attr-defined]
        computed_import(facts, call, name, tier)  # `importlib.util.find_spec`, not a finder's method


def run_module(facts: Facts, call: ast.Call, name: str, tier: int) -> None:
    """``runpy.run_module("package")``: a package's ``__main__`` is run."""
    if call.args and (module := imported_literal(call.args[0])):
        facts.add_program(module, weaker(tier, Tier.GUARDED), call.lineno)
    else:
        computed_import(facts, call, name, tier)


def dynamic_import(facts: Facts, call: ast.Call, name: str, tier: int) -> None:
    """``import_module("package.module")`` and ``__import__("package")``."""
    argument = call.args[0] if call.args else keyword_argument(call, "name")
    if argument is not None:
        facts.undecided.append(UndecidedImport(call, argument, name, tier))


def decide(facts: Facts, tree: Tree) -> None:
    """Add what `import_module` and ``__import__`` import, when all of a source has been read.

    That is what a literal names, or a list of names, where they come from literals of the source; else the package that
    they begin with.
    """
    names: PossibleNames | None = None
    for call, argument, function, tier in facts.undecided:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            least = Tier.REQUIRED if _is_pythons_own(facts, call, function) else Tier.GUARDED
            _literal_import(facts, call, function, argument.value, weaker(tier, least))
            continue
        names = names or PossibleNames(tree)
        texts = names.of(argument)
        if texts is not None and (function == "import_module" or not any(text.startswith(".") for text in texts)):
            for text in texts:
                _literal_import(facts, call, function, text, weaker(tier, Tier.GUARDED))
        else:
            package = None
            if function == "import_module":
                package = call.args[1] if len(call.args) > 1 else keyword_argument(call, "package")
            begins = names.only_value(argument)
            sure = name_prefix(begins) or relative_prefix(begins, package)
            prefix = sure or (family_of_names(begins) if package is None else literal_module(package) or "")
            facts.computed.add(ComputedImport(call.lineno, function, prefix, bool(sure)))
    facts.undecided.clear()


def _is_pythons_own(facts: Facts, call: ast.Call, function: str) -> bool:
    """Say whether a call is one of `importlib.import_module` or the built-in ``__import__``.

    Libraries have functions of the same names, which do without a module that does not exist.
    """
    if isinstance(call.func, ast.Attribute):
        return name_of(call.func.value) in (facts.importlib if function == "import_module" else {"builtins"})
    return function not in facts.other_imports


def _literal_import(facts: Facts, call: ast.Call, name: str, text: str, tier: int) -> None:
    relative = text.lstrip(".")
    level = len(text) - len(relative)
    if not IMPORTABLE_NAME.fullmatch(relative) and (relative or not level):
        return
    if name == "__import__":
        _dunder_import(facts, call, text, tier)
    elif not level:
        facts.add_import(text, 0, None, tier, call.lineno)
    else:
        _relative_import(facts, call, relative, level, tier)


def _dunder_import(facts: Facts, call: ast.Call, text: str, tier: int) -> None:
    fromlist = call.args[3] if len(call.args) > 3 else keyword_argument(call, "fromlist")
    level = call.args[4] if len(call.args) > 4 else keyword_argument(call, "level")
    names = {
        item.value
        for item in getattr(fromlist, "elts", [])
        if isinstance(item, ast.Constant) and isinstance(item.value, str) and item.value
    }
    number = level.value if isinstance(level, ast.Constant) and isinstance(level.value, int) else 0
    facts.add_import(text, max(number, 0), tuple(sorted(names)) or None, tier, call.lineno)


def _relative_import(facts: Facts, call: ast.Call, relative: str, level: int, tier: int) -> None:
    """``import_module(".x", package=...)``: as `importlib.util.resolve_name` reads it."""
    package = call.args[1] if len(call.args) > 1 else keyword_argument(call, "package")
    if isinstance(package, ast.Constant) and isinstance(package.value, str):
        bits = package.value.rsplit(".", level - 1)
        if len(bits) == level and bits[0]:
            facts.add_import(f"{bits[0]}.{relative}".rstrip("."), 0, None, tier, call.lineno)
    elif isinstance(package, ast.Name) and package.id == "__name__" and level == 1:
        facts.add_import(f"{NAME_PLACEHOLDER}.{relative}", 0, None, tier, call.lineno)
    elif package is None or (isinstance(package, ast.Name) and package.id == "__package__"):
        facts.add_import(relative, level, None, tier, call.lineno)
    else:
        facts.computed.add(ComputedImport(call.lineno, "import_module", ""))
