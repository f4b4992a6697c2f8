"""What makes an application unable to start is an error; what may only hurt it is a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.errors import EntryError, InputError, ModuleMissingError
from castiron_manifest.model import EntryKind, Finding, Origin, Severity
from castiron_trace.model import APP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from castiron_trace.model import Options, Reached, ResolvedEntry

_REQUIRED = 0
_REFUSED = {"tkinter": "Tcl and Tk", "_tkinter": "Tcl and Tk"}
"""Modules of the standard library that no pack has -> what they would need."""


def check_script_syntax(reached: Reached, script: Path | None) -> None:
    """Raise for an entry script, or another own module, that the target's Python does not parse."""
    for name, line, message in reached.invalid:
        module = reached.modules.get(name)
        if script is not None and name in {str(script), reached.entry}:
            raise InputError(f"{script}:{line}: {message}.", hint="Correct the script; it is read as the target's Python reads it.")
        if module is not None and module.owner == APP and module.weakest == _REQUIRED:
            raise InputError(f"{module.file}:{line}: {message}.", hint="Correct the module.")


def missing_top_levels(reached: Reached | None) -> list[str]:
    """Return the top-level names that the application's own code imports and that are nowhere, sorted."""
    if reached is None:
        return []
    return sorted({name.partition(".")[0] for name in reached.missing})


def check_reached(reached: Reached, entry: ResolvedEntry, options: Options) -> None:
    """Raise for what would make the binary fail at once."""
    what = entry.entry
    if reached.entry not in reached.modules:
        owner = "the environment" if not entry.roots else " or ".join(str(root) for root in entry.roots)
        if what.kind is EntryKind.MODULE and what.module in reached.modules:
            raise EntryError(
                f"{what.module} is a package without a __main__ module.", hint=f"Name a module of it, or {what.module}:function."
            )
        raise EntryError(f"There is no module {what.module} in {owner}.", hint="Check its name, or name its distribution with --with.")
    if reached.unknown_includes:
        raise ModuleMissingError(
            f"--include: there is no module {', '.join(reached.unknown_includes)}.",
            hint="Check the name; modules of distributions need their distribution (--with).",
        )
    if what.function is not None and reached.defines is not None:
        names, open_ended = reached.defines
        first = what.function.partition(".")[0]
        if first not in names and not open_ended:
            raise EntryError(
                f"The module {what.module} defines no {first}.", hint="Check the function's name: module:function."
            )
    _check_missing(reached, options)


def _check_missing(reached: Reached, options: Options) -> None:
    for name, needs in _REFUSED.items():
        if name in reached.missing and (name, needs) and _by_app(reached, name):
            importer, line, _weakest = reached.missing[name]
            raise ModuleMissingError(
                f"{_place(reached, importer, line)} imports {name}, which a static binary cannot have: it needs {needs}.",
                hint="Import it inside try/except or inside the function that needs it, or leave it out with --exclude.",
            )
    for name in reached.missing:
        importer, line, weakest = reached.missing[name]
        module = reached.modules.get(importer)
        if weakest == _REQUIRED and module is not None and module.owner == APP and name.partition(".")[0] not in options.exclude:
            raise ModuleMissingError(
                f"{_place(reached, importer, line)} imports {name}, which is nowhere.",
                hint=f"Name its distribution with --with or -r; or go without it: --exclude {name}.",
            )


def _by_app(reached: Reached, name: str) -> bool:
    return reached.missing[name][2] == _REQUIRED


def _place(reached: Reached, importer: str, line: int) -> str:
    module = reached.modules.get(importer)
    file = importer if module is None or module.file is None else module.file.name
    return f"{file}:{line}"


def missing_findings(reached: Reached) -> Iterator[Finding]:
    """Yield findings for imports that lead nowhere and that may matter."""
    for name in reached.missing:
        importer, line, weakest = reached.missing[name]
        module = reached.modules.get(importer)
        if module is None:
            continue
        place = _place(reached, importer, line)
        if name in _REFUSED or name.partition(".")[0] == "tkinter":
            yield Finding(
                code="no-tkinter", severity=Severity.WARNING, subject=name,
                message=f"{place} imports {name}, which a static binary cannot have (it needs Tcl and Tk): that part will "
                "fail with an ordinary ImportError.",
            )  # fmt: skip
        elif weakest == _REQUIRED:
            yield Finding(
                code="missing-module", severity=Severity.WARNING, subject=name, message=f"{place} imports it, and it is nowhere."
            )
        elif module.owner == APP:
            yield Finding(
                code="optional-module-missing", severity=Severity.INFO, subject=name,
                message=f"{place} imports it in a place that may do without, and it is nowhere.",
            )  # fmt: skip


def origin_of(owner: str) -> Origin:
    """Return the model's origin for an owner."""
    return {APP: Origin.APP, "(stdlib)": Origin.STDLIB}.get(owner, Origin.DISTRIBUTION)
