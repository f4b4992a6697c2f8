"""What the application surely fails without: modules that do not exist, libraries of the machine, what cannot work.

Sure is what runs whenever the program starts: every import on the way from the entry stands at the level of its module,
under no condition and in no ``try``.  Whatever else is missing is a finding.
"""

from __future__ import annotations

import glob
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING

from castiron_common.errors import ModuleMissingError, NativeError
from castiron_manifest.model import Finding, ModuleKind, Severity
from castiron_trace.model import NO_SITE
from castiron_trace.protocol import APP, STDLIB, Tier
from castiron_trace.unavailable import left_out, unavailable
from castiron_trace.unusable_distributions import unusable_distributions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from castiron_trace.model import MissingLibrary, Reached, ReachedModule, Site, TargetPython
    from castiron_trace.unavailable import Unavailable


def refuse_certain_failures(
    reached: Reached, python: TargetPython, allowed: Collection[str], site: Site = NO_SITE
) -> None:
    """Raise `ModuleMissingError` or `NativeError` for the first of them that ``allowed`` does not name.

    A name allows the modules below it, too.
    """
    versions = {distribution.name: distribution.version for distribution in site.distributions}
    for item in unavailable(python):
        module = reached.modules.get(item.name)
        if (
            module is not None
            and module.owner == STDLIB
            and module.weakest == Tier.REQUIRED
            and not _is_allowed(item.name, allowed)
        ):
            raise _cannot_have(item, item.name, place(reached, module.importer, module.line))
    for module in _unusable(reached, versions):
        if module.weakest == Tier.REQUIRED and not _is_allowed(module.owner, allowed):
            raise _cannot_work(reached, module)
    for name, (importer, line, weakest) in reached.missing.items():
        names = (name, *_alternatives(reached, importer, name))
        if weakest != Tier.REQUIRED or importer not in reached.modules or any(_is_allowed(n, allowed) for n in names):
            continue
        # What the application adds to the search, or the package itself, may bring the module: then it is a finding.
        made = _hope(reached, name) or _may_be_made(reached, name) or _has_copy(reached, site, importer, name)
        if not made or left_out(name, python) is not None:
            raise _missing(reached, python, name, place(reached, importer, line))
    for library in reached.missing_libraries:
        if library.weakest == Tier.REQUIRED and not any(_is_allowed(name, allowed) for name in library.names):
            raise _missing_library(reached, library)


def _unusable(reached: Reached, versions: Mapping[str, str] = MappingProxyType({})) -> Iterator[ReachedModule]:
    """Yield the modules of distributions that cannot work which others import."""
    known = unusable_distributions()
    for module in reached.modules.values():
        if module.owner in known and known[module.owner].concerns(versions.get(module.owner, "")):
            importer = reached.modules.get(module.importer or "")
            if importer is None or importer.owner != module.owner:
                yield module


def _hope(reached: Reached, name: str) -> str:
    """Return, in words, how the application may get a module that no file has when it runs; empty if it does not."""
    if reached.import_hook:
        return f"what {reached.import_hook} adds to Python's search brings it"
    for given, where in reached.given_names.items():
        if name == given or name.startswith(f"{given}."):
            return f"a library's import hook makes it, to which {where} gives its name"
    return ""


def _may_be_made(reached: Reached, name: str) -> bool:
    """Say whether a package of a distribution may make this module of its own when it is imported.

    Compiled modules put submodules into `sys.modules` (DuckDB), packages have import hooks for their own names (toolz).
    A namespace package (``opentelemetry``) has no code of its own: only a compiled module in it may.
    """
    parent = name.rpartition(".")[0]
    while parent and parent not in reached.modules:
        parent = parent.rpartition(".")[0]
    if not parent or reached.modules[parent].owner in {APP, STDLIB}:
        return False
    if reached.modules[parent].kind != ModuleKind.NAMESPACE:
        return True
    compiled = (other.name for other in reached.modules.values() if other.kind == ModuleKind.EXTENSION)
    return any(other.startswith(f"{parent}.") for other in compiled)


def _has_copy(reached: Reached, site: Site, importer: str, name: str) -> bool:
    """Say whether the distribution that imports a module has a copy of it in a folder, which it may put on `sys.path`.

    setuptools and its pkg_resources do with ``setuptools/_vendor``, whose ``jaraco`` has other modules than the
    distributions called so.
    """
    record = site.records.get(reached.modules[importer].owner)
    path = name.replace(".", "/")
    copies = (f"/{path}.py", f"/{path}/__init__.py")
    return record is not None and any(file.endswith(copies) for file in record.files)


def missing_findings(reached: Reached, allowed: Collection[str]) -> Iterator[Finding]:
    """Yield findings for what does not exist and may be missing, and for names in ``allowed`` that are not missing."""
    for name, (importer, line, weakest) in reached.missing.items():
        module = reached.modules.get(importer)
        if module is None or name == "__main__":
            continue
        where = place(reached, importer, line)
        hope = _hope(reached, name)
        if weakest == Tier.REQUIRED and (brought := _brought(reached, importer, name)):
            yield Finding(
                code="missing-module",
                severity=Severity.INFO,
                subject=name,
                message=f"{where} imports it, and no file has it under this name: {brought}.",
            )
        elif weakest == Tier.REQUIRED and not hope and _may_be_made(reached, name):
            yield Finding(
                code="missing-module",
                severity=Severity.INFO,
                subject=name,
                message=f"{where} imports it, and no file has it: its package must make it when it is imported.",
            )
        elif weakest == Tier.REQUIRED:
            yield Finding(
                code="missing-module",
                severity=Severity.WARNING,
                subject=name,
                message=f"{where} imports it, and it does not exist"
                + (
                    f", unless {hope}."
                    if hope
                    else ": --allow-missing accepts that this import fails with ModuleNotFoundError."
                ),
            )
        elif module.owner == APP:
            yield Finding(
                code="optional-module-missing",
                severity=Severity.INFO,
                subject=name,
                message=f"{where} imports it where it may be missing, and it does not exist.",
            )
    for library in reached.missing_libraries:
        where = place(reached, library.importer, library.line)
        sure = library.weakest == Tier.REQUIRED
        yield Finding(
            code="missing-library",
            severity=Severity.WARNING,
            subject=library.names[0],
            message=f"{where} opens this library when the module is imported, and no distribution brings it: "
            f"{'--allow-missing accepts that this import fails' if sure else 'an import of that module fails'}."
            f"{f' {library.remedy}' if library.remedy else ''}",
        )
    absent = {*reached.missing, *(name for library in reached.missing_libraries for name in library.names)}
    absent |= {module.owner for module in _unusable(reached)}
    absent |= {name for name, module in reached.modules.items() if module.owner == STDLIB}
    for name in sorted(allowed):
        if not any(_is_allowed(other, (name,)) for other in absent):
            yield Finding(
                code="not-missing",
                severity=Severity.WARNING,
                subject=name,
                message="--allow-missing names it, but nothing that the application needs is missing under this name.",
            )


def _brought(reached: Reached, importer: str, name: str) -> str:
    """Return, in words, what goes in that the import most likely leads to; empty if nothing does.

    That is the copy that the importer's own distribution has of the module, or the file beside the package's sources
    which an import hook of the application reads: ``rules/tax.rule`` for ``rules.tax``.
    """
    owner = reached.modules[importer].owner
    if owner != APP:
        copies = (other for other, module in reached.modules.items() if module.owner == owner)
        copy = next((other for other in sorted(copies) if other.endswith(f".{name}")), "")
        return f"{copy} goes in" if copy else ""
    package, _dot, leaf = name.rpartition(".")
    around = reached.modules.get(package)
    if not reached.import_hook or around is None or around.file is None or around.owner != APP:
        return ""
    files = sorted(around.file.parent.glob(f"{glob.escape(leaf)}.*")) if around.kind == "package" else []
    return f"{files[0].name} goes in, and {reached.import_hook} adds a hook that may read it" if files else ""


def _alternatives(reached: Reached, importer: str, name: str) -> tuple[str, ...]:
    """Return what an importer tries in a ``try``, if a module that is missing, or one below it, is the last of them."""
    for (other, imported), names in reached.alternatives.items():
        if other == importer and _is_allowed(imported, (name,)):
            return names
    return ()


def _is_allowed(name: str, allowed: Collection[str]) -> bool:
    return any(name == other or name.startswith(f"{other}.") for other in allowed)


def _cannot_have(item: Unavailable, name: str, place: str) -> ModuleMissingError:
    return ModuleMissingError(
        f"{place} imports {name}, which a static binary cannot have: {item.why}.", hint=item.hint.format(name=name)
    )


def _missing(reached: Reached, python: TargetPython, name: str, where: str) -> ModuleMissingError:
    if (item := left_out(name, python)) is not None:
        return _cannot_have(item, name, where)
    importer = reached.missing[name][0]
    own = reached.modules[importer].owner == APP
    going_on = f"or go on with --allow-missing {name}: that import then fails with ModuleNotFoundError."
    if name.partition(".")[0] in sys.stdlib_module_names:
        return ModuleMissingError(
            f"{where} imports {name}, which the standard library has only on other systems or in other versions than "
            f"{python.version}.",
            hint=f"{'Import it inside try/except' if own else 'Take another version of that distribution'}; name a "
            f"distribution that has it with --with; build for a Python that has it with --python; {going_on}",
        )
    names = _alternatives(reached, importer, name)
    others = tuple(other for other in names if not _is_allowed(other, (name,)))
    if others:
        nothing = f"where {' and '.join(others)} {'are' if others[1:] else 'is'} missing, and it does not exist either"
    else:
        nothing = "which does not exist" + (", and ends without it" if names and own else "")
    who = "the distribution of one of them" if others else "its distribution"
    package = reached.modules.get(name.rpartition(".")[0])
    if own and package is not None and package.owner == APP:
        remedy = (
            "If only a build of your project has it (a compiled module, a generated source), trace in another folder, "
            "with --with and the project's folder"
        )
    else:
        remedy = f"Name {who} with --with or -r"
    return ModuleMissingError(
        f"{where} imports {name}, {nothing}"
        f"{'' if own else f' in this environment: {reached.modules[importer].owner} cannot be imported without it'}.",
        hint=f"{remedy}; {going_on}",
    )


def _cannot_work(reached: Reached, module: ReachedModule) -> NativeError:
    kind = unusable_distributions()[module.owner]
    return NativeError(
        f"{place(reached, module.importer, module.line)} imports {module.name} of {module.owner}, which cannot work in "
        f"a static executable: {kind.why}.",
        hint=f"{kind.instead}. Or go on with --allow-missing {module.owner}: that import then fails, or link refuses "
        "its libraries.",
    )


def _missing_library(reached: Reached, library: MissingLibrary) -> NativeError:
    others = f" (or {', '.join(library.names[1:4])})" if len(library.names) > 1 else ""
    return NativeError(
        f"{place(reached, library.importer, library.line)} opens the library {library.names[0]}{others} when it is "
        "imported, and no distribution brings it: a static executable has no libraries of the machine.",
        hint=f"{library.remedy or 'Take a distribution whose wheel brings it, or give a wheel of your own.'} Or go on "
        f"with --allow-missing {library.names[0]}: that import then fails.",
    )


def place(reached: Reached, importer: str | None, line: int) -> str:
    """Return the file and line of an import, for messages."""
    if importer is None:
        return "the command line"
    module = reached.modules.get(importer)
    if module is None or module.file is None:
        file = importer
    elif module.owner not in {APP, STDLIB}:
        file = importer.replace(".", "/") + ("/__init__.py" if module.file.stem == "__init__" else ".py")
    elif module.file.stem == "__init__":
        file = f"{module.file.parent.name}/{module.file.name}"
    else:
        file = module.file.name
    return f"{file}:{line}" if line else file
