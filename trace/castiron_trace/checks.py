"""Raises errors for what makes an application unable to start, and yields findings for what may be a problem later."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from castiron_common.errors import EntryError, InputError, ModuleMissingError, NativeError
from castiron_manifest.model import Finding, Origin, Severity
from castiron_trace.protocol import APP, STDLIB, Tier
from castiron_trace.unavailable import left_out, unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.model import Reached, ResolvedEntry, TargetPython
    from castiron_trace.unavailable import Unavailable


def check_own_syntax(reached: Reached) -> None:
    """Raise for the entry, or an own module that it surely imports, if the target's Python does not parse it."""
    for module in reached.invalid:
        if module.owner == APP and module.weakest == Tier.REQUIRED:
            place = f"{module.file}:{module.line}" if module.line else str(module.file)
            raise InputError(
                f"{place}: {module.message}.",
                hint="Correct it, or choose another Python with --python.",
            )


def missing_top_levels(reached: Reached | None) -> list[str]:
    """Return the top-level names that the application's own code imports and that do not exist, sorted."""
    if reached is None:
        return []
    return sorted({name.partition(".")[0] for name in reached.missing})


def check_reached(reached: Reached, entry: ResolvedEntry, python: TargetPython) -> None:
    """Raise for what would make the binary fail at once."""
    if reached.entry not in reached.modules:
        _refuse_entry(reached, entry)
    if reached.unknown_includes:
        raise ModuleMissingError(
            f"--include: there is no module {', '.join(reached.unknown_includes)}.",
            hint="Check the name; modules of distributions need their distribution (--with).",
        )
    what = entry.entry
    if what.function is not None and reached.definitions is not None:
        first = what.function.partition(".")[0]
        if first not in reached.definitions.names and not reached.definitions.open_ended:
            raise EntryError(
                f"The module {what.module} defines no {first}.", hint="Check the function's name: module:function."
            )
    _refuse_own_extensions(reached)
    _refuse_unavailable(reached, python)
    _refuse_missing(reached, python)


def _refuse_entry(reached: Reached, entry: ResolvedEntry) -> None:
    module = entry.entry.module
    if module in reached.modules:
        raise EntryError(
            f"{module} is a package without a __main__ module.", hint=f"Name a module of it, or {module}:function."
        )
    where = " or ".join(str(root) for root in entry.roots) or "the environment"
    raise EntryError(
        f"There is no module {module} in {where}.", hint="Check its name, or name its distribution with --with."
    )


def _refuse_own_extensions(reached: Reached) -> None:
    for module in reached.modules.values():
        if module.owner == APP and module.kind == "extension":
            raise NativeError(
                f"{_place(reached, module.importer, module.line)} imports {module.name}, a compiled module of the "
                f"application itself ({module.file.name if module.file else module.name}).",
                hint="Make the application a project: then a wheel for the target is built of it.",
            )


def _refuse_unavailable(reached: Reached, python: TargetPython) -> None:
    for item in unavailable(python):
        module = reached.modules.get(item.name)
        if module is not None and module.owner == STDLIB and module.weakest == Tier.REQUIRED:
            raise _cannot_have(item, item.name, _place(reached, module.importer, module.line))


def _cannot_have(item: Unavailable, name: str, place: str) -> ModuleMissingError:
    return ModuleMissingError(
        f"{place} imports {name}, which a static binary cannot have: {item.why}.", hint=item.hint.format(name=name)
    )


def _refuse_missing(reached: Reached, python: TargetPython) -> None:
    for name in reached.missing:
        importer, line, weakest = reached.missing[name]
        module = reached.modules.get(importer)
        if weakest == Tier.REQUIRED and module is not None and module.owner == APP:
            if (item := left_out(name, python)) is not None:
                raise _cannot_have(item, name, _place(reached, importer, line))
            if reached.import_hook:
                continue  # it may make the module: `module_findings` tells
            if name.partition(".")[0] in sys.stdlib_module_names:
                raise ModuleMissingError(
                    f"{_place(reached, importer, line)} imports {name}, which the standard library has only on "
                    f"other systems or in other versions than {python.version}.",
                    hint="Import it inside try/except; name a distribution that has it with --with; "
                    f"build for a Python that has it with --python; or go without it: --exclude {name}.",
                )
            raise ModuleMissingError(
                f"{_place(reached, importer, line)} imports {name}, which does not exist.",
                hint=f"Name its distribution with --with or -r; or go without it: --exclude {name}.",
            )


def _place(reached: Reached, importer: str | None, line: int) -> str:
    if importer is None:
        return "the command line"
    module = reached.modules.get(importer)
    if module is None or module.file is None:
        file = importer
    elif module.file.stem == "__init__":
        file = f"{module.file.parent.name}/{module.file.name}"
    else:
        file = module.file.name
    return f"{file}:{line}" if line else file


def module_findings(reached: Reached, python: TargetPython) -> Iterator[Finding]:
    """Yield findings for imports of modules that do not exist or that a static binary cannot have."""
    for item in unavailable(python):
        module = reached.modules.get(item.name)
        if module is not None and module.owner == STDLIB:
            # A table of names, as six has one, does not mean that anything imports it.
            named = module.tier == Tier.DECLARED
            place = _place(reached, module.importer, module.line)
            yield Finding(
                code=f"no-{item.name.replace('.', '-')}",
                severity=Severity.INFO if named else Severity.WARNING,
                subject=item.name,
                message=f"{place} {'names' if named else 'imports'} it, and a static binary cannot have it "
                f"({item.why}): the import will fail with an ordinary ImportError.",
            )
    for name in reached.missing:
        importer, line, weakest = reached.missing[name]
        module = reached.modules.get(importer)
        if module is None or name == "__main__":
            continue
        place = _place(reached, importer, line)
        if weakest == Tier.REQUIRED:
            yield Finding(
                code="missing-module",
                severity=Severity.WARNING,
                subject=name,
                message=f"{place} imports it, and it does not exist"
                + (
                    f", unless what {reached.import_hook} adds to Python's search brings it."
                    if reached.import_hook
                    else "."
                ),
            )
        elif module.owner == APP:
            yield Finding(
                code="optional-module-missing",
                severity=Severity.INFO,
                subject=name,
                message=f"{place} imports it where it may be missing, and it does not exist.",
            )


def origin_of(owner: str) -> Origin:
    """Return the model's origin for an owner."""
    return {APP: Origin.APP, STDLIB: Origin.STDLIB}.get(owner, Origin.DISTRIBUTION)
