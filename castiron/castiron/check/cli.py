"""``castiron check``: what a person sees of a check."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from castiron_common import command_line
from castiron_common.command_line import Loudness, Theme
from castiron_common.console import printable
from castiron_common.errors import CheckError, UsageError
from castiron_common.lines import stderr_lines
from castiron_link.cli import (  # noqa: TC001 - typer evaluates the annotations
    EnvironmentOption,
    FinalizeOption,
    OptimizeOption,
    PieOption,
    SourcesOption,
    SysPathOption,
)
from castiron_link.model import LinkOptions, Sources

if TYPE_CHECKING:
    from castiron.check.driver import Request
    from castiron.check.model import Checked

app = command_line.application()

ManifestArgument = Annotated[Path, typer.Argument(metavar="MANIFEST", help="What trace wrote; - reads standard input.")]
ApplicationArguments = Annotated[
    list[str] | None, typer.Argument(metavar="-- ARGS", help="With --run: the application's arguments.")
]
RunOption = Annotated[
    bool,
    typer.Option(
        "--run",
        help="Also run the application both ways, and compare output, exit status and files.",
        rich_help_panel=Theme.COMPARED,
    ),
]
FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        metavar="FOLDER",
        help="With --run: start each run in a copy of this folder.  Default: an empty folder.",
        rich_help_panel=Theme.COMPARED,
        show_default=False,
    ),
]
SourceOption = Annotated[
    Path | None,
    typer.Option(
        "--source",
        metavar="FOLDER",
        help="With --run: the folder in which the application was traced, whose files the interpreter uses.  Default: "
        "only those in the manifest, so that a file which the trace missed is missing in both runs.",
        rich_help_panel=Theme.COMPARED,
        show_default=False,
    ),
]
SecondsOption = Annotated[
    float,
    typer.Option(
        "--seconds",
        metavar="N",
        min=0.1,
        help="How long one import may take; a run may take ten times as long.",
        rich_help_panel=Theme.COMPARED,
    ),
]

_SHOWN = 5
"""Modules that are named of those that nobody can import."""


@command_line.command(app)
def check(
    manifest: ManifestArgument,
    arguments: ApplicationArguments = None,
    *,
    run: RunOption = False,
    folder: FolderOption = None,
    source: SourceOption = None,
    seconds: SecondsOption = 60.0,
    as_json: command_line.JsonOption = False,
    optimize: OptimizeOption = 0,
    sources: SourcesOption = Sources.ALL,
    sys_path: SysPathOption = None,
    full_finalize: FinalizeOption = False,
    obey_environment: EnvironmentOption = False,
    pie: PieOption = False,
    verbose: command_line.VerboseOption = False,
    quiet: command_line.QuietOption = False,
) -> None:
    """Compare a binary with the same application under an ordinary interpreter of the target.

    Links the manifest, and imports every module, without network access and with an empty home folder; with --run it
    also runs the application.
    """
    from castiron_manifest.reader import read_manifest

    loud = command_line.loudness(quiet=quiet, verbose=verbose)
    if arguments and not run:
        raise UsageError(
            f"Too many arguments: {' '.join(arguments)}.", hint="Arguments for the application go after --, with --run."
        )
    for option, given in (("--folder", folder), ("--source", source)):
        if given is not None and not run:
            raise UsageError(f"{option} has no effect without a run of the application.", hint="Add --run.")
        if given is not None and not given.is_dir():
            raise UsageError(f"{given} is not a folder.", hint=f"{option} takes a folder.")
    options = LinkOptions(
        optimize=optimize,
        sources=sources,
        sys_path=tuple(sys_path or ()),
        full_finalize=full_finalize,
        obey_environment=obey_environment,
        pie=pie,
    )
    from castiron.check.driver import Request

    request = Request(
        manifest=read_manifest(manifest),
        options=options,
        run=tuple(arguments or ()) if run else None,
        folder=folder,
        source=None if source is None else source.absolute(),
        seconds=seconds,
    )
    check_and_show(request, loud, as_json=as_json)


def check_and_show(request: Request, loud: Loudness, *, as_json: bool = False) -> None:
    """Check, and print what was found; raises `CheckError` if the binary does something else."""
    from castiron.check.driver import check as compare

    checked = compare(request, reporter=command_line.reporter_of(loud))
    for note in checked.notes:
        stderr_lines().print(printable(f"warning: {note}"))
    if as_json:
        print(json.dumps(_without_times(checked), indent=1))
    elif loud is not Loudness.QUIET or not checked.good:
        print(printable(_text(checked, all_modules=loud is Loudness.VERBOSE)))
    if loud is Loudness.VERBOSE:
        command_line.show_passes(checked.seconds)
    if not checked.good:
        broken, different = len(checked.imports.broken), len(checked.differences or ())
        what = [f"{broken} module{'' if broken == 1 else 's'} cannot be imported"] * bool(broken)
        what += [f"the run differs in {different} way{'' if different == 1 else 's'}"] * bool(different)
        raise CheckError(
            f"The binary does not do what the target's interpreter does: {' and '.join(what)}.",
            hint="`trace --include MODULE` or `--include-data PATH` adds what is missing; if nothing is missing, this "
            "is a bug in Castiron: please report it.",
        )


def _without_times(checked: Checked) -> dict[str, Any]:
    """Return what was found; it is the same each time."""
    found = dataclasses.asdict(checked)
    del found["seconds"]
    return found


def _text(checked: Checked, *, all_modules: bool) -> str:
    imports = checked.imports
    lines = [f"imported in the binary: {imports.imported} modules"]
    if imports.broken:
        lines.append(f"imported under the target's interpreter, and not in the binary: {len(imports.broken)}")
        lines += [f"  {item.module}: {item.reason}" for item in imports.broken]
    if imports.same and all_modules:
        lines.append(f"imported by neither: {len(imports.same)}")
        lines += [f"  {item.module}: {item.reason}" for item in imports.same]
    elif imports.same:
        names = ", ".join(item.module for item in imports.same[:_SHOWN])
        more = f" and {len(imports.same) - _SHOWN} more (-v tells why)" if len(imports.same) > _SHOWN else ""
        lines.append(f"imported by neither: {names}{more}")
    if imports.left_out:
        lines.append(f"not imported, as that starts a program: {len(imports.left_out)}")
        lines += [f"  {module}" for module in imports.left_out if all_modules]
    if checked.differences is not None and not checked.differences:
        lines.append("the run was equal: output, exit status and files")
    for item in checked.differences or ():
        lines += [f"the run differs in {item.what}:", *(f"  {line}" for line in item.detail.splitlines())]
    return "\n".join(lines)
